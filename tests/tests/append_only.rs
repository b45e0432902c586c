//! The append-only file: what it keeps through restarts, crashes and full disks, and what it refuses.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use ochre_tests::client::encode;
use ochre_tests::server::binary_under_test;
use ochre_tests::{Client, Directory, Reply, Server, ServerOptions, wait_until};

const MANIFEST: &str = "appendonlydir/appendonly.aof.manifest";
const INCR: &str = "appendonlydir/appendonly.aof.1.incr.aof";

fn start(directory: &Directory, more: &[&str]) -> Server {
    directory.start(&[&["--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"], more].concat())
}

/// Starts a server that has to end by itself; its log.
fn fail_to_start(directory: &Directory, more: &[&str]) -> String {
    let args = directory.args(&[&["--appendonly", "yes"], more].concat());
    let mut server = Server::spawn(&ServerOptions { args, ..ServerOptions::default() });
    let status = server.wait_for_exit(Duration::from_secs(10)).expect("the server ends");
    assert_eq!(status.code(), Some(1));
    server.log()
}

fn wait_for_rewrite(c: &mut Client) {
    wait_until("the rewrite has ended", || {
        c.info("aof_rewrite_in_progress") == "0" && c.info("aof_rewrite_scheduled") == "0"
    });
}

/// A directory with one increment of this content.
fn with_log(log: &[u8]) -> Directory {
    let directory = Directory::new();
    fs::create_dir(directory.file("appendonlydir")).unwrap();
    fs::write(directory.file(MANIFEST), "file appendonly.aof.1.incr.aof seq 1 type i\n").unwrap();
    fs::write(directory.file(INCR), log).unwrap();
    directory
}

fn log_of(lines: &[&str]) -> Vec<u8> {
    lines.iter().flat_map(|line| encode(&line.split(' ').collect::<Vec<_>>())).collect()
}

fn fill(c: &mut Client) {
    for line in [
        "SET s v",
        "RPUSH l a b",
        "SADD set a b",
        "ZADD z 1 a",
        "HSET h f v",
        "XADD x 1-1 f v",
        "SET e v EX 1000",
    ] {
        assert!(!c.run(line).is_error(), "{line}");
    }
    c.run("SELECT 5");
    c.run("SET elsewhere 1");
    c.run("SELECT 0");
}

#[test]
fn data_survives_restarts_with_and_without_snapshots_in_the_base() {
    for preamble in ["yes", "no"] {
        let directory = Directory::new();
        let server = start(&directory, &["--aof-use-rdb-preamble", preamble]);
        let mut c = server.connect();
        fill(&mut c);
        let digest = c.run("DEBUG DIGEST");
        drop(server);
        let server = start(&directory, &["--aof-use-rdb-preamble", preamble]);
        let mut c = server.connect();
        assert_eq!(c.run("DEBUG DIGEST"), digest);
        assert!(c.run("BGREWRITEAOF").text().contains("started"));
        wait_for_rewrite(&mut c);
        c.run("SET later 1");
        let digest = c.run("DEBUG DIGEST");
        drop(server);
        let suffix = if preamble == "yes" { "rdb" } else { "aof" };
        let manifest = fs::read_to_string(directory.file(MANIFEST)).unwrap();
        let expected = format!(
            "file appendonly.aof.2.base.{suffix} seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n"
        );
        assert_eq!(manifest, expected);
        let files = fs::read_dir(directory.file("appendonlydir")).unwrap().count();
        assert_eq!(files, 3, "what a younger base replaced is deleted");
        assert_eq!(start(&directory, &[]).connect().run("DEBUG DIGEST"), digest);
    }
}

#[test]
fn no_acknowledged_write_is_lost_when_the_process_is_killed() {
    let directory = Directory::new();
    for round in 0..5 {
        let mut server = start(&directory, &["--appendfsync", "always"]);
        let mut c = server.connect();
        for n in 0..50 {
            assert!(c.run(&format!("SET {round}:{n} x")).is_ok());
        }
        c.start(&["BGREWRITEAOF"]);
        server.signal(libc::SIGKILL);
        server.wait_for_exit(Duration::from_secs(5));
        let server = start(&directory, &[]);
        let mut c = server.connect();
        wait_until("the data is loaded", || c.info("loading") == "0");
        assert_eq!(c.run("DBSIZE"), Reply::Integer(50 * (round + 1)));
    }
}

