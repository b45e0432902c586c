//! The end of the server: what is saved, what holds it up, who may change its mind.

use std::fs;
use std::time::Duration;

use ochre_tests::client::encode;
use ochre_tests::{Client, Directory, Reply, Server, wait_until};

const SOON: Duration = Duration::from_secs(10);

fn start(directory: &Directory, more: &[&str]) -> (Server, Client) {
    let server = directory.start(more);
    let mut c = server.connect();
    assert!(c.run("SET a b").is_ok());
    (server, c)
}

fn ends(server: &mut Server) {
    assert!(server.wait_for_exit(SOON).expect("the server ends").success(), "{}", server.log());
}

/// Keys the next server finds.
fn keys(directory: &Directory) -> i64 {
    directory.start(&[]).connect().run("DBSIZE").integer().unwrap()
}

#[test]
fn save_points_and_options_decide_whether_shutdown_saves() {
    for (points, options, saves) in [
        ("", "", false),
        ("", "SAVE", true),
        ("900 1", "", true),
        ("900 1", "NOSAVE", false),
        ("900 1", "NOW", true),
        ("", "SAVE NOW FORCE", true),
    ] {
        let directory = Directory::new();
        let (mut server, mut c) = start(&directory, &["--save", points]);
        c.send(format!("SHUTDOWN {options}\r\n").as_bytes()).unwrap();
        assert_eq!(c.read_to_end().unwrap(), b"");
        ends(&mut server);
        assert_eq!(directory.file("dump.rdb").exists(), saves, "save {points:?}, SHUTDOWN {options}");
        assert_eq!(server.log().contains("Saving the final RDB snapshot before exiting."), saves);
        assert_eq!(keys(&directory), i64::from(saves));
    }
}

#[test]
fn signals_save_as_their_options_say() {
    for (signal, points, option, saves) in [
        (libc::SIGTERM, "900 1", "default", true),
        (libc::SIGINT, "900 1", "default", true),
        (libc::SIGTERM, "", "default", false),
        (libc::SIGTERM, "900 1", "nosave", false),
        (libc::SIGINT, "", "save", true),
    ] {
        let directory = Directory::new();
        let name = if signal == libc::SIGINT { "--shutdown-on-sigint" } else { "--shutdown-on-sigterm" };
        let (mut server, _c) = start(&directory, &["--save", points, name, option]);
        server.signal(signal);
        ends(&mut server);
        assert_eq!(directory.file("dump.rdb").exists(), saves, "signal {signal}, save {points:?}, {option}");
    }
}

#[test]
fn wrong_combinations_are_errors() {
    let directory = Directory::new();
    let (mut server, mut c) = start(&directory, &[]);
    for line in ["SHUTDOWN SAVE NOSAVE", "SHUTDOWN ABORT NOW", "SHUTDOWN later"] {
        assert_eq!(c.run(line), Reply::Error("ERR syntax error".into()), "{line}");
    }
    assert_eq!(c.run("SHUTDOWN ABORT"), Reply::Error("ERR No shutdown in progress.".into()));
    assert!(server.is_running());
}

#[test]
fn a_snapshot_that_fails_keeps_the_server_running() {
    let directory = Directory::new();
    let (mut server, mut c) = start(&directory, &["--save", "900 1"]);
    fs::create_dir(directory.file("dump.rdb")).unwrap();
    assert_eq!(c.run("SHUTDOWN"), Reply::Error("ERR Errors trying to SHUTDOWN. Check logs.".into()));
    server.signal(libc::SIGTERM);
    wait_until("the signal was refused", || {
        server.log().matches("Error trying to save the DB, can't exit.").count() == 2
    });
    // Both signals one after the other: the second does not count as insisting.
    server.signal(libc::SIGINT);
    wait_until("the signal was refused again", || {
        server.log().matches("Error trying to save the DB, can't exit.").count() == 3
    });
    assert_eq!(c.run("GET a"), "b".into());
    assert_eq!(directory.names(), ["dump.rdb"]);
    c.send(b"SHUTDOWN FORCE\r\n").unwrap();
    ends(&mut server);
    assert!(server.log().contains("Error trying to save the DB. Exit anyway."));
}

