//! Snapshots and payloads between Ochre and redis-server 7.0: what one wrote the other reads, compared
//! by DEBUG DIGEST, which both compute alike.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use ochre_tests::server::{binary_under_test, scratch_directory};
use ochre_tests::{Client, Directory, Reply, Rng, Server, ServerOptions, wait_until};

/// Levels whose files redis-server 7.0 reads.
const LEVELS: [&str; 4] = ["4.0", "5.0", "6.2", "7.0"];

/// Texts of all kinds: integers of all sizes, compressible, incompressible, long.
fn text(rng: &mut Rng) -> Vec<u8> {
    match rng.below(10) {
        0..=2 => ((rng.bits() >> rng.below(64)) as i64).to_string().into_bytes(),
        3 => (-((rng.bits() >> (1 + rng.below(63))) as i64)).to_string().into_bytes(),
        4..=6 => (0..rng.below(80)).map(|_| *rng.pick(b"abcdef")).collect(),
        7 => vec![b'x'; rng.below(5000)],
        8 => format!("{:.3}", rng.below(100_000) as f64 / 77.0).into_bytes(),
        _ => (0..rng.below(300)).map(|_| rng.bits() as u8).collect(),
    }
}

fn score(rng: &mut Rng) -> Vec<u8> {
    match rng.below(6) {
        0 => b"inf".to_vec(),
        1 => b"-1e300".to_vec(),
        2 => (rng.below(11) as i64 - 5).to_string().into_bytes(),
        _ => format!("{}", rng.below(1_000_000) as f64 / 64.0).into_bytes(),
    }
}

/// Calls that make values of every type, small and large.
fn calls(seed: u64, streams: bool) -> Vec<Vec<Vec<u8>>> {
    let mut rng = Rng::new(seed);
    let mut calls = Vec::new();
    for at in 0..300 {
        let kind = rng.below(if streams { 7 } else { 5 });
        let key = format!("{kind}:{}", rng.below(60)).into_bytes();
        let count = *rng.pick(&[1, 2, 3, 10, 40, 140, 700]);
        let mut call: Vec<Vec<u8>> = Vec::new();
        match kind {
            0 => call.extend([b"SET".to_vec(), key.clone(), text(&mut rng)]),
            1 => {
                call.extend([b"RPUSH".to_vec(), key.clone()]);
                call.extend((0..count).map(|_| text(&mut rng)));
            }
            2 => {
                call.extend([b"SADD".to_vec(), key.clone()]);
                let ints = rng.chance(50);
                call.extend(
                    (0..count).map(|n| if ints { (n * 7).to_string().into() } else { text(&mut rng) }),
                );
            }
            3 => {
                call.extend([b"HSET".to_vec(), key.clone()]);
                call.extend((0..2 * count).map(|_| text(&mut rng)));
            }
            4 => {
                call.extend([b"ZADD".to_vec(), key.clone()]);
                call.extend((0..count).flat_map(|_| [score(&mut rng), text(&mut rng)]));
            }
            5 => {
                for n in 0..count.min(150) {
                    let id = format!("{at}-{}", n + 1).into_bytes();
                    calls.push(vec![b"XADD".to_vec(), key.clone(), id, b"field".to_vec(), text(&mut rng)]);
                }
                call.extend([b"XDEL".to_vec(), key.clone(), format!("{at}-1").into_bytes()]);
            }
            _ => {
                let key = format!("5:{}", rng.below(60)).into_bytes();
                calls.push(["XGROUP", "CREATE"].map(|word| word.as_bytes().to_vec()).to_vec());
                calls.last_mut().expect("just pushed").extend([key.clone(), b"g".to_vec(), b"0".to_vec()]);
                call.extend(["XREADGROUP", "GROUP", "g", "c", "COUNT", "5", "STREAMS"].map(|w| w.into()));
                call.extend([key, b">".to_vec()]);
            }
        }
        calls.push(call);
        if rng.chance(20) {
            let ttl = (1_000_000 + rng.below(1_000_000_000)).to_string().into_bytes();
            calls.push(vec![b"PEXPIRE".to_vec(), key, ttl]);
        }
        if rng.chance(5) {
            calls.push(vec![b"SELECT".to_vec(), rng.below(16).to_string().into_bytes()]);
        }
    }
    calls
}

