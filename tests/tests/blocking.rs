//! Clients that wait for lists, as other clients see them: order, chains, time limits, and clients
//! that leave while they wait.

use std::time::{Duration, Instant};

use ochre_tests::client::encode;
use ochre_tests::{Client, Reply, Server};

/// The value of a field of `INFO clients`.
fn clients_info(c: &mut Client, field: &str) -> usize {
    let info = c.run("INFO clients").text();
    let line = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.and_then(|value| value.trim().parse().ok()).expect(field)
}

/// Waits until so many clients wait.
fn until_blocked(c: &mut Client, count: usize) {
    until(c, "blocked_clients", count);
}

/// Waits until a field of `INFO clients` has this value.
fn until(c: &mut Client, field: &str, value: usize) {
    let limit = Instant::now() + Duration::from_secs(10);
    while clients_info(c, field) != value {
        assert!(Instant::now() < limit, "{field} should become {value}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// So many clients that wait in this command, in the order in which they began to.
fn all_waiting(server: &Server, c: &mut Client, count: usize, command: &[&str]) -> Vec<Client> {
    let start = |at| {
        let mut client = server.connect();
        client.start(command);
        until_blocked(c, at + 1);
        client
    };
    (0..count).map(start).collect()
}

#[test]
fn clients_are_served_in_the_order_in_which_they_began_to_wait() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    let waiting = all_waiting(&server, &mut c, 3, &["BLPOP", "first", "l", "0"]);
    assert_eq!(c.run("RPUSH l a b c d"), Reply::Integer(4));
    for (mut client, element) in waiting.into_iter().zip(["a", "b", "c"]) {
        let served = client.read().unwrap();
        assert_eq!(served.items(), [Reply::from("l"), Reply::from(element)]);
    }
    assert_eq!(c.run("LRANGE l 0 -1").items(), [Reply::from("d")]);
}

/// GEOADD takes long by its declaration, so it is not locked together with others.
#[test]
fn a_command_that_goes_by_itself_serves_who_waits_for_its_key() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    let waiting = all_waiting(&server, &mut c, 2, &["BZPOPMIN", "other", "z", "0"]);
    let mut before = encode(&["DEL", "other", "z"]);
    before.extend(encode(&["GEOADD", "z", "1", "1", "a", "2", "2", "b", "3", "3", "c"]));
    before.extend(encode(&["DEL", "other", "z"]));
    c.send(&before).unwrap();
    assert_eq!([0; 3].map(|_| c.read().unwrap()), [0, 3, 1].map(Reply::Integer));
    for (mut client, member) in waiting.into_iter().zip(["a", "b"]) {
        assert_eq!(client.read().unwrap().items()[..2], [Reply::from("z"), Reply::from(member)]);
    }
}

#[test]
fn an_element_travels_along_a_chain_of_waiting_clients() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    let (mut last, mut middle) = (server.connect(), server.connect());
    last.start(&["BLMPOP", "0", "1", "l3", "LEFT"]);
    until_blocked(&mut c, 1);
    middle.start(&["BLMOVE", "l2", "l3", "RIGHT", "LEFT", "0"]);
    until_blocked(&mut c, 2);
    assert_eq!(c.run("RPUSH l2 x"), Reply::Integer(1));
    assert_eq!(middle.read().unwrap(), "x".into());
    assert_eq!(last.read().unwrap().items()[1].items(), [Reply::from("x")]);
    assert_eq!(c.run("EXISTS l2 l3"), Reply::Integer(0));
}

#[test]
fn what_is_pushed_and_popped_in_one_transaction_wakes_nobody() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    let mut waiting = server.connect();
    waiting.start(&["BRPOP", "l", "0.15"]);
    until_blocked(&mut c, 1);
    for line in ["MULTI", "RPUSH l a", "DEL l", "EXEC"] {
        assert!(!c.run(line).is_error(), "{line}");
    }
    assert!(waiting.read().unwrap().is_nil(), "the time is up");
}