#[test]
fn it_can_begin_and_end_while_the_server_runs() {
    let directory = Directory::new();
    let server = directory.start(&["--rdb-key-save-delay", "5000"]);
    let mut c = server.connect();
    (0..300).for_each(|n| _ = c.run(&format!("SET k{n} v")));
    assert!(c.run("CONFIG SET appendonly yes").is_ok());
    assert_eq!((c.info("aof_enabled"), c.info("aof_rewrite_in_progress")), ("1".into(), "1".into()));
    c.run("SET meanwhile 1");
    assert!(c.run("SHUTDOWN").is_error(), "nothing is on the disk yet");
    assert!(server.log().contains("Writing initial AOF, can't exit."));
    wait_for_rewrite(&mut c);
    c.run("SET after 1");
    let digest = c.run("DEBUG DIGEST");
    assert!(c.run("DEBUG LOADAOF").is_ok());
    assert_eq!(c.run("DEBUG DIGEST"), digest);
    assert!(c.run("CONFIG SET appendonly no").is_ok());
    c.run("SET unseen 1");
    drop(server);
    assert_eq!(start(&directory, &[]).connect().run("DEBUG DIGEST"), digest);
}

#[test]
fn writes_go_on_during_a_rewrite_and_are_all_there() {
    let directory = Directory::new();
    let server = start(&directory, &["--rdb-key-save-delay", "500"]);
    let mut c = server.connect();
    for n in 0..1000 {
        c.run(&format!("INCR counter{}", n % 100));
        if n % 200 == 100 {
            c.run("BGREWRITEAOF");
        }
    }
    assert!(c.run("BGREWRITEAOF").text().contains("already in progress") || c.info("aof_rewrites") != "0");
    wait_for_rewrite(&mut c);
    let digest = c.run("DEBUG DIGEST");
    drop(server);
    assert_eq!(start(&directory, &[]).connect().run("DEBUG DIGEST"), digest);
}

#[test]
fn a_rewrite_starts_by_itself_when_the_file_has_grown() {
    let directory = Directory::new();
    let more = ["--auto-aof-rewrite-percentage", "100", "--auto-aof-rewrite-min-size", "10kb"];
    let server = start(&directory, &more);
    let mut c = server.connect();
    (0..2000).for_each(|_| _ = c.run("SET key value"));
    wait_until("a rewrite was started", || c.info("aof_rewrites") != "0");
    wait_for_rewrite(&mut c);
    assert!(server.log().contains("Starting automatic rewriting of AOF on"));
    assert!(c.info("aof_current_size").parse::<u64>().unwrap() < 50_000);
}

/// The increment is a device that is always full.
fn full_disk() -> Directory {
    let directory = with_log(b"");
    fs::remove_file(directory.file(INCR)).unwrap();
    symlink("/dev/full", directory.file(INCR)).unwrap();
    directory
}

#[test]
fn a_full_disk_stops_writes_until_there_is_room() {
    let directory = full_disk();
    let server = start(&directory, &[]);
    let mut c = server.connect();
    c.run("SET a 1");
    let refused = "MISCONF Errors writing to the AOF file: No space left on device";
    wait_until("the error is known", || c.run("SET b 1") == Reply::Error(refused.into()));
    assert_eq!(c.run("PING"), Reply::Error(refused.into()));
    assert_eq!(c.run("GET a").text(), "1");
    assert_eq!(c.info("aof_last_write_status"), "err");
    assert!(server.log().contains("Error writing to the AOF file: No space left on device"));
    assert!(c.run("BGREWRITEAOF").is_error(), "what could not be written must not come twice");
    c.run("CONFIG SET appendonly no");
    assert!(c.run("SET b 1").is_ok());
    c.run("CONFIG SET appendonly yes");
    wait_for_rewrite(&mut c);
    assert!(c.run("SET c 1").is_ok());
    assert_eq!(c.info("aof_last_write_status"), "ok");
    drop(server);
    assert_eq!(start(&directory, &[]).connect().run("DBSIZE"), Reply::Integer(3));
}

