//! What clients of different workers do for each other: who waits is served, who watches is told, who listens hears,
//! and nobody is stopped for it.

use ochre_tests::turns::{exclusive_turns, quiet_server};
use ochre_tests::{Client, Reply, Server, wait_until};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Does something and asserts that no more than a few turns of the cron stopped the workers meanwhile.
fn stops_nobody(server: &Server, work: impl FnOnce()) {
    let mut observer = server.connect();
    let (before, lines_before) = exclusive_turns(&mut observer);
    let started = Instant::now();
    work();
    let (after, lines) = exclusive_turns(&mut observer);
    // The cron turns once a second, and a client that waited may have been closed.
    let allowed = 10 + 2 * started.elapsed().as_secs();
    assert!(after - before <= allowed, "{before} turns before, {after} after: {lines_before:?} {lines:?}");
}

fn words(reply: &Reply) -> Vec<String> {
    reply.items().iter().map(Reply::text).collect()
}

/// Waits until so many clients wait for keys.
fn wait_for_waiting(observer: &mut Client, count: usize) {
    let count = count.to_string();
    wait_until("clients wait", || observer.info("blocked_clients") == count);
}

#[test]
fn clients_are_served_in_the_order_in_which_they_began_to_wait() {
    let server = quiet_server(&[]);
    let mut waiting: Vec<Client> = (0..16).map(|_| server.connect()).collect();
    let mut writer = server.connect();
    stops_nobody(&server, || {
        for round in 0..20 {
            for (at, client) in waiting.iter_mut().enumerate() {
                client.start(&["BLPOP", "other", "list", "0"]);
                wait_for_waiting(&mut writer, at + 1);
            }
            for at in 0..waiting.len() / 2 {
                assert_eq!(writer.run(&format!("RPUSH list {round}-{at}")).integer(), Some(1));
            }
            let rest: Vec<String> = (8..16).map(|at| format!("{round}-{at}")).collect();
            writer.run(&format!("RPUSH list {}", rest.join(" ")));
            for (at, client) in waiting.iter_mut().enumerate() {
                assert_eq!(words(&client.read().unwrap()), ["list".to_owned(), format!("{round}-{at}")]);
            }
        }
    });
}

#[test]
fn an_element_goes_along_a_chain_of_clients_that_wait() {
    let server = quiet_server(&[]);
    let mut links: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    let (mut last, mut writer) = (server.connect(), server.connect());
    stops_nobody(&server, || {
        for round in 0..20 {
            for (at, client) in links.iter_mut().enumerate() {
                let (from, to) = (format!("l{at}"), format!("l{}", at + 1));
                client.start(&["BLMOVE", &from, &to, "LEFT", "RIGHT", "0"]);
            }
            last.start(&["BLPOP", "l8", "0"]);
            wait_for_waiting(&mut writer, links.len() + 1);
            let element = format!("x{round}");
            assert_eq!(writer.run(&format!("RPUSH l0 {element}")).integer(), Some(1));
            assert_eq!(words(&last.read().unwrap()), ["l8", &*element]);
            links.iter_mut().for_each(|client| assert_eq!(client.read().unwrap().text(), element));
        }
    });
    let left: i64 = (0..9).map(|at| writer.run(&format!("EXISTS l{at}")).integer().unwrap()).sum();
    assert_eq!(left, 0);
}

#[test]
fn waits_end_in_time_on_every_worker() {
    let server = quiet_server(&[]);
    let mut clients: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    stops_nobody(&server, || {
        let started = Instant::now();
        clients.iter_mut().for_each(|client| client.start(&["BLPOP", "a", "b", "c", "0.2"]));
        clients.iter_mut().for_each(|client| assert!(client.read().unwrap().is_nil()));
        assert!(started.elapsed() >= Duration::from_millis(190));
        clients.iter_mut().for_each(|client| assert_eq!(client.run("PING").text(), "PONG"));
    });
    assert_eq!(clients[0].info("blocked_clients"), "0");
}

