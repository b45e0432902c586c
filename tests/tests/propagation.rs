//! What goes to the append-only file, against a live redis-server 7.0: the same commands to both, the same
//! log, byte for byte but for times.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use ochre_tests::differential::generate::Generator;
use ochre_tests::differential::{Call, docs};
use ochre_tests::server::binary_under_test;
use ochre_tests::{Client, Directory, Rng, Server, ServerOptions, wait_until};

/// A server that writes a log.
struct Side {
    directory: Directory,
    server: Server,
    client: Client,
    read: usize,
}

const REFERENCE: &str = "/usr/bin/redis-server";
/// Nothing waits for the disk, so every command is in the file when its reply is there.
const OPTIONS: &[&str] =
    &["--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-percentage", "0"];

impl Side {
    fn start(binary: PathBuf, more: &[&str]) -> Side {
        let directory = Directory::new();
        let args = directory.args(&[OPTIONS, more].concat());
        let server = Server::start_with(ServerOptions { binary, args, ..ServerOptions::default() });
        let client = server.connect();
        Side { directory, server, client, read: 0 }
    }

    fn both(more: &[&str]) -> [Side; 2] {
        let own = [&["--compat-version", "7.0"], more].concat();
        [Side::start(binary_under_test(), &own), Side::start(REFERENCE.into(), more)]
    }

    /// What was appended since the last time, with times made equal.
    fn appended(&mut self) -> Vec<String> {
        let path = self.directory.path().join("appendonlydir/appendonly.aof.1.incr.aof");
        let log = std::fs::read(path).unwrap_or_default();
        let new = &log[self.read..];
        self.read = log.len();
        commands(new)
    }
}

/// The commands of a log, each as it stands there.
fn commands(mut log: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let line = |log: &mut &[u8]| {
        let end = log.windows(2).position(|w| w == b"\r\n").expect("a line end");
        let text = String::from_utf8_lossy(&log[..end]).into_owned();
        *log = &log[end + 2..];
        text
    };
    while !log.is_empty() {
        let count: usize = line(&mut log).strip_prefix('*').expect("a command").parse().unwrap();
        let words: Vec<String> = (0..count)
            .map(|_| {
                let len: usize = line(&mut log).strip_prefix('$').expect("a word").parse().unwrap();
                let word = log[..len].escape_ascii().to_string();
                log = &log[len + 2..];
                word
            })
            .collect();
        found.push(words.join(" "));
    }
    found
}

/// Whether two commands are equal but for times: the servers do not run them in the same millisecond.
fn alike(ours: &str, theirs: &str) -> bool {
    let is_time = |a: i64, b: i64| a > 1_000_000_000_000 && a.abs_diff(b) < 10_000;
    let same =
        |(a, b): (&str, &str)| a == b || a.parse().is_ok_and(|a| b.parse().is_ok_and(|b| is_time(a, b)));
    let (ours, theirs): (Vec<_>, Vec<_>) = (ours.split(' ').collect(), theirs.split(' ').collect());
    ours.len() == theirs.len() && ours.into_iter().zip(theirs).all(same)
}

fn assert_alike(ours: &[String], theirs: &[String], context: &str) {
    let different = ours.iter().zip(theirs).find(|(ours, theirs)| !alike(ours, theirs));
    assert_eq!(different, None, "{context}");
    assert_eq!(ours.len(), theirs.len(), "{context}: {ours:?} {theirs:?}");
}

#[test]
fn every_command_leaves_the_same_log_as_in_redis() {
    let mut sides = Side::both(&[]);
    for call in include_str!("propagation/commands.txt").lines() {
        if call == "# wait" {
            sleep(Duration::from_millis(20));
            continue;
        }
        let [ours, theirs] = sides.each_mut().map(|side| {
            side.client.run(call);
            side.appended()
        });
        assert_alike(&ours, &theirs, call);
    }
}

