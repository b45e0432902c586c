//! What several workers do side by side: no command of a usual load stops all of them.

use ochre_tests::client::encode;
use ochre_tests::turns::{exclusive_turns as turns, quiet_server as start};
use ochre_tests::{Client, Server, wait_until};
use std::time::Duration;

/// Runs each line a hundred times in one pipeline, and asserts that this stopped nobody.
fn runs_beside_others(server: &Server, lines: &[&str]) {
    let (mut client, mut observer) = (server.connect(), server.connect());
    for line in lines {
        let (before, lines_before) = turns(&mut observer);
        let call: Vec<&str> = line.split(' ').collect();
        client.pipeline(&vec![call; 100]).expect("the server answers");
        let (after, lines_after) = turns(&mut observer);
        // The cron may have turned.
        assert!(after - before < 10, "{line}: {before} turns before, {after} after");
        assert_eq!(lines_after.len(), lines_before.len(), "{line}: {lines_after:?}");
    }
}

#[test]
fn commands_on_the_connection_and_about_commands_stop_nobody() {
    let server = start(&[]);
    runs_beside_others(
        &server,
        &[
            "PING",
            "ECHO x",
            "SELECT 3",
            "HELLO 3",
            "TIME",
            "LASTSAVE",
            "LOLWUT",
            "COMMAND COUNT",
            "COMMAND INFO get set",
            "COMMAND GETKEYS set a b",
            "CLIENT ID",
            "CLIENT GETNAME",
            "CLIENT SETNAME me",
            "CLIENT SETINFO lib-name x",
            "CLIENT INFO",
            "CLIENT NO-EVICT on",
            "CONFIG GET save",
            "CONFIG HELP",
            "RESET",
        ],
    );
}

#[test]
fn subcommands_on_keys_and_calls_in_error_stop_nobody() {
    let server = start(&[]);
    server.connect().run("SET a 1");
    runs_beside_others(
        &server,
        &[
            "OBJECT ENCODING a",
            "OBJECT NOTHING a",
            "GET",
            "NOTHING a b",
            "CONFIG SET",
            "CONFIG NOTHING",
            "SAVE a",
        ],
    );
}

#[test]
fn figures_of_the_whole_server_stop_nobody() {
    let server = start(&["--slowlog-log-slower-than", "0", "--latency-monitor-threshold", "1"]);
    server.connect().run("SET a 1");
    runs_beside_others(
        &server,
        &[
            "INFO",
            "INFO everything",
            "INFO commandstats latencystats keyspace debug workers",
            "LATENCY HISTOGRAM",
            "LATENCY LATEST",
            "LATENCY HISTORY command",
            "LATENCY DOCTOR",
            "LATENCY RESET",
            "SLOWLOG GET",
            "SLOWLOG LEN",
            "SLOWLOG RESET",
            "MEMORY DOCTOR",
            "MEMORY STATS",
            "MEMORY USAGE a",
            // These are noted in the slow log.
            "GET a",
            "SET a 2",
        ],
    );
    let mut client = server.connect();
    assert!(client.run("SLOWLOG LEN").integer().unwrap() > 100);
    client.run("SLOWLOG RESET");
    for line in ["MULTI", "SET b 1", "EXEC"] {
        assert!(!client.run(line).is_error(), "{line}");
    }
    let entries = client.run("SLOWLOG GET -1");
    assert!(entries.items().iter().any(|entry| entry.items()[3].items()[0].text() == "SET"), "{entries:?}");
}

#[test]
fn surveys_inside_transactions_wait_for_nobody_who_waits_for_them() {
    let server = start(&[]);
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let server = &server;
            scope.spawn(move || {
                let mut client = server.connect();
                let lines: Vec<String> = (0..40)
                    .map(|key| format!("SET k{} {worker}", (key * 7 + worker * 3) % 40))
                    .chain(
                        ["INFO keyspace", "MEMORY USAGE k1", "MEMORY STATS", "SLOWLOG LEN"]
                            .map(str::to_owned),
                    )
                    .collect();
                for _ in 0..50 {
                    assert!(client.run("MULTI").is_ok());
                    for line in &lines {
                        assert_eq!(client.run(line).text(), "QUEUED");
                    }
                    assert_eq!(client.run("EXEC").items().len(), lines.len());
                    assert!(client.run("INFO everything").text().contains("db0:keys="));
                }
            });
        }
    });
}

