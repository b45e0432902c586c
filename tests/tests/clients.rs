//! CLIENT, AUTH, HELLO, RESET, pauses and the limits on what a client may cost.

use std::time::{Duration, Instant};

use ochre_tests::{Client, Reply, Server};

fn ok() -> Reply {
    Reply::Simple("OK".into())
}

/// The value of a field in a line of CLIENT LIST.
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let found = line.split_ascii_whitespace().find_map(|word| word.strip_prefix(&format!("{name}=")[..]));
    found.unwrap_or_else(|| panic!("no {name} in {line}"))
}

/// The line of the client of this name, if it is there.
fn line_of(control: &mut Client, name: &str) -> Option<String> {
    let list = control.run("CLIENT LIST").text();
    list.lines().find(|line| field(line, "name") == name).map(str::to_owned)
}

fn named(server: &Server, name: &str) -> Client {
    let mut client = server.connect();
    assert_eq!(client.call(&["CLIENT", "SETNAME", name]), ok());
    client
}

fn wait_until(mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(10), "waited in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_client_is_described_and_killed() {
    let server = Server::start(&[]);
    let mut control = server.connect();
    let mut victim = named(&server, "victim");
    victim.run("SELECT 3");
    victim.run("SUBSCRIBE a b");
    victim.read().unwrap();
    let line = line_of(&mut control, "victim").unwrap();
    assert_eq!((field(&line, "db"), field(&line, "sub"), field(&line, "flags")), ("3", "2", "P"));
    assert_eq!(control.call(&["CLIENT", "KILL", "TYPE", "pubsub"]), Reply::Integer(1));
    assert_eq!(line_of(&mut control, "victim"), None);
    assert!(victim.read().is_err());
    assert_eq!(control.call(&["CLIENT", "KILL", "1.2.3.4:5"]).text(), "ERR No such client");
    let id = control.run("CLIENT ID").integer().unwrap().to_string();
    assert_eq!(control.call(&["CLIENT", "KILL", "ID", &id]), Reply::Integer(0));
    assert_eq!(control.call(&["CLIENT", "KILL", "ID", &id, "SKIPME", "no"]), Reply::Integer(1));
    assert!(control.read().is_err());
}

#[test]
fn a_password_is_asked_for() {
    let server = Server::start(&["--requirepass", "secret"]);
    let mut client = server.connect();
    assert_eq!(client.run("GET key").text(), "NOAUTH Authentication required.");
    assert!(client.run("HELLO 3").text().starts_with("NOAUTH HELLO must be called"));
    assert!(client.run("AUTH wrong").text().starts_with("WRONGPASS"));
    assert!(matches!(client.run("HELLO 3 AUTH default secret SETNAME me"), Reply::Map(_)));
    assert_eq!(client.run("CLIENT GETNAME").text(), "me");
    assert_eq!(client.run("RESET"), Reply::Simple("RESET".into()));
    assert_eq!(client.run("GET key").text(), "NOAUTH Authentication required.");
    // The password may come in the same write as the first large argument.
    let large = "x".repeat(50_000);
    client.send(&ochre_tests::client::encode(&["AUTH", "secret"])).unwrap();
    client.send(&ochre_tests::client::encode(&["SET", "key", &large])).unwrap();
    assert_eq!((client.read().unwrap(), client.read().unwrap()), (ok(), ok()));
}

#[test]
fn replies_can_be_switched_off() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.start(&["CLIENT", "REPLY", "OFF"]);
    client.start(&["SET", "key", "1"]);
    client.start(&["CLIENT", "REPLY", "ON"]);
    assert_eq!(client.read().unwrap(), ok());
    client.start(&["CLIENT", "REPLY", "SKIP"]);
    client.start(&["SET", "key", "2"]);
    assert_eq!(client.run("GET key").text(), "2");
}

#[test]
fn a_pause_holds_writes_and_transactions_that_write() {
    let server = Server::start(&[]);
    let mut control = server.connect();
    let (mut writer, mut transaction) = (named(&server, "writer"), server.connect());
    transaction.run("MULTI");
    transaction.run("INCR n");
    assert_eq!(control.run("CLIENT PAUSE 100000 WRITE"), ok());
    writer.start(&["SET", "key", "1"]);
    transaction.start(&["EXEC"]);
    wait_until(|| control.run("INFO clients").text().contains("blocked_clients:2"));
    assert_eq!(field(&line_of(&mut control, "writer").unwrap(), "flags"), "b");
    assert_eq!(control.run("GET key"), Reply::NilBulk);
    assert_eq!(control.run("CLIENT UNPAUSE"), ok());
    assert_eq!(writer.read().unwrap(), ok());
    assert_eq!(transaction.read().unwrap(), Reply::Array(vec![Reply::Integer(1)]));
    assert_eq!(control.run("CLIENT PAUSE 50"), ok());
    assert_eq!(writer.run("SET key 2"), ok());
}

#[test]
fn a_client_that_does_not_read_is_closed() {
    let server = Server::start(&["--client-output-buffer-limit", "normal 1000000 0 0"]);
    let mut control = server.connect();
    control.call(&["SET", "key", &"x".repeat(600_000)]);
    let mut lazy = named(&server, "lazy");
    for _ in 0..20 {
        // It may be closed before all of them are sent.
        let _ = lazy.send(b"GET key\r\n");
    }
    wait_until(|| line_of(&mut control, "lazy").is_none());
}

#[test]
fn the_costliest_client_goes_when_clients_cost_too_much() {
    let server = Server::start(&["--maxmemory-clients", "2mb"]);
    let mut control = server.connect();
    let (mut small, mut large) = (named(&server, "small"), named(&server, "large"));
    small.send(b"*2\r\n$4\r\nECHO\r\n$900000\r\n").unwrap();
    wait_until(|| field(&line_of(&mut control, "small").unwrap(), "tot-mem").len() >= 6);
    large.send(b"*2\r\n$4\r\nECHO\r\n$1900000\r\n").unwrap();
    wait_until(|| line_of(&mut control, "large").is_none());
    assert!(line_of(&mut control, "small").is_some());
    assert!(control.run("INFO stats").text().contains("evicted_clients:1"));
}

#[test]
fn an_idle_client_is_closed_in_time() {
    let server = Server::start(&["--timeout", "1"]);
    let mut idle = server.connect();
    idle.run("PING");
    assert!(idle.read().is_err());
}

#[test]
fn an_idle_connection_costs_less_than_four_kilobytes() {
    // Within the usual limit of 1024 open files.
    const COUNT: u64 = 800;
    let server = Server::start(&[]);
    let mut one = server.connect();
    one.run("PING");
    let before = server.resident_bytes();
    let connections: Vec<_> = (0..COUNT)
        .map(|_| {
            let mut c = server.connect();
            c.run("PING");
            c
        })
        .collect();
    let each = server.resident_bytes().saturating_sub(before) / COUNT;
    assert!(each < 4096, "{each} bytes");
    drop(connections);
}