#[test]
fn a_full_disk_ends_a_server_that_promised_to_write_always() {
    let directory = full_disk();
    let mut server = start(&directory, &["--appendfsync", "always"]);
    let mut c = server.connect();
    c.start(&["SET", "a", "1"]);
    assert!(c.read().is_err(), "what is not on the disk is not acknowledged");
    assert_eq!(server.wait_for_exit(Duration::from_secs(5)).unwrap().code(), Some(1));
    assert!(
        server
            .log()
            .contains("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...")
    );
}

#[test]
fn a_cut_off_end_is_removed_and_a_transaction_as_a_whole() {
    let whole = log_of(&["SET a 1", "SET b 1"]);
    for (tail, reason) in [
        (log_of(&["SET c 1"]).split_last().unwrap().1.to_vec(), "in the last byte"),
        (log_of(&["MULTI", "SET c 1"]), "before EXEC"),
        (log_of(&["MULTI", "SET c 1", "SET d 1"])[..60].to_vec(), "in a transaction"),
        (b"*3\r\n$3".to_vec(), "in a header"),
        (b"*2\r\n$3\r\nDEL\r\n$1000000000000\r\nx".to_vec(), "in a length that lies"),
    ] {
        let directory = with_log(&[&whole[..], &tail].concat());
        let log = fail_to_start(&directory, &["--aof-load-truncated", "no"]);
        assert!(log.contains("Unexpected end of file reading the append only file"), "{reason}: {log}");
        let server = start(&directory, &[]);
        let mut c = server.connect();
        assert_eq!(c.run("DBSIZE"), Reply::Integer(2), "{reason}");
        assert!(server.log().contains("loaded anyway because aof-load-truncated is enabled"));
        assert_eq!(fs::read(directory.file(INCR)).unwrap(), whole, "{reason}");
        c.run("SET new 1");
        drop(server);
        assert_eq!(start(&directory, &[]).connect().run("DBSIZE"), Reply::Integer(3), "{reason}");
    }
}

#[test]
fn damage_is_refused_with_its_place() {
    for (tail, line) in [
        (&b"!!!"[..], "Bad file format reading the append only file appendonly.aof.1.incr.aof"),
        (b"*0\r\n", "Bad file format"),
        (b"*1\r\n$4\r\nBLAH\r\n", "Unknown command 'BLAH' reading the append only file"),
        (b"*2\r\n$3\r\nSET\r\n$1\r\na\r\n", "Wrong number of arguments for command 'set'"),
    ] {
        let log = fail_to_start(&with_log(&[&log_of(&["SET a 1"]), tail].concat()), &[]);
        assert!(log.contains(line), "{line}: {log}");
    }
    let directory = with_log(b"");
    fs::write(directory.file(MANIFEST), "file a seq 1 type x\n").unwrap();
    assert!(fail_to_start(&directory, &[]).contains("Unknown AOF file type"));
    fs::write(directory.file(MANIFEST), "file missing.aof seq 1 type i\n").unwrap();
    assert!(fail_to_start(&directory, &[]).contains("No such file or directory"));
}

#[test]
fn the_single_file_of_an_older_server_moves_into_the_directory() {
    let directory = Directory::new();
    fs::write(directory.file("appendonly.aof"), log_of(&["SET a 1", "SELECT 3", "SET b 1"])).unwrap();
    let server = start(&directory, &[]);
    let mut c = server.connect();
    assert_eq!(c.run("GET a").text(), "1");
    assert!(server.log().contains("Successfully migrated an old-style AOF file (appendonly.aof)"));
    assert!(!directory.file("appendonly.aof").exists());
    c.run("SET c 1");
    let digest = c.run("DEBUG DIGEST");
    drop(server);
    assert_eq!(start(&directory, &[]).connect().run("DEBUG DIGEST"), digest);
}