#[test]
fn no_count_is_lost_between_transactions_that_watch() {
    const CLIENTS: usize = 8;
    const ROUNDS: usize = 100;
    let server = quiet_server(&[]);
    server.connect().run("MSET a 0 b 0");
    stops_nobody(&server, || {
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| (0..ROUNDS).for_each(|_| count_once(&mut server.connect())));
            }
        });
    });
    let mut client = server.connect();
    let expected = (CLIENTS * ROUNDS).to_string();
    assert_eq!(words(&client.run("MGET a b")), [&*expected, &*expected]);
}

/// Adds one to both keys, with the values read before; tries again when somebody else was faster.
fn count_once(client: &mut Client) {
    loop {
        client.run("WATCH a b");
        let next = client.run("GET a").text().parse::<u64>().unwrap() + 1;
        let set = format!("SET a {next}");
        let calls = [vec!["MULTI"], set.split(' ').collect(), vec!["INCR", "b"], vec!["EXEC"]];
        let replies = client.pipeline(&calls).unwrap();
        if !replies[3].is_nil() {
            assert_eq!(words(&replies[3])[0], "OK");
            return;
        }
    }
}

#[test]
fn transactions_wake_who_waits_only_when_they_are_done() {
    let server = quiet_server(&[]);
    let (mut reader, mut writer) = (server.connect(), server.connect());
    stops_nobody(&server, || {
        for _ in 0..50 {
            reader.start(&["BLPOP", "list", "0"]);
            wait_for_waiting(&mut writer, 1);
            let calls = "MULTI|LPUSH list a|LPUSH list b|DEL list|RPUSH list c|EXEC";
            let calls: Vec<Vec<&str>> = calls.split('|').map(|call| call.split(' ').collect()).collect();
            writer.pipeline(&calls).unwrap();
            assert_eq!(words(&reader.read().unwrap()), ["list", "c"]);
        }
    });
}

#[test]
fn all_subscribers_hear_the_messages_of_all_publishers_in_one_order() {
    const MESSAGES: usize = 500;
    let server = quiet_server(&[]);
    let mut readers: Vec<Client> = (0..6).map(|_| server.connect()).collect();
    for client in &mut readers {
        client.run("SUBSCRIBE news");
    }
    stops_nobody(&server, || {
        std::thread::scope(|scope| {
            for publisher in 0..4 {
                let server = &server;
                scope.spawn(move || {
                    let mut client = server.connect();
                    for at in 0..MESSAGES {
                        let line = format!("PUBLISH news {publisher}-{at}");
                        let call: Vec<&str> = line.split(' ').collect();
                        if publisher == 0 {
                            let calls = [vec!["MULTI"], call, vec!["INCR", "count"], vec!["EXEC"]];
                            let replies = client.pipeline(&calls).unwrap();
                            assert_eq!(replies[3].items()[0].integer(), Some(6));
                        } else {
                            assert_eq!(client.call(&call).integer(), Some(6));
                        }
                    }
                });
            }
        });
    });
    let heard: Vec<Vec<String>> = readers
        .iter_mut()
        .map(|client| (0..4 * MESSAGES).map(|_| words(&client.read().unwrap())[2].clone()).collect())
        .collect();
    for other in &heard[1..] {
        assert!(*other == heard[0], "two subscribers heard different orders");
    }
}

#[test]
fn a_message_comes_before_the_replies_to_what_was_sent_after_it() {
    let server = quiet_server(&[]);
    let (mut reader, mut writer) = (server.connect(), server.connect());
    reader.run("HELLO 3");
    reader.run("SUBSCRIBE news");
    for round in 0..500 {
        writer.run(&format!("PUBLISH news {round}"));
        reader.start(&["PING"]);
        assert_eq!(words(&reader.read().unwrap())[2], round.to_string());
        assert_eq!(reader.read().unwrap().text(), "PONG");
    }
}