#[test]
fn a_signal_can_be_taken_back_until_the_cron_has_seen_it() {
    let directory = Directory::new();
    let (mut server, mut c) = start(&directory, &[]);
    assert!(c.run("DEBUG PAUSE-CRON 1").is_ok());
    server.signal(libc::SIGTERM);
    wait_until("the signal has come", || server.log().contains("Received SIGTERM scheduling shutdown..."));
    assert!(c.run("SHUTDOWN ABORT").is_ok());
    assert!(server.log().contains("Shutdown manually aborted"));
    assert!(c.run("DEBUG PAUSE-CRON 0").is_ok());
    std::thread::sleep(Duration::from_millis(250));
    assert!(server.is_running());
    assert_eq!(c.run("PING"), Reply::Simple("PONG".into()));
}

#[test]
fn who_insists_ends_the_server_in_the_middle_of_its_snapshot() {
    let directory = Directory::new();
    let (mut server, _c) = start(&directory, &["--save", "900 1", "--rdb-key-save-delay", "10000000"]);
    server.signal(libc::SIGINT);
    let temporary = directory.file(&format!("temp-{}.rdb", server.pid()));
    wait_until("the snapshot is being written", || temporary.exists());
    server.signal(libc::SIGINT);
    assert_eq!(server.wait_for_exit(SOON).expect("the server ends").code(), Some(1));
    assert!(server.log().contains("You insist... exiting now."));
    assert!(directory.names().is_empty());
}

#[test]
fn a_child_that_saves_does_not_outlive_the_server() {
    let directory = Directory::new();
    let (mut server, mut c) = start(&directory, &["--rdb-key-save-delay", "10000000"]);
    c.run("BGSAVE");
    wait_until("the child writes", || directory.names().len() == 1);
    c.send(b"SHUTDOWN NOSAVE\r\n").unwrap();
    ends(&mut server);
    assert!(server.log().contains("There is a child saving an .rdb. Killing it!"));
    assert!(directory.names().is_empty(), "{:?}", directory.names());
}

#[test]
fn an_ending_server_starts_no_rewrite_in_place_of_the_one_it_killed() {
    let directory = Directory::new();
    let grows = ["--auto-aof-rewrite-min-size", "1", "--auto-aof-rewrite-percentage", "1"];
    let slow = ["--aof-use-rdb-preamble", "no", "--rdb-key-save-delay", "10000000"];
    let (mut server, mut c) = start(&directory, &[&["--appendonly", "yes"], &grows[..], &slow].concat());
    wait_until("a rewrite runs", || c.info("aof_rewrite_in_progress") == "1");
    assert!(c.run("SET c d").is_ok());
    server.signal(libc::SIGTERM);
    ends(&mut server);
    let log = server.log();
    let (_, end) = log.split_once("There is a child rewriting the AOF. Killing it!").expect("it is killed");
    assert!(!end.contains("Starting automatic rewriting"), "{log}");
}

#[test]
fn what_clients_were_told_before_the_end_is_saved() {
    for round in 0..4 {
        let directory = Directory::new();
        let (mut server, mut ender) = start(&directory, &["--save", "900 1"]);
        let told: Vec<u64> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..16)
                .map(|number| {
                    let mut client = server.connect();
                    scope.spawn(move || {
                        // Several at once, so that some are behind the end in what the server has read.
                        let mut told = 0;
                        loop {
                            let calls: Vec<Vec<String>> = (1..=8)
                                .map(|more| {
                                    vec!["SET".into(), format!("n{number}"), (told + more).to_string()]
                                })
                                .collect();
                            let bytes: Vec<u8> = calls.iter().flat_map(|call| encode(call)).collect();
                            if client.send(&bytes).is_err() {
                                return told;
                            }
                            for _ in 0..calls.len() {
                                match client.read() {
                                    Ok(reply) if reply.is_ok() => told += 1,
                                    _ => return told,
                                }
                            }
                        }
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(50 + 20 * round));
            ender.send(b"SHUTDOWN\r\n").unwrap();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        ends(&mut server);
        let server = directory.start(&[]);
        let mut client = server.connect();
        for (number, told) in told.into_iter().enumerate() {
            let kept: u64 = client.run(&format!("GET n{number}")).text().parse().unwrap_or(0);
            assert!(kept >= told, "client {number} was told of {told}, kept is {kept}");
        }
    }
}