#[test]
fn keys_whose_time_came_while_the_server_was_away_are_gone() {
    let directory = with_log(&log_of(&[
        "SET a 1 PXAT 1000",
        "SET b 1 PXAT 1000",
        "PERSIST b",
        "RPUSH l x",
        "PEXPIREAT l 1",
        "RPUSH l y",
    ]));
    let server = start(&directory, &[]);
    let mut c = server.connect();
    assert_eq!(c.run("EXISTS a b l"), Reply::Integer(1), "only b, which was made to stay");
}

/// Runs a checker under a name on a file; what it says and its exit code.
fn check(program: &Path, args: &[&str], file: &Path) -> (String, Option<i32>) {
    let mut command = Command::new(program);
    let mut child = command
        .args(args)
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the checker starts");
    // It may end without having asked.
    let _ = std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"y\n");
    let output = child.wait_with_output().unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

/// A snapshot with some data.
fn snapshot() -> Vec<u8> {
    let directory = Directory::new();
    let server = start(&directory, &["--compat-version", "7.0"]);
    let mut c = server.connect();
    fill(&mut c);
    c.run("BGREWRITEAOF");
    wait_for_rewrite(&mut c);
    fs::read(directory.file("appendonlydir/appendonly.aof.2.base.rdb")).unwrap()
}

#[test]
fn the_checker_says_and_does_what_that_of_redis_does() {
    let good = log_of(&["SET a 1", "MULTI", "SET b 1", "EXEC"]);
    let timed = [b"#TS:100\r\n", &good[..], b"#TS:200\r\n", &good, b"#TS:300\r\n"].concat();
    let logs: Vec<Vec<u8>> = vec![
        good.clone(),
        good[..good.len() - 3].to_vec(),
        [&good[..], b"!!!"].concat(),
        [&good[..], b"*2\r\n$3\r\nDEL\r\n$-5\r\n"].concat(),
        [&good[..], b"*2\r\n$3\r\nDEL\r\n$99\r\nx"].concat(),
        [&good[..], b"*1\r\nx4\r\nEXEC\r\n"].concat(),
        [&good[..], b"*1\n"].concat(),
        [&good[..], b"*1\r\n$4\r\nEXECxx"].concat(),
        [&good[..], &log_of(&["EXEC"])].concat(),
        [&good[..], &log_of(&["MULTI", "MULTI"])].concat(),
        [&good[..], &log_of(&["MULTI", "SET c 1"])].concat(),
        timed,
        Vec::new(),
        [&snapshot(), &good[..]].concat(),
        [&snapshot()[..40], &good[..]].concat(),
    ];
    let ours = Directory::new().path().join("redis-check-aof");
    fs::create_dir_all(ours.parent().unwrap()).unwrap();
    symlink(binary_under_test(), &ours).unwrap();
    for (at, log) in logs.iter().enumerate() {
        for args in [
            &[][..],
            &["--fix"],
            &["--truncate-to-timestamp", "200"],
            &["--truncate-to-timestamp", "50"],
            &["--no"],
        ] {
            for part in [INCR, MANIFEST] {
                let results = [PathBuf::from("/usr/bin/redis-check-aof"), ours.clone()].map(|program| {
                    let directory = with_log(log);
                    let (said, code) = check(&program, args, &directory.file(part));
                    let said = said
                        .replace(directory.path().to_str().unwrap(), "DIR")
                        .replace(program.to_str().unwrap(), "PROGRAM");
                    (said, code, fs::read(directory.file(INCR)).unwrap())
                });
                assert_eq!(results[1], results[0], "log {at}, {args:?}, {part}");
            }
        }
    }
    let _ = fs::remove_dir_all(ours.parent().unwrap());
}

#[test]
fn a_log_of_a_higher_level_is_refused_and_not_half_read() {
    let directory = Directory::new();
    let mut server = directory.start(&["--appendonly", "yes", "--aof-use-rdb-preamble", "no"]);
    server.connect().run("SET k v EX 1000");
    server.connect().run("SET l v");
    server.signal(libc::SIGTERM);
    server.wait_for_exit(Duration::from_secs(20)).expect("the server ends");
    drop(server);
    let args = directory.args(&["--appendonly", "yes", "--compat-version", "5.0"]);
    let mut server = Server::spawn(&ServerOptions { args, ..ServerOptions::default() });
    let status = server.wait_for_exit(Duration::from_secs(20)).expect("the start is refused");
    assert!(!status.success());
    assert!(server.log().contains("compat-version 5.0 does not know"), "{}", server.log());
    drop(server);
    let server = directory.start(&["--appendonly", "yes"]);
    assert_eq!(server.connect().run("EXISTS k l"), 2.into());
}