#[test]
fn what_is_counted_on_all_workers_is_shown_by_each() {
    let server = start(&[]);
    let mut clients: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    assert!(clients[0].run("CONFIG RESETSTAT").is_ok());
    for (at, client) in clients.iter_mut().enumerate() {
        assert!(client.run(&format!("SET key{at} 1")).is_ok());
        assert!(client.run("LPUSH key0 1").is_error());
        assert!(client.run("GET nothing").is_nil());
    }
    for client in &mut clients {
        assert_eq!(client.info("keyspace_misses"), "8");
        assert_eq!(client.info("total_error_replies"), "8");
        assert_eq!(client.info("errorstat_WRONGTYPE"), "count=8");
        assert_eq!(client.info("connected_clients"), "8");
        assert_eq!(client.info("db0"), "keys=8,expires=0,avg_ttl=0");
        assert_eq!(client.info("rdb_changes_since_last_save"), "8");
        let set = client.info("cmdstat_set");
        assert!(set.starts_with("calls=8,") && set.ends_with(",rejected_calls=0,failed_calls=0"), "{set}");
        let histogram = client.run("LATENCY HISTOGRAM set").get("set").expect("SET was called");
        assert_eq!(histogram.get("calls").and_then(|calls| calls.integer()), Some(8));
    }
}

#[test]
fn commands_of_clients_that_have_not_authenticated_stop_nobody() {
    let server = start(&["--requirepass", "secret"]);
    let mut observer = server.connect();
    assert!(observer.run("AUTH secret").is_ok());
    let (before, _) = turns(&mut observer);
    let mut client = server.connect();
    for _ in 0..100 {
        assert_eq!(client.run("GET a").text(), "NOAUTH Authentication required.");
        assert_eq!(client.run("CONFIG SET maxmemory 0").text(), "NOAUTH Authentication required.");
        assert!(client.run("AUTH wrong").is_error());
    }
    assert!(client.run("HELLO 2 AUTH default secret").items().len() > 2);
    assert!(client.run("GET a").is_nil());
    let (after, _) = turns(&mut observer);
    assert!(after - before < 20, "{before} turns before, {after} after");
}

#[test]
fn connections_that_come_and_go_stop_nobody() {
    let server = start(&[]);
    let mut observer = server.connect();
    assert!(observer.run("SET a 1").is_ok());
    let received: u64 = observer.info("total_connections_received").parse().unwrap();
    let (before, _) = turns(&mut observer);
    for round in 0..250 {
        let mut clients: Vec<Client> = (0..4).map(|_| server.connect()).collect();
        for client in &mut clients {
            assert_eq!(client.run("PING").text(), "PONG");
            assert_eq!(client.run("GET a").text(), "1");
            if round % 2 == 0 {
                assert!(client.run("QUIT").is_ok());
            }
        }
    }
    wait_until("all have left", || observer.info("connected_clients") == "1");
    let (after, lines) = turns(&mut observer);
    assert!(after - before < 20, "{before} turns before, {after} after: {lines:?}");
    assert_eq!(observer.info("total_connections_received"), (received + 1000).to_string());
}

#[test]
fn a_limit_on_the_memory_of_clients_stops_nobody_until_it_is_reached() {
    let server = start(&["--maxmemory-clients", "20mb"]);
    runs_beside_others(&server, &["SET a 1", "GET a", "PING", "CONFIG GET save"]);
    let (mut observer, mut costly) = (server.connect(), server.connect());
    assert!(costly.run("CLIENT SETNAME costly").is_ok());
    assert!(observer.run("CLIENT NO-EVICT on").is_ok());
    let value = "x".repeat(1 << 20);
    costly.start(&["MULTI"]);
    let call = format!("*3\r\n$3\r\nSET\r\n$1\r\nb\r\n${}\r\n{value}\r\n", value.len());
    for _ in 0..40 {
        // It may be closed before it has sent everything.
        let _ = costly.send(call.as_bytes());
    }
    wait_until("the costly client has gone", || !observer.run("CLIENT LIST").text().contains("name=costly"));
    assert_eq!(observer.info("evicted_clients"), "1");
    assert!(observer.info("mem_clients_normal").parse::<usize>().unwrap() < 20 << 20);
}

#[test]
fn what_is_no_protocol_is_answered_behind_the_commands_before_it_and_stops_nobody() {
    let server = start(&[]);
    let mut observer = server.connect();
    let (before, _) = turns(&mut observer);
    for _ in 0..100 {
        let mut client = server.connect();
        client.send(b"SET a 1\r\nGET a\r\n*1\r\n!\r\nSET a 2\r\n").unwrap();
        let answers: Vec<String> = (0..3).map(|_| client.read().unwrap().text()).collect();
        assert_eq!(answers, ["OK", "1", "ERR Protocol error: expected '$', got '!'"]);
        assert!(client.read().is_err());
    }
    assert_eq!(observer.run("GET a").text(), "1");
    let (after, lines) = turns(&mut observer);
    assert!(after - before < 10, "{before} turns before, {after} after: {lines:?}");
}