/// Fills the server (calls on missing streams fail, which is as well) and saves; returns the digest.
fn fill_and_save(client: &mut Client, seed: u64, streams: bool) -> String {
    client.pipeline(&calls(seed, streams)).expect("answers to all calls");
    let digest = client.run("DEBUG DIGEST").text();
    assert!(client.run("SAVE").is_ok());
    digest
}

fn redis_in(directory: &Directory) -> Server {
    start_redis(directory, &[])
}

fn start_redis(directory: &Directory, more: &[&str]) -> Server {
    let binary = std::env::var_os("REDIS_SERVER").unwrap_or_else(|| "/usr/bin/redis-server".into());
    Server::start_with(ServerOptions {
        binary: binary.into(),
        args: directory.args(more),
        ..ServerOptions::default()
    })
}

/// The encoding of every key, by database and key, in the names of 7.0.
fn encodings(client: &mut Client) -> BTreeMap<(usize, String), String> {
    let mut found = BTreeMap::new();
    for db in 0..16 {
        client.run(&format!("SELECT {db}"));
        for key in client.run("KEYS *").items().iter().map(Reply::text) {
            let encoding = client.call(&["OBJECT", "ENCODING", &key]).text().replace("ziplist", "listpack");
            found.insert((db, key), encoding);
        }
    }
    found
}

#[test]
fn redis_loads_what_ochre_saved_at_every_level() {
    for (seed, level) in LEVELS.into_iter().enumerate() {
        let directory = Directory::new();
        let ochre = directory.start(&["--compat-version", level]);
        let digest = fill_and_save(&mut ochre.connect(), seed as u64, level != "4.0");
        let own = encodings(&mut ochre.connect());
        drop(ochre);
        let mut expected =
            vec!["embstr", "hashtable", "int", "intset", "listpack", "quicklist", "raw", "skiplist"];
        expected.extend(Some("stream").filter(|_| level != "4.0"));
        let names: BTreeSet<&str> = own.values().map(String::as_str).collect();
        assert!(names.into_iter().eq(expected), "all encodings are there at level {level}");
        let redis = redis_in(&directory);
        assert_eq!(redis.connect().run("DEBUG DIGEST").text(), digest, "level {level}");
        assert_eq!(encodings(&mut redis.connect()), own, "level {level}");
    }
}

#[test]
fn ochre_loads_what_redis_saved_at_every_level() {
    let directory = Directory::new();
    let redis = redis_in(&directory);
    let digest = fill_and_save(&mut redis.connect(), 77, true);
    drop(redis);
    for level in ["5.0", "6.2", "7.0", "7.2", "latest"] {
        let ochre = directory.start(&["--compat-version", level]);
        assert_eq!(ochre.connect().run("DEBUG DIGEST").text(), digest, "level {level}");
    }
}

#[test]
fn a_snapshot_of_7_2_comes_back_and_is_refused_by_redis_7_0() {
    let directory = Directory::new();
    let ochre = directory.start(&[]);
    let digest = fill_and_save(&mut ochre.connect(), 5, true);
    drop(ochre);
    assert_eq!(directory.start(&[]).connect().run("DEBUG DIGEST").text(), digest);
    let file = directory.file("dump.rdb");
    assert!(std::fs::read(&file).expect("the snapshot").starts_with(b"REDIS0011"));
}

#[test]
fn function_libraries_pass_through() {
    let directory = Directory::new();
    let redis = redis_in(&directory);
    let mut client = redis.connect();
    let code = "#!lua name=lib\nredis.register_function('f', function() return 7 end)";
    assert_eq!(client.call(&["FUNCTION", "LOAD", code]).text(), "lib");
    client.run("SET k v");
    assert!(client.run("SAVE").is_ok());
    drop(redis);
    let ochre = directory.start(&["--compat-version", "7.0"]);
    let mut client = ochre.connect();
    assert!(client.run("DEBUG RELOAD").is_ok());
    assert!(client.run("FLUSHALL").is_ok());
    assert!(client.run("SAVE").is_ok());
    drop(ochre);
    let redis = redis_in(&directory);
    assert_eq!(redis.connect().run("FCALL f 0"), 7.into());
    drop(redis);
    // A base of commands could not say it.
    let args = ["--compat-version", "7.0", "--aof-use-rdb-preamble", "no"];
    let ochre = directory.start(&args);
    let mut client = ochre.connect();
    assert!(client.run("CONFIG SET appendonly yes").is_ok());
    wait_until("the base is written", || client.info("aof_rewrite_in_progress") == "0");
    drop(ochre);
    let redis = start_redis(&directory, &["--appendonly", "yes"]);
    assert_eq!(redis.connect().run("FCALL f 0"), 7.into());
}