/// Calls whose log needs rewriting; levels that do not know one answer an error.
const REWRITTEN: [&str; 45] = [
    "SET a 1 EX 5000",
    "SET a 2 PX 5000000 XX",
    "SET b 1 EXAT 4000000000",
    "SET c 1 KEEPTTL",
    "SETEX d 5000 v",
    "PSETEX e 5000000 v",
    "GETEX a PX 7000000",
    "GETDEL c",
    "EXPIRE b 4000",
    "EXPIRE b 9000 GT",
    "INCRBYFLOAT f 1.5",
    "SETEX i 5000 0.25",
    "INCRBYFLOAT i 1.5",
    "HSET h a 1 b 2 c 3",
    "HINCRBYFLOAT h a 0.25",
    "SADD s a b c d e f",
    "SPOP s",
    "SPOP s 2",
    "SMOVE s t a",
    "RPUSH l a b c d e",
    "RPOPLPUSH l m",
    "BRPOPLPUSH l m 1",
    "LMOVE l m LEFT RIGHT",
    "BLPOP l 1",
    "LMPOP 1 l LEFT COUNT 2",
    "ZADD z 1 a 2 b 3.25 c",
    "ZADD z INCR 0.5 a",
    "ZPOPMIN z",
    "BZPOPMAX z 1",
    "SORT m ALPHA STORE n",
    "GEOADD g 13.5 38.1 x 15.1 37.5 y",
    "GEORADIUS g 15 37 200 km STORE near",
    "XADD x 1-1 f v",
    "XADD x MAXLEN ~ 100 * f v",
    "XADD x * f w",
    "XGROUP CREATE x g 0",
    "XREADGROUP GROUP g alice COUNT 2 STREAMS x >",
    "XCLAIM x g bob 0 1-1",
    "XAUTOCLAIM x g carol 0 0 COUNT 1",
    "XREADGROUP GROUP g dave STREAMS x 0",
    "XADD y 1-1 f v",
    "XADD y 2-2 f v",
    "XADD y 3-3 f v",
    "XDEL y 1-1",
    "XTRIM y MAXLEN 1",
];

#[test]
fn every_level_reads_its_own_log() {
    for level in ["4.0", "5.0", "6.2", "7.0", "7.2", "latest"] {
        let directory = Directory::new();
        let args = ["--compat-version", level, "--aof-use-rdb-preamble", "no", "--appendfsync", "always"];
        let state = |c: &mut Client| {
            // What a consumer does is forgotten by the log, but not what it has to do.
            let pending = c.run("XPENDING x g");
            let times: Vec<_> =
                ["a", "b", "d", "e", "i"].map(|key| c.run(&format!("PTTL {key}")).integer()).into();
            let seconds: Vec<_> = times.into_iter().map(|ms| ms.map(|ms| (ms + 50_000) / 100_000)).collect();
            (c.run("DEBUG DIGEST"), pending, seconds)
        };
        let server = start(&directory, &args);
        let mut c = server.connect();
        REWRITTEN.iter().for_each(|line| _ = c.run(line));
        let before = state(&mut c);
        drop(server);
        let server = start(&directory, &args);
        let mut c = server.connect();
        assert_eq!(state(&mut c), before, "level {level}: the log of commands");
        assert!(!server.log().contains("CRITICAL"), "level {level}: {}", server.log());
        assert!(c.run("BGREWRITEAOF").text().contains("started"));
        wait_for_rewrite(&mut c);
        drop(server);
        let server = start(&directory, &args);
        assert_eq!(state(&mut server.connect()), before, "level {level}: the log of values");
        assert!(!server.log().contains("CRITICAL"), "level {level}: {}", server.log());
    }
}
