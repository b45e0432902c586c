//! Channels, patterns, keyspace events and MONITOR: who gets which message, and when.

use std::time::Duration;

use ochre_tests::{Client, Reply, Server, has_several_workers};

/// Words of a push or of the array that stands for one, joined for comparison.
fn words(reply: &Reply) -> String {
    let word = |item: &Reply| item.integer().map_or_else(|| item.text(), |number| number.to_string());
    reply.items().iter().map(word).collect::<Vec<_>>().join(" ")
}

fn next(client: &mut Client) -> String {
    words(&client.read().unwrap())
}

fn subscribed(server: &Server, command: &str) -> Client {
    let mut client = server.connect();
    for topic in command.split(' ').skip(1) {
        client.start(&[command.split(' ').next().unwrap(), topic]);
        client.read().unwrap();
    }
    client
}

#[test]
fn a_message_reaches_channels_and_patterns_once_each() {
    let server = Server::start(&[]);
    let mut reader = subscribed(&server, "SUBSCRIBE news other");
    reader.start(&["PSUBSCRIBE", "n*", "x*"]);
    assert_eq!(next(&mut reader), "psubscribe n* 3");
    assert_eq!(next(&mut reader), "psubscribe x* 4");
    let mut writer = server.connect();
    assert_eq!(writer.run("PUBLISH news hello"), Reply::Integer(2));
    assert_eq!(next(&mut reader), "message news hello");
    assert_eq!(next(&mut reader), "pmessage n* news hello");
    assert_eq!(writer.run("SPUBLISH news hello"), Reply::Integer(0));
    assert_eq!(words(&writer.run("PUBSUB NUMSUB news none")), "news 1 none 0");
    assert_eq!(writer.run("PUBSUB NUMPAT"), Reply::Integer(2));
    drop(reader);
    while writer.run("PUBSUB NUMPAT") != Reply::Integer(0) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_subscriber_of_the_old_protocol_can_do_little_else() {
    let server = Server::start(&[]);
    let mut client = subscribed(&server, "SUBSCRIBE a");
    assert!(client.run("GET key").text().starts_with("ERR Can't execute 'get'"));
    assert_eq!(words(&client.run("PING")), "pong ");
    client.start(&["UNSUBSCRIBE"]);
    assert_eq!(next(&mut client), "unsubscribe a 0");
    assert_eq!(client.run("GET key"), Reply::NilBulk);
}

#[test]
fn what_a_client_publishes_to_itself_follows_the_reply() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.run("HELLO 3");
    client.run("SUBSCRIBE a");
    client.run("MULTI");
    client.run("PUBLISH a one");
    client.run("PUBLISH a two");
    assert_eq!(client.run("EXEC"), Reply::Array(vec![Reply::Integer(1), Reply::Integer(1)]));
    assert_eq!(next(&mut client), "message a one");
    assert_eq!(next(&mut client), "message a two");
}

#[test]
fn messages_reach_clients_that_want_no_replies() {
    let server = Server::start(&[]);
    let mut reader = server.connect();
    reader.start(&["CLIENT", "REPLY", "OFF"]);
    reader.start(&["GET", "key"]);
    reader.start(&["SUBSCRIBE", "a"]);
    assert_eq!(next(&mut reader), "subscribe a 1");
    server.connect().run("PUBLISH a hello");
    assert_eq!(next(&mut reader), "message a hello");
}

#[test]
fn events_are_published_on_the_channels_and_classes_that_are_on() {
    let server = Server::start(&["--notify-keyspace-events", "KE$g"]);
    let mut reader = server.connect();
    reader.run("PSUBSCRIBE __key*");
    let mut writer = server.connect();
    writer.run("LPUSH list a");
    writer.run("SET key value");
    writer.run("DEL key");
    for expected in [
        "pmessage __key* __keyspace@0__:key set",
        "pmessage __key* __keyevent@0__:set key",
        "pmessage __key* __keyspace@0__:key del",
        "pmessage __key* __keyevent@0__:del key",
    ] {
        assert_eq!(next(&mut reader), expected);
    }
}

#[test]
fn a_monitor_sees_commands_but_no_passwords() {
    let server = Server::start(&[]);
    let mut monitor = server.connect();
    monitor.run("MONITOR");
    let mut client = server.connect();
    client.run("AUTH user secret");
    client.run("MULTI");
    client.call(&["SET", "key", "a\nb"]);
    client.run("EXEC");
    for expected in
        [r#""AUTH" "(redacted)" "(redacted)""#, r#""MULTI""#, r#""SET" "key" "a\nb""#, r#""EXEC""#]
    {
        let line = monitor.read().unwrap().text();
        assert!(line.ends_with(expected), "{line}");
    }
}

#[test]
fn a_subscriber_that_is_given_up_is_unknown_at_once() {
    let server = Server::start(&["--client-output-buffer-limit", "pubsub 100000 0 0"]);
    let _reader = subscribed(&server, "SUBSCRIBE news");
    let mut writer = server.connect();
    let big = "x".repeat(300_000);
    let calls = [vec!["PUBLISH", "news", &big], vec!["CLIENT", "LIST"], vec!["PUBSUB", "NUMSUB", "news"]];
    let mut replies = writer.pipeline(&calls).unwrap();
    // Its own worker gives it up, as soon as it hears of the message.
    while has_several_workers() && replies[1].text().lines().count() > 1 {
        replies = writer.pipeline(&[vec!["PING"], calls[1].clone(), calls[2].clone()]).unwrap();
    }
    assert_eq!(replies[1].text().lines().count(), 1, "{:?}", replies[1]);
    assert_eq!(words(&replies[2]), "news 0");
}
