//! The log of several workers: what it replays to is what they made of it.

use ochre_tests::{Client, Directory, Rng, Server, wait_until};
use std::thread;

const CLIENTS: u64 = 8;
const BATCHES: usize = 150;
const PER_BATCH: usize = 40;

fn start(directory: &Directory, more: &[&str]) -> Server {
    let args = ["--io-threads", "4", "--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"];
    directory.start(&[&args, more].concat())
}

/// A command whose effect depends on what came before it.
fn command(rng: &mut Rng) -> String {
    let mut key = || format!("k{}", rng.below(12));
    let (a, b, c) = (key(), key(), key());
    match rng.below(20) {
        0..=3 => format!("INCR n{a}"),
        4..=5 => format!("APPEND s{a} {}", rng.below(10)),
        6 => format!("SET s{a} {}", rng.below(1000)),
        7 => format!("SET s{a} {} PX {}", rng.below(1000), 1 + rng.below(30)),
        8 => format!("MSET s{a} 1 s{b} 2 s{c} 3"),
        9 => format!("RPUSH l{a} {} {}", rng.below(100), rng.below(100)),
        10 => format!("LPOP l{a}"),
        11 => format!("LMOVE l{a} l{b} LEFT RIGHT"),
        12 => format!("RENAME s{a} s{b}"),
        13 => format!("SADD m{a} {} {}", rng.below(50), rng.below(50)),
        14 => format!("SPOP m{a} 2"),
        15 => format!("SINTERSTORE m{a} m{b} m{c}"),
        16 => format!("GETDEL s{a}"),
        17 => format!("INCRBYFLOAT f{a} 0.{}", 1 + rng.below(9)),
        18 => format!("HINCRBY h{a} f{} 1", rng.below(5)),
        _ => format!("SELECT {}", rng.below(3)),
    }
}

fn write(server: &Server, seed: u64) {
    let (mut client, mut rng) = (server.connect(), Rng::new(seed));
    for batch in 0..BATCHES {
        let mut lines: Vec<String> = (0..PER_BATCH).map(|_| command(&mut rng)).collect();
        if batch % 10 == 0 {
            lines.insert(0, "MULTI".to_owned());
            lines.push("EXEC".to_owned());
        }
        let calls: Vec<Vec<&str>> = lines.iter().map(|line| line.split(' ').collect()).collect();
        client.pipeline(&calls).expect("the server answers");
    }
}

/// The digest, when all that expires is gone.
fn state(client: &mut Client) -> String {
    wait_until("keys with a time have gone", || {
        let keyspace = client.run("INFO keyspace").text();
        keyspace.lines().all(|line| !line.contains("expires=") || line.contains("expires=0"))
    });
    client.run("DEBUG DIGEST").text()
}

fn replays_to_the_same_data(more: &[&str]) {
    let directory = Directory::new();
    let server = start(&directory, more);
    thread::scope(|scope| {
        for seed in 0..CLIENTS {
            let server = &server;
            scope.spawn(move || write(server, seed));
        }
        let mut client = server.connect();
        scope.spawn(move || {
            for _ in 0..3 {
                assert!(!client.run("BGREWRITEAOF").is_error());
                wait_until("the rewrite has ended", || client.info("aof_rewrite_in_progress") == "0");
            }
        });
    });
    let mut client = server.connect();
    let before = state(&mut client);
    assert!(client.run("DEBUG LOADAOF").is_ok());
    assert_eq!(state(&mut client), before);
    drop(client);
    drop(server);
    let server = start(&directory, more);
    assert_eq!(state(&mut server.connect()), before);
}

#[test]
fn the_log_of_four_workers_replays_to_the_same_data() {
    replays_to_the_same_data(&["--appendfsync", "everysec"]);
}

#[test]
fn with_every_write_synchronised_too() {
    replays_to_the_same_data(&["--appendfsync", "always"]);
}

#[test]
fn with_the_time_noted_too() {
    replays_to_the_same_data(&["--appendfsync", "no", "--aof-timestamp-enabled", "yes"]);
}

/// Sends `SET key:round:number value`, all at once.
fn set_all(client: &mut Client, round: usize, value: &str, more: &[&str]) {
    let name = |number: usize| format!("key:{round}:{number}");
    let names: Vec<String> = (0..64).map(name).collect();
    let calls: Vec<Vec<&str>> = names.iter().map(|name| [&["SET", name, value], more].concat()).collect();
    client.pipeline(&calls).expect("the server answers");
}

/// SCAN moves from shard to shard, and deletes what it finds expired.
#[test]
fn what_is_written_behind_a_scan_that_found_it_expired_is_behind_it_in_the_log() {
    const ROUNDS: usize = 60;
    let directory = Directory::new();
    let server = start(&directory, &["--appendfsync", "no"]);
    let mut control = server.connect();
    assert!(control.run("DEBUG SET-ACTIVE-EXPIRE 0").is_ok());
    for round in 0..ROUNDS {
        set_all(&mut control, round, "old", &["PX", "1"]);
        thread::sleep(std::time::Duration::from_millis(2));
        thread::scope(|scope| {
            for _ in 0..2 {
                let mut client = server.connect();
                scope.spawn(move || client.run("SCAN 0 COUNT 100000"));
                let mut client = server.connect();
                scope.spawn(move || set_all(&mut client, round, "new", &[]));
            }
        });
    }
    let before = control.run("DBSIZE");
    assert_eq!(before.integer(), Some((ROUNDS * 64) as i64));
    assert!(control.run("DEBUG LOADAOF").is_ok());
    assert_eq!(control.run("DBSIZE"), before);
}