#[test]
fn no_more_clients_come_in_than_may() {
    let server = start(&["--maxclients", "20"]);
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..3 {
        while clients.len() < 20 {
            let mut client = server.connect();
            if client.run("PING").text() == "PONG" {
                clients.push(client);
            }
        }
        for _ in 0..30 {
            assert_eq!(server.connect().read().unwrap().text(), "ERR max number of clients reached");
        }
        assert_eq!(clients[0].info("connected_clients"), "20");
        clients.truncate(1);
    }
}

#[test]
fn commands_keep_their_order_and_their_meaning_in_one_pipeline() {
    let server = start(&[]);
    let mut client = server.connect();
    let lines = "SET a 0|SELECT 1|SET a 1|PING|GET a|SELECT 0|GET a|NOTHING|CLIENT REPLY SKIP|GET a|ECHO x|\
                 CLIENT REPLY OFF|SET b 1|CLIENT REPLY ON|GET b";
    let bytes: String = lines.split('|').flat_map(|line| [line, "\r\n"]).collect();
    client.send(bytes.as_bytes()).unwrap();
    let expected = "OK|OK|OK|PONG|1|OK|0|ERR unknown command 'NOTHING', with args beginning with: |x|OK|1";
    for text in expected.split('|') {
        assert_eq!(client.read().unwrap().text(), text);
    }
    client.send(b"SET c 1\r\nQUIT\r\nSET c 2\r\n").unwrap();
    assert_eq!((client.read().unwrap().text(), client.read().unwrap().text()), ("OK".into(), "OK".into()));
    assert!(client.read().is_err());
    assert_eq!(server.connect().run("GET c").text(), "1");
}

#[test]
fn a_word_given_twice_leads_to_no_key_that_is_not_held() {
    let server = start(&[]);
    let mut client = server.connect();
    client.run("GEOADD g 1 2 m");
    client.run("XADD s 1-1 a b");
    client.run("XGROUP CREATE s g 0");
    for at in 0..50 {
        let lines = [
            format!("GEORADIUS g 1 2 3 km STORE a{at} STORE b{at}"),
            format!("GEORADIUS g 1 2 3 km STORE a{at} STOREDIST b{at}"),
            format!("GEORADIUS g 1 2 3 km STOREDIST STORE STORE b{at}"),
            format!("GEORADIUSBYMEMBER g m 3 km STOREDIST a{at} STOREDIST b{at}"),
            format!("XREADGROUP COUNT 1 GROUP g STREAMS STREAMS s{at} >"),
            "XREADGROUP COUNT 1 GROUP STREAMS x STREAMS s >".to_owned(),
            format!("XREAD COUNT 1 STREAMS STREAMS streams{at} 0 0"),
        ];
        for line in &lines {
            client.run(line);
            client.run("MULTI");
            client.run(line);
            client.run("EXEC");
        }
        let exists = client.run(&format!("EXISTS a{at} b{at}"));
        assert!(exists.integer().is_some_and(|count| count >= 1), "{exists:?}");
    }
    assert_eq!(client.run("PING").text(), "PONG");
}

/// What is sent behind a long command, or by others while it runs, begins when it runs, not when it was read.
#[test]
fn commands_that_waited_for_another_worker_know_what_time_it_is() {
    let server = start(&["--enable-debug-command", "yes", "--slowlog-log-slower-than", "100000"]);
    let mut client = server.connect();
    let calls = ["DEBUG SLEEP 0.3", "SET a 1 PX 200", "GET a"].map(|line| line.split(' ').collect());
    assert_eq!(client.pipeline(&calls).unwrap()[2].text(), "1");
    let calls = ["SET b 1 PX 50", "DEBUG SLEEP 0.3", "GET b"].map(|line| line.split(' ').collect());
    assert!(client.pipeline(&calls).unwrap()[2].is_nil());
    let mut others: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    client.start(&["DEBUG", "SLEEP", "0.3"]);
    std::thread::sleep(Duration::from_millis(50));
    others.iter_mut().for_each(|other| {
        let calls = ["SET c 1 PX 200", "GET c"].map(|line| encode(&line.split(' ').collect::<Vec<_>>()));
        other.send(&calls.concat()).unwrap();
    });
    client.read().unwrap();
    for other in &mut others {
        other.read().unwrap();
        assert_eq!(other.read().unwrap().text(), "1");
    }
    let slow = client.run("SLOWLOG GET -1");
    assert!(slow.items().iter().all(|entry| entry.items()[3].items()[0].text() == "DEBUG"), "{slow:?}");
}