/// What COMPATIBILITY.md says about going back to a version that knows no parts.
#[test]
fn the_parts_of_a_log_put_together_are_the_single_file_of_older_versions() {
    for (seed, preamble) in [(21, "yes"), (22, "no")] {
        let directory = Directory::new();
        let args = ["--compat-version", "6.2", "--appendonly", "yes", "--appendfsync", "always"];
        let ochre = directory.start(&[&args[..], &["--aof-use-rdb-preamble", preamble]].concat());
        let mut client = ochre.connect();
        client.pipeline(&calls(seed, true)).expect("answers to all calls");
        assert!(client.run("BGREWRITEAOF").text().contains("started"));
        wait_until("the rewrite has ended", || client.info("aof_rewrite_in_progress") == "0");
        client.pipeline(&calls(seed + 100, true)).expect("answers to all calls");
        let digest = client.run("DEBUG DIGEST").text();
        drop(ochre);
        let manifest = std::fs::read_to_string(directory.file("appendonlydir/appendonly.aof.manifest"));
        let manifest = manifest.expect("a manifest");
        let names = manifest.lines().filter_map(|line| line.split(' ').nth(1));
        let parts = names.map(|name| std::fs::read(directory.file("appendonlydir").join(name)));
        let single = parts.collect::<Result<Vec<_>, _>>().expect("all parts").concat();
        let old = Directory::new();
        std::fs::write(old.file("appendonly.aof"), single).expect("a writable directory");
        let redis = start_redis(&old, &["--appendonly", "yes"]);
        assert_eq!(redis.connect().run("DEBUG DIGEST").text(), digest, "preamble {preamble}");
        assert!(!redis.log().contains("CRITICAL"), "{}", redis.log());
    }
}

/// Every value of one server restored in the other by its payload.
#[test]
fn payloads_go_both_ways() {
    let (redis, ochre) = (Server::reference(), Server::like_reference());
    for (from, to, seed) in [(&redis, &ochre, 3), (&ochre, &redis, 4)] {
        let (mut from, mut to) = (from.connect(), to.connect());
        from.run("FLUSHALL");
        to.run("FLUSHALL");
        let in_one_database = |call: &Vec<Vec<u8>>| call[0] != b"SELECT" && call[0] != b"PEXPIRE";
        let calls: Vec<_> = calls(seed, true).into_iter().filter(in_one_database).collect();
        from.pipeline(&calls).expect("answers to all calls");
        let Reply::Array(keys) = from.run("KEYS *") else { panic!("KEYS answers an array") };
        for key in keys.iter().map(Reply::text) {
            let Reply::Bulk(payload) = from.call(&["DUMP", &key]) else { panic!("{key} has a payload") };
            let call: [&[u8]; 4] = [b"RESTORE", key.as_bytes(), b"0", &payload];
            assert!(to.call(&call).is_ok(), "{key}");
            let own = from.call(&["DEBUG", "DIGEST-VALUE", &key]);
            assert_eq!(to.call(&["DEBUG", "DIGEST-VALUE", &key]), own, "{key}");
        }
    }
}

#[test]
fn the_checker_answers_under_the_name_of_redis() {
    let directory = Directory::new();
    let ochre = directory.start(&["--compat-version", "7.0"]);
    fill_and_save(&mut ochre.connect(), 9, true);
    let tool = scratch_directory().join("redis-check-rdb");
    std::os::unix::fs::symlink(binary_under_test(), &tool).expect("a writable scratch directory");
    let file = directory.file("dump.rdb");
    let check = |tool: &std::path::Path| {
        let output = Command::new(tool).arg(&file).output().expect("the tool runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, text) = check(&tool);
    assert_eq!((code, text.contains("\\o/ RDB looks OK! \\o/")), (Some(0), true), "{text}");
    assert_eq!(check("/usr/bin/redis-check-rdb".as_ref()), (code, text));
    let mut bytes = std::fs::read(&file).expect("the snapshot");
    bytes.truncate(bytes.len() / 2);
    std::fs::write(&file, bytes).expect("a writable file");
    let (code, text) = check(&tool);
    assert_eq!((code, text.contains("--- RDB ERROR DETECTED ---")), (Some(1), true), "{text}");
}
