//! MIGRATE between two servers: what moves, what stays, what the client is told, what the log of commands says.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use ochre_tests::{Client, Directory, Reply, Server, ServerOptions, wait_until};

fn migrate(c: &mut Client, port: u16, rest: &str) -> Reply {
    c.run(&format!("MIGRATE 127.0.0.1 {port} {rest}"))
}

#[test]
fn keys_move_with_their_expiry_and_copies_stay() {
    let (from, to) = (Server::start(&[]), Server::start(&[]));
    let (mut a, mut b) = (from.connect(), to.connect());
    a.run("SET k v PX 100000");
    a.run("RPUSH l 1 2 3");
    assert!(migrate(&mut a, to.port(), "k 3 1000").is_ok());
    assert!(migrate(&mut a, to.port(), "l 3 1000 COPY").is_ok());
    assert_eq!(a.run("EXISTS k l"), Reply::Integer(1));
    b.run("SELECT 3");
    assert_eq!(b.run("GET k").text(), "v");
    assert!((1..=100_000).contains(&b.run("PTTL k").integer().unwrap()));
    assert_eq!(b.run("LLEN l"), Reply::Integer(3));
    assert_eq!(a.info("migrate_cached_sockets"), "1");
    assert_eq!(migrate(&mut a, to.port(), "none 3 1000"), Reply::Simple("NOKEY".into()));
    let busy = migrate(&mut a, to.port(), "l 3 1000");
    assert_eq!(
        busy,
        Reply::Error(
            "ERR Target instance replied with error: BUSYKEY Target key name already exists.".into()
        )
    );
    assert!(migrate(&mut a, to.port(), "l 3 1000 REPLACE").is_ok());
    assert_eq!(a.run("DBSIZE"), Reply::Integer(0));
}

#[test]
fn of_several_keys_those_that_arrived_are_deleted() {
    let (from, to) = (Server::start(&[]), Server::start(&["--requirepass", "secret"]));
    let (mut a, mut b) = (from.connect(), to.connect());
    b.run("AUTH secret");
    b.run("SET taken x");
    a.run("MSET k1 1 taken 2 k3 3");
    let keys = ["MIGRATE", "127.0.0.1", &to.port().to_string(), "", "0", "1000"];
    let reply =
        a.call(&[&keys[..], &["AUTH2", "default", "secret", "KEYS", "k1", "none", "taken", "k3"]].concat());
    assert!(reply.text().contains("BUSYKEY"), "{reply:?}");
    assert_eq!(a.run("EXISTS k1 taken k3"), Reply::Integer(1));
    assert_eq!(b.run("MGET k1 taken k3"), Reply::from(["1", "x", "3"]));
    let reply = a.call(&[&keys[..], &["AUTH", "wrong", "REPLACE", "KEYS", "taken"]].concat());
    assert!(reply.text().starts_with("ERR Target instance replied with error: WRONGPASS"), "{reply:?}");
    assert_eq!(a.run("EXISTS taken"), Reply::Integer(1));
}

#[test]
fn a_stale_connection_is_opened_again_and_a_silent_server_is_given_up() {
    let from = Server::start(&[]);
    let mut a = from.connect();
    a.run("MSET k 1 l 2");
    let to = Server::start(&[]);
    let port = to.port();
    assert!(migrate(&mut a, port, "k 0 1000 COPY").is_ok());
    drop(to);
    let refused = Reply::Error("IOERR error or timeout connecting to the client".into());
    assert_eq!(migrate(&mut a, port, "k 0 1000 COPY"), refused);

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let started = Instant::now();
    let reply = migrate(&mut a, silent.local_addr().unwrap().port(), "l 0 200");
    assert_eq!(reply, Reply::Error("IOERR error or timeout reading to target instance".into()));
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(a.run("EXISTS k l"), Reply::Integer(2));
    assert_eq!(a.info("migrate_cached_sockets"), "0");
}

#[test]
fn wrong_arguments_are_errors_before_anything_is_sent() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    for (rest, error) in [
        ("k x 1", "ERR value is not an integer or out of range"),
        ("k 0 x", "ERR value is not an integer or out of range"),
        ("k 0 1 AUTH", "ERR syntax error"),
        ("k 0 1 AUTH2 u", "ERR syntax error"),
        ("k 0 1 NOPE", "ERR syntax error"),
        (
            "k 0 1 KEYS a",
            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string",
        ),
    ] {
        assert_eq!(migrate(&mut c, 1, rest), Reply::Error(error.into()), "{rest}");
    }
}

#[test]
fn the_log_of_commands_says_that_the_keys_were_deleted() {
    let (directory, to) = (Directory::new(), Server::start_with(ServerOptions::default()));
    let args = ["--appendonly", "yes", "--appendfsync", "always", "--aof-use-rdb-preamble", "no"];
    let server = directory.start(&args);
    let mut c = server.connect();
    c.run("MSET k1 1 k2 2 k3 3");
    let port = to.port().to_string();
    assert!(c.call(&["MIGRATE", "127.0.0.1", &port, "", "0", "1000", "KEYS", "k1", "k2"]).is_ok());
    server.signal(libc::SIGKILL);
    drop(server);
    let server = directory.start(&args);
    let mut c = server.connect();
    wait_until("the data is loaded", || c.info("loading") == "0");
    assert_eq!(c.run("KEYS *"), Reply::from(["k3"]));
}