#[test]
fn clients_that_waited_leave_the_same_log_as_in_redis() {
    let mut sides = Side::both(&[]);
    for (waits, wakes) in [
        ("BLPOP l 0", "RPUSH l a b c"),
        ("BLMOVE l m LEFT RIGHT 0", "RPUSH l a b c"),
        ("BRPOPLPUSH l m 0", "RPUSH l a"),
        ("BLMPOP 0 2 k l LEFT COUNT 2", "RPUSH l a b c"),
        ("BZPOPMIN z 0", "ZADD z 1 a 2 b"),
        ("BZMPOP 0 1 z MAX COUNT 5", "ZADD z 1 a 2 b"),
        ("XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "XADD s 7-7 a b"),
        ("BLPOP l 0", "LPUSH l a"),
    ] {
        let [ours, theirs] = sides.each_mut().map(|side| {
            side.client.run("FLUSHALL");
            side.client.run("XGROUP CREATE s g $ MKSTREAM");
            let mut waiting = side.server.connect();
            waiting.start(&waits.split(' ').collect::<Vec<_>>());
            wait_until("the client waits", || side.client.info("blocked_clients") == "1");
            side.client.run(wakes);
            waiting.read().expect("it was served");
            side.client.run("PING");
            side.appended()
        });
        assert_alike(&ours, &theirs, waits);
    }
}

#[test]
fn keys_that_expire_or_are_evicted_by_themselves_leave_the_same_log_as_in_redis() {
    for lazy in ["no", "yes"] {
        let mut sides = Side::both(&["--lazyfree-lazy-expire", lazy, "--lazyfree-lazy-eviction", lazy]);
        let logs = sides.each_mut().map(|side| {
            side.client.run("SET a 1 PX 1");
            wait_until("the key has expired", || side.client.run("DBSIZE") == 0.into());
            side.client.run("SELECT 3");
            side.client.run("SET b 1");
            side.client.run("CONFIG SET maxmemory-policy allkeys-random maxmemory 1");
            side.client.run("GET b");
            side.client.run("CONFIG SET maxmemory 0");
            side.client.run("SET c 1");
            side.appended()
        });
        assert_alike(&logs[0], &logs[1], lazy);
        assert!(
            logs[0].contains(&(if lazy == "yes" { "UNLINK b" } else { "DEL b" }).to_owned()),
            "{:?}",
            logs[0]
        );
    }
}

#[test]
fn any_calls_leave_the_same_log_as_in_redis_and_it_makes_the_same_data() {
    let mut sides = Side::both(&[]);
    let declared = docs::load(&mut sides[0].server.connect(), "7.0.15");
    let mut generator = Generator::new(&declared, &[]);
    for side in &sides {
        generator.forget_unknown(&mut side.server.connect());
    }
    let mut rng = Rng::new(4);
    for round in 0..60 {
        let mut calls: Vec<Call> = Vec::new();
        (0..100).for_each(|_| generator.extend(&mut calls, &mut rng));
        let [ours, theirs] = sides.each_mut().map(|side| {
            side.client.pipeline(&calls).expect("the server answers");
            side.appended()
        });
        assert_alike(&ours, &theirs, &format!("round {round}"));
    }
    sides[0].client.run("DISCARD");
    assert_reloads(&mut sides[0].client);
}

#[test]
fn what_chance_and_time_decide_is_in_the_log_as_it_came_out() {
    let mut side = Side::start(binary_under_test(), &[]);
    let mut rng = Rng::new(5);
    for n in 0..3000 {
        let (key, member) = (rng.below(10), rng.below(50));
        let call = match n % 10 {
            0 => format!("SADD s{key} {member} {n} x"),
            1 => format!("SPOP s{key} {}", rng.below(4)),
            2 => format!("SPOP s{key}"),
            3 => format!("XADD x{key} MAXLEN ~ 20 * f {n}"),
            4 => format!("SET k{key} {n} EX 1000"),
            5 => format!("INCRBYFLOAT f{key} 0.1"),
            6 => format!("EXPIRE s{key} 100{member}"),
            7 => format!("XGROUP CREATE x{key} g 0 MKSTREAM"),
            8 => format!("XREADGROUP GROUP g c{member} COUNT 3 STREAMS x{key} >"),
            _ => format!("GETEX k{key} PX 100000{member}"),
        };
        side.client.run(&call);
    }
    assert_reloads(&mut side.client);
}

#[test]
fn the_log_of_a_level_has_only_commands_of_that_level() {
    for (level, version) in [("4.0", "4.0.14"), ("5.0", "5.0.14"), ("6.2", "6.2.14")] {
        let declared = docs::load(&mut Server::start(&[]).connect(), version);
        let mut generator = Generator::new(&declared, &[]);
        let mut side = Side::start(binary_under_test(), &["--compat-version", level]);
        generator.forget_unknown(&mut side.server.connect());
        let mut rng = Rng::new(8);
        for _ in 0..60 {
            let mut calls: Vec<Call> = Vec::new();
            (0..100).for_each(|_| generator.extend(&mut calls, &mut rng));
            side.client.pipeline(&calls).expect("the server answers");
        }
        side.client.run("DISCARD");
        for call in [
            "SELECT 0",
            "FLUSHALL",
            "SET k v EX 1000",
            "SET f 1.5 PX 1000000",
            "INCRBYFLOAT f 0.1",
            "SETEX e 1000 v",
            "XGROUP CREATE s g $ MKSTREAM",
            "XADD s * f v",
            "XREADGROUP GROUP g reads STREAMS s >",
            "XADD s * f v",
            "XREADGROUP GROUP g forgets NOACK STREAMS s >",
            "XCLAIM s g claims 0 0-1 FORCE LASTID 999-0",
            "SETRANGE dumped 0 value",
        ] {
            side.client.run(call);
        }
        let payload = side.client.run("DUMP dumped").bytes().expect("a payload").to_vec();
        assert!(side.client.call(&[&b"RESTORE"[..], b"restored", b"1000000", &payload]).is_ok());
        let expiring = |side: &mut Side| {
            ["k", "f", "e", "restored"].map(|key| side.client.run(&format!("PTTL {key}")).integer() > Some(0))
        };
        assert_eq!(expiring(&mut side), [true; 4]);
        for preamble in ["yes", "no"] {
            assert_reloads(&mut side.client);
            assert_eq!(expiring(&mut side), [true; 4], "{level}, {preamble}");
            side.client.run(&format!("CONFIG SET aof-use-rdb-preamble {preamble}"));
            side.client.run("BGREWRITEAOF");
            wait_until("the rewrite is done", || side.client.info("aof_rewrite_in_progress") == "0");
        }
        assert_reloads(&mut side.client);
        let log = side.server.log();
        assert!(!log.contains("CRITICAL"), "{level}: {log}");
    }
}

fn assert_reloads(client: &mut Client) {
    let before = client.run("DEBUG DIGEST");
    assert!(client.run("DEBUG LOADAOF").is_ok());
    assert_eq!(client.run("DEBUG DIGEST"), before);
}

#[test]
fn a_log_of_this_server_is_loaded_by_redis() {
    let mut side = Side::start(binary_under_test(), &["--compat-version", "7.0"]);
    let declared = docs::load(&mut side.server.connect(), "7.0.15");
    let mut generator = Generator::new(&declared, &[]);
    let mut rng = Rng::new(6);
    for _ in 0..50 {
        let mut calls: Vec<Call> = Vec::new();
        (0..100).for_each(|_| generator.extend(&mut calls, &mut rng));
        side.client.pipeline(&calls).expect("the server answers");
    }
    side.client.run("DISCARD");
    for preamble in ["yes", "no"] {
        let digest = side.client.run("DEBUG DIGEST");
        assert_eq!(digest_in_redis(side.directory.path()), digest, "preamble {preamble}");
        side.client.run(&format!("CONFIG SET aof-use-rdb-preamble {preamble}"));
        side.client.run("BGREWRITEAOF");
        wait_until("the rewrite is done", || side.client.info("aof_rewrite_in_progress") == "0");
        assert_eq!(side.client.info("aof_last_bgrewrite_status"), "ok");
    }
    let digest = side.client.run("DEBUG DIGEST");
    assert_eq!(digest_in_redis(side.directory.path()), digest);
}

/// The digest of a copy of these files, as redis-server loads them.
fn digest_in_redis(files: &Path) -> ochre_tests::Reply {
    let copy = Directory::new();
    std::fs::create_dir(copy.file("appendonlydir")).unwrap();
    for entry in std::fs::read_dir(files.join("appendonlydir")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.file("appendonlydir").join(entry.file_name())).unwrap();
    }
    let args = copy.args(OPTIONS);
    let server =
        Server::start_with(ServerOptions { binary: REFERENCE.into(), args, ..ServerOptions::default() });
    let mut client = server.connect();
    wait_until("the data is loaded", || client.info("loading") == "0");
    client.run("DEBUG DIGEST")
}