#[test]
fn clients_that_leave_while_they_wait_are_forgotten() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    for _ in 0..20 {
        // Command and end arrive together.
        server.connect().start(&["BLPOP", "l", "0"]);
        // The end arrives with input that is not looked at yet.
        let mut client = server.connect();
        client.start(&["BLPOP", "l", "0"]);
        std::thread::sleep(Duration::from_millis(1));
        client.start(&["PING"]);
    }
    // Each connection is closed by its own worker, when it has heard of the end.
    until(&mut c, "connected_clients", 1);
    assert_eq!(clients_info(&mut c, "blocked_clients"), 0);
    assert_eq!(c.run("RPUSH l a"), Reply::Integer(1));
    assert_eq!(c.run("LLEN l"), Reply::Integer(1));
}

#[test]
fn a_reader_of_a_group_is_told_that_it_is_gone_and_watchers_of_the_stream_are_not_disturbed() {
    let server = Server::start(&[]);
    let (mut c, mut reader, mut watcher) = (server.connect(), server.connect(), server.connect());
    c.run("XGROUP CREATE x g $ MKSTREAM");
    watcher.run("WATCH x");
    reader.start(&["XREADGROUP", "GROUP", "g", "me", "BLOCK", "0", "STREAMS", "x", ">"]);
    until_blocked(&mut c, 1);
    assert_eq!(clients_info(&mut c, "total_blocking_keys"), 1);
    assert_eq!(clients_info(&mut c, "total_blocking_keys_on_nokey"), 1);
    assert_eq!(c.run("XGROUP DESTROY x g"), Reply::Integer(1));
    assert!(reader.read().unwrap().text().starts_with("NOGROUP"));
    assert_eq!(clients_info(&mut c, "total_blocking_keys_on_nokey"), 0);
    watcher.run("MULTI");
    watcher.run("PING");
    assert_eq!(watcher.run("EXEC").items(), [Reply::Simple("PONG".into())]);
}

#[test]
fn what_comes_while_a_client_waits_is_run_behind_what_came_before() {
    let server = Server::start(&[]);
    let mut c = server.connect();
    let mut waiting = server.connect();
    waiting.send(b"BLPOP l 0\r\nECHO first\r\n").unwrap();
    until_blocked(&mut c, 1);
    waiting.send(b"ECHO second\r\nECHO thi").unwrap();
    c.run("PING");
    waiting.send(b"rd\r\n").unwrap();
    c.run("RPUSH l a");
    assert_eq!(waiting.read().unwrap().items().len(), 2);
    for expected in ["first", "second", "third"] {
        assert_eq!(waiting.read().unwrap().text(), expected);
    }
}

/// More commands than the server runs in one go, behind one that waits.
#[test]
fn all_that_was_sent_behind_a_wait_runs_after_it() {
    const BEHIND: usize = 1000;
    let server = Server::start(&[]);
    let (mut client, mut other) = (server.connect(), server.connect());
    let behind = encode(&["INCR", "n"]).repeat(BEHIND);
    for (wait, end) in
        [("BLPOP l 0", "RPUSH l x"), ("BLPOP l 0.05", "PING"), ("CLIENT PAUSE 60000 WRITE", "CLIENT UNPAUSE")]
    {
        client.run("SET n 0");
        let wait: Vec<&str> = wait.split(' ').collect();
        client.send(&[encode(&wait), behind.clone()].concat()).unwrap();
        if wait[0] == "BLPOP" {
            until_blocked(&mut other, 1);
        } else {
            assert_eq!(client.read().unwrap(), Reply::Simple("OK".into()));
        }
        other.run(end);
        if wait[0] == "BLPOP" {
            client.read().unwrap();
        }
        for at in 1..=BEHIND {
            assert_eq!(client.read().unwrap().integer(), Some(at as i64), "behind {wait:?}");
        }
    }
}