#[test]
fn subscriptions_and_events_come_and_go_beside_writes() {
    let server = quiet_server(&["--notify-keyspace-events", "KEA"]);
    let done = AtomicBool::new(false);
    stops_nobody(&server, || {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut writer = server.connect();
                while !done.load(Ordering::Relaxed) {
                    writer.run("INCR count");
                }
            });
            for _ in 0..100 {
                let mut reader = server.connect();
                reader.run("SUBSCRIBE __keyspace@0__:count");
                assert_eq!(words(&reader.read().unwrap())[2], "incrby");
                reader.run("UNSUBSCRIBE");
            }
            done.store(true, Ordering::Relaxed);
        });
    });
}

#[test]
fn clients_that_leave_while_they_wait_or_watch_leave_nothing_behind() {
    let server = quiet_server(&[]);
    let mut observer = server.connect();
    stops_nobody(&server, || {
        for round in 0..100 {
            let (mut waiting, mut watching) = (server.connect(), server.connect());
            waiting.start(&["BLPOP", "a", "b", "0"]);
            watching.run("WATCH a b c");
            if round % 2 == 0 {
                watching.run("MULTI");
                watching.run("SET a 1");
            }
            wait_for_waiting(&mut observer, 1);
            drop((waiting, watching));
            wait_for_waiting(&mut observer, 0);
        }
    });
    wait_until("all have left", || observer.info("connected_clients") == "1");
    assert_eq!(observer.info("total_blocking_keys"), "0");
    assert_eq!(observer.run("LPUSH a x").integer(), Some(1));
    assert_eq!(observer.run("LLEN a").integer(), Some(1));
}

