//! MULTI, EXEC, WATCH: what is queued, what spoils a transaction, what does not.

use std::time::Duration;

use ochre_tests::{Client, Reply, Server};

fn exec_ping(client: &mut Client) -> Reply {
    client.run("MULTI");
    client.run("PING");
    client.run("EXEC")
}

fn pong() -> Reply {
    Reply::Array(vec![Reply::Simple("PONG".into())])
}

#[test]
fn a_wrong_command_spoils_the_transaction_an_error_at_its_time_does_not() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.run("MULTI");
    client.run("SET key value");
    assert!(client.run("GET").text().starts_with("ERR wrong number"));
    assert!(client.run("EXEC").text().starts_with("EXECABORT"));
    assert_eq!(client.run("GET key"), Reply::NilBulk);
    client.run("MULTI");
    client.run("SET key value");
    client.run("INCR key");
    client.run("GET key");
    let replies = client.run("EXEC");
    assert_eq!(replies.items().len(), 3);
    assert!(replies.items()[1].text().starts_with("ERR value is not an integer"));
    assert_eq!(replies.items()[2].text(), "value");
}

#[test]
fn a_watched_key_that_changes_fails_the_transaction() {
    let server = Server::start(&[]);
    let (mut client, mut other) = (server.connect(), server.connect());
    for change in ["SET key 1", "DEL key", "LPUSH key a", "FLUSHALL", "SET key 2", "SWAPDB 0 1"] {
        client.run("WATCH key");
        other.run(change);
        assert_eq!(exec_ping(&mut client), Reply::NilArray, "{change}");
        assert_eq!(exec_ping(&mut client), pong(), "after {change}");
    }
    client.run("WATCH key");
    other.run("SET other 1");
    other.run("GET key");
    assert_eq!(exec_ping(&mut client), pong());
    client.run("WATCH key");
    other.run("SET key 1");
    client.run("UNWATCH");
    assert_eq!(exec_ping(&mut client), pong());
}

#[test]
fn a_key_that_was_expired_when_watched_may_be_deleted() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let (mut client, mut other) = (server.connect(), server.connect());
    other.run("DEBUG SET-ACTIVE-EXPIRE 0");
    let mut expired = || {
        other.run("SET key value PX 1");
        std::thread::sleep(Duration::from_millis(5));
    };
    expired();
    client.run("WATCH key");
    server.connect().run("GET key");
    assert_eq!(exec_ping(&mut client), pong());
    expired();
    client.run("WATCH key");
    server.connect().run("SET key new");
    assert_eq!(exec_ping(&mut client), Reply::NilArray);
    server.connect().run("PEXPIRE key 10");
    client.run("WATCH key");
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(exec_ping(&mut client), Reply::NilArray);
}

#[test]
fn a_watched_key_that_a_walk_finds_expired_fails_the_transaction() {
    for walk in ["SCAN 0 COUNT 1000", "RANDOMKEY"] {
        let server = Server::start(&["--enable-debug-command", "yes"]);
        let (mut watcher, mut walker) = (server.connect(), server.connect());
        assert!(walker.run("DEBUG SET-ACTIVE-EXPIRE 0").is_ok());
        watcher.run("SET key value PX 20");
        watcher.run("WATCH key");
        std::thread::sleep(std::time::Duration::from_millis(30));
        walker.run(walk);
        watcher.run("MULTI");
        watcher.run("SET other value");
        assert!(watcher.run("EXEC").is_nil(), "{walk}");
    }
}

/// Queuing takes memory whatever is queued (server.c: reject_cmd_on_oom).
#[test]
fn nothing_is_queued_while_memory_does_not_suffice() {
    let mut results = Vec::new();
    for server in [Server::reference(), Server::like_reference()] {
        let mut client = server.connect();
        let lines = [
            "SET a 1",
            "CONFIG SET maxmemory 1",
            "GET a",
            "MULTI",
            "GET a",
            "PING",
            "EXEC",
            "MULTI",
            "DISCARD",
            "MULTI",
            "EXEC",
            "WATCH a",
            "MULTI",
            "RESET",
            "SET a 2",
            "CONFIG RESETSTAT",
            "MULTI",
            "PING",
            "EXEC",
        ];
        let replies: Vec<Reply> = lines.iter().map(|line| client.run(line)).collect();
        let errors = client.run("INFO errorstats").text();
        let errors: Vec<String> = errors.lines().map(str::to_owned).collect();
        results.push((replies, errors));
    }
    assert_eq!(results[0], results[1]);
}