#[test]
fn no_message_follows_the_end_of_a_subscription() {
    let server = quiet_server(&[]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut writer = server.connect();
            while !done.load(Ordering::Relaxed) {
                writer.run("PUBLISH news x");
            }
        });
        for (begin, end) in [
            ("SUBSCRIBE news", "UNSUBSCRIBE"),
            ("PSUBSCRIBE n*", "PUNSUBSCRIBE"),
            ("SUBSCRIBE news", "RESET"),
        ] {
            for _ in 0..100 {
                let mut reader = server.connect();
                reader.run(begin);
                reader.start(&[end]);
                while matches!(reader.read().unwrap(), Reply::Array(words) if words[0].text().ends_with("message"))
                {
                }
                for _ in 0..3 {
                    assert_eq!(reader.run("ECHO x").text(), "x", "after {end}");
                }
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn who_wants_no_replies_gets_none_for_what_it_waited_for() {
    let server = Server::start(&[]);
    let (mut reader, mut writer) = (server.connect(), server.connect());
    for (mode, timeout, push) in
        [("OFF", "0", true), ("SKIP", "0", true), ("OFF", "0.05", false), ("SKIP", "0.05", false)]
    {
        reader.start(&["CLIENT", "REPLY", mode]);
        reader.start(&["BLPOP", "q", timeout]);
        if push {
            wait_for_waiting(&mut writer, 1);
            writer.run("RPUSH q x");
        }
        wait_for_waiting(&mut writer, 0);
        reader.start(&["CLIENT", "REPLY", "ON"]);
        assert_eq!(reader.read().unwrap().text(), "OK", "{mode} {timeout}");
        assert_eq!(reader.run("ECHO x").text(), "x");
    }
}

#[test]
fn what_makes_no_sense_is_answered_behind_what_its_client_waits_for() {
    let server = Server::start(&[]);
    let (mut reader, mut writer) = (server.connect(), server.connect());
    reader.send(b"BLPOP q 0\r\n*1\r\n!\r\n").unwrap();
    wait_for_waiting(&mut writer, 1);
    writer.run("RPUSH q x");
    assert_eq!(words(&reader.read().unwrap()), ["q", "x"]);
    assert!(reader.read().unwrap().text().starts_with("ERR Protocol error"));
    assert!(reader.read().is_err());
}

#[test]
fn clients_that_leave_during_a_pause_are_not_counted_any_more() {
    let server = Server::start(&[]);
    let mut observer = server.connect();
    observer.run("CLIENT PAUSE 100000 WRITE");
    let mut held: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    held.iter_mut().for_each(|client| client.start(&["SET", "a", "1"]));
    wait_for_waiting(&mut observer, 3);
    drop(held);
    wait_for_waiting(&mut observer, 0);
}

#[test]
fn messages_for_a_worker_that_is_busy_do_not_pile_up_without_end() {
    const MESSAGES: usize = 24;
    let limits = ["--client-output-buffer-limit", "pubsub 0 0 0"];
    let server = quiet_server(&limits);
    let mut observer = server.connect();
    observer.run("DEBUG POPULATE 1000000");
    // Four on each worker.
    let mut listeners: Vec<Client> = (0..16).map(|_| server.connect()).collect();
    listeners.iter_mut().for_each(|client| _ = client.run("SUBSCRIBE news"));
    let (mut walker, mut publisher) = (server.connect(), server.connect());
    let text = "x".repeat(1024 * 1024);
    let mut was_waited_for = || exclusive_turns(&mut observer).1.iter().any(|line| line.contains("publish"));
    let mut once = || {
        walker.start(&["KEYS", "*:*?*?*?*?*?*x"]);
        for at in 0..MESSAGES {
            publisher.start(&["PUBLISH", "news", &format!("{at}{text}")]);
        }
        std::thread::scope(|scope| {
            for client in &mut listeners {
                scope.spawn(|| {
                    for at in 0..MESSAGES {
                        assert!(client.read().unwrap().items()[2].text().starts_with(&format!("{at}x")));
                    }
                });
            }
            (0..MESSAGES).for_each(|_| assert_eq!(publisher.read().unwrap().integer(), Some(16)));
        });
        assert!(walker.read().unwrap().items().is_empty());
    };
    for _ in 0..20 {
        once();
        if was_waited_for() {
            return;
        }
    }
    panic!("a mailbox took {} MB while its worker was busy", 4 * MESSAGES);
}

/// A subscriber over its soft limit needs a closer look with every message; that must not let later ones overtake.
#[test]
fn messages_stay_in_order_while_their_client_is_over_its_soft_limit() {
    const PUBLISHERS: usize = 4;
    const MESSAGES: usize = 2000;
    let server = quiet_server(&["--client-output-buffer-limit", "pubsub 0 256 3600"]);
    let mut listeners: Vec<Client> = (0..4).map(|_| server.connect()).collect();
    listeners.iter_mut().for_each(|client| _ = client.run("SUBSCRIBE news"));
    let padding = "x".repeat(100);
    stops_nobody(&server, || {
        std::thread::scope(|scope| {
            for publisher in 0..PUBLISHERS {
                let (server, padding) = (&server, &padding);
                scope.spawn(move || {
                    let mut client = server.connect();
                    for first in (0..MESSAGES).step_by(50) {
                        let texts: Vec<String> =
                            (first..first + 50).map(|at| format!("{publisher} {at} {padding}")).collect();
                        let calls: Vec<_> = texts.iter().map(|text| vec!["PUBLISH", "news", text]).collect();
                        client.pipeline(&calls).unwrap();
                    }
                });
            }
            for client in &mut listeners {
                scope.spawn(|| {
                    let mut next = [0; PUBLISHERS];
                    for _ in 0..PUBLISHERS * MESSAGES {
                        let text = client.read().unwrap().items()[2].text();
                        let words: Vec<usize> = text.split(' ').take(2).map(|n| n.parse().unwrap()).collect();
                        assert_eq!(words[1], next[words[0]], "of publisher {}", words[0]);
                        next[words[0]] += 1;
                    }
                });
            }
        });
    });
}
