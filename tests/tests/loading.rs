//! What a server finds when it starts: its data, no data, damaged data; and what clients see meanwhile.

use std::fs;
use std::time::Duration;

use ochre_tests::server::binary_under_test;
use ochre_tests::{Client, Directory, Reply, Server, ServerOptions, wait_until};

const SOON: Duration = Duration::from_secs(10);

/// A directory with a snapshot of `keys` keys.
fn with_snapshot(keys: usize) -> Directory {
    let directory = Directory::new();
    let mut c = directory.start(&[]).connect_and_keep();
    assert!(c.1.run(&format!("DEBUG POPULATE {keys} key 100")).is_ok());
    assert!(c.1.run("SAVE").is_ok());
    directory
}

trait Keep {
    fn connect_and_keep(self) -> (Server, Client);
}

impl Keep for Server {
    fn connect_and_keep(self) -> (Server, Client) {
        let client = self.connect();
        (self, client)
    }
}

/// Starts a server that may not come up.
fn spawn(directory: &Directory, more: &[&str]) -> Server {
    Server::spawn(&ServerOptions {
        binary: binary_under_test(),
        args: directory.args(more),
        ..ServerOptions::default()
    })
}

#[test]
fn data_is_loaded_and_the_log_tells_of_it() {
    let directory = with_snapshot(1000);
    let (server, mut c) = directory.start(&[]).connect_and_keep();
    assert_eq!(c.run("DBSIZE"), 1000.into());
    assert_eq!(c.info("rdb_last_load_keys_loaded"), "1000");
    assert_eq!(c.info("loading"), "0");
    let log = server.log();
    let lines = [
        "Server initialized",
        "Loading RDB produced by version",
        "RDB age",
        "RDB memory usage when created",
        "Done loading RDB, keys loaded: 1000, keys expired: 0.",
        "DB loaded from disk: ",
        "Ready to accept connections",
    ];
    let places: Vec<usize> =
        lines.iter().map(|line| log.find(line).unwrap_or_else(|| panic!("{line}: {log}"))).collect();
    assert!(places.is_sorted(), "{log}");
}

#[test]
fn keys_whose_time_has_come_are_left_out() {
    let directory = Directory::new();
    let (_server, mut c) = directory.start(&[]).connect_and_keep();
    c.run("DEBUG SET-ACTIVE-EXPIRE 0");
    c.run("MSET stays 1 also 2");
    c.run("SET goes 3 PX 1");
    std::thread::sleep(Duration::from_millis(20));
    c.run("SAVE");
    drop(c);
    let (_server, mut c) = directory.start(&[]).connect_and_keep();
    assert_eq!(c.info("rdb_last_load_keys_expired"), "1");
    assert_eq!(c.info("rdb_last_load_keys_loaded"), "2");
    assert_eq!(c.run("DBSIZE"), 2.into());
}

#[test]
fn clients_are_told_that_data_is_being_loaded() {
    let directory = with_snapshot(20_000);
    let slowly = ["--key-load-delay", "200", "--loading-process-events-interval-bytes", "1024"];
    let mut server = spawn(&directory, &slowly);
    let mut c = None;
    wait_until("the server listens", || {
        c = Client::connect(server.port()).ok();
        c.is_some()
    });
    let mut c = c.unwrap();
    assert_eq!(c.info("loading"), "1");
    const LOADING: &str = "LOADING Redis is loading the dataset in memory";
    for command in [
        "GET key:1",
        "SET a b",
        "PING",
        "SAVE",
        "BGSAVE",
        "FLUSHALL",
        "CONFIG SET repl-diskless-load disabled",
    ] {
        assert!(c.run(command).text().contains("LOADING"), "{command}");
    }
    assert_eq!(c.run("GET key:1"), Reply::Error(LOADING.into()));
    for command in ["INFO", "CLIENT ID", "SELECT 1", "LASTSAVE", "CONFIG SET loglevel debug"] {
        assert!(!c.run(command).is_error(), "{command}");
    }
    c.run("MULTI");
    assert_eq!(c.run("GET x"), Reply::Error(LOADING.into()));
    assert!(c.run("EXEC").text().starts_with("EXECABORT"));
    wait_until("some of it is loaded", || c.info("loading_loaded_bytes") != "0");
    let total: u64 = c.info("loading_total_bytes").parse().unwrap();
    assert_eq!(total, fs::metadata(directory.file("dump.rdb")).unwrap().len());
    for field in ["loading_start_time", "loading_loaded_perc", "loading_eta_seconds", "loading_rdb_used_mem"]
    {
        assert!(c.info(field).parse::<f64>().unwrap() > 0.0, "{field}");
    }
    // A signal is heard, and what is loaded so far does not replace the file.
    let before = fs::read(directory.file("dump.rdb")).unwrap();
    server.signal(libc::SIGTERM);
    assert!(server.wait_for_exit(SOON).expect("the server ends").success());
    assert!(server.log().contains("Received shutdown signal during loading, scheduling shutdown."));
    assert!(!server.log().contains("Ready to accept connections"));
    assert!(fs::read(directory.file("dump.rdb")).unwrap() == before);
}

#[test]
fn shutdown_while_loading_saves_nothing() {
    let directory = with_snapshot(20_000);
    let slowly =
        ["--key-load-delay", "200", "--loading-process-events-interval-bytes", "1024", "--save", "1 1"];
    let mut server = spawn(&directory, &slowly);
    let mut c = None;
    wait_until("the server listens", || {
        c = Client::connect(server.port()).ok();
        c.is_some()
    });
    c.unwrap().send(b"SHUTDOWN\r\n").unwrap();
    assert!(server.wait_for_exit(SOON).expect("the server ends").success());
    assert!(!server.log().contains("Saving the final RDB snapshot"));
    assert_eq!(directory.start(&[]).connect().run("DBSIZE"), 20_000.into());
}

#[test]
fn a_damaged_file_is_refused_and_stays_as_it_is() {
    let directory = with_snapshot(100);
    let path = directory.file("dump.rdb");
    let good = fs::read(&path).unwrap();
    let truncated = good[..good.len() / 2].to_vec();
    let mut flipped = good.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let mut signature = good.clone();
    signature[0] = b'X';
    let mut version = good.clone();
    version[5..9].copy_from_slice(b"9999");
    for (bytes, reason) in [
        (truncated, "Unexpected EOF reading RDB file"),
        (flipped, "RDB CRC error"),
        (signature, "Wrong signature trying to load DB from file"),
        (version, "Can't handle RDB format version 9999"),
        (Vec::new(), "Unexpected EOF reading RDB file"),
    ] {
        fs::write(&path, &bytes).unwrap();
        let mut server = spawn(&directory, &[]);
        let status = server.wait_for_exit(SOON).expect("the server ends");
        let log = server.log();
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains(reason), "{reason}: {log}");
        assert!(log.contains("Fatal error loading the DB, check server logs. Exiting."), "{log}");
        assert!(fs::read(&path).unwrap() == bytes);
    }
}

#[test]
fn a_file_that_cannot_be_read_stops_the_start() {
    let directory = Directory::new();
    fs::create_dir(directory.file("dump.rdb")).unwrap();
    let mut server = spawn(&directory, &[]);
    assert_eq!(server.wait_for_exit(SOON).expect("the server ends").code(), Some(1));
    assert!(server.log().contains("Fatal error loading the DB"), "{}", server.log());
}

#[test]
fn a_file_for_more_databases_is_refused() {
    let directory = Directory::new();
    let (server, mut c) = directory.start(&[]).connect_and_keep();
    c.run("SELECT 9");
    c.run("SET a b");
    c.run("SAVE");
    drop(server);
    let mut server = spawn(&directory, &["--databases", "4"]);
    assert_eq!(server.wait_for_exit(SOON).expect("the server ends").code(), Some(1));
    assert!(server.log().contains("configured to handle more than 4 databases"), "{}", server.log());
}

#[test]
fn without_a_checksum_any_file_of_the_right_form_is_taken() {
    let directory = Directory::new();
    let (server, mut c) = directory.start(&["--rdbchecksum", "no"]).connect_and_keep();
    c.run("SET a b");
    assert!(c.run("SAVE").is_ok());
    drop(server);
    assert!(fs::read(directory.file("dump.rdb")).unwrap().ends_with(&[0; 8]));
    assert_eq!(directory.start(&[]).connect().run("GET a"), "b".into());
}

/// A directory with a snapshot of every type that is worth several threads.
fn with_mixed_snapshot() -> Directory {
    let directory = Directory::new();
    let (_server, mut c) = directory.start(&["--compat-version", "7.0"]).connect_and_keep();
    assert!(c.run("DEBUG POPULATE 12000 key 100").is_ok());
    let mut calls = Vec::new();
    for at in 0..2000 {
        let key = |name: &str| format!("{name}:{at}");
        let count = if at % 100 == 0 { 600 } else { 8 };
        for (command, name, words) in [("SADD", "set", 1), ("HSET", "hash", 2), ("RPUSH", "list", 1)] {
            let mut call = vec![command.to_owned(), key(name)];
            call.extend((0..count * words).map(|n| format!("element:{}", n * at)));
            if command == "SADD" || command == "HSET" {
                call.extend((0..words).map(|n| format!("own:{n}")));
            }
            calls.push(call);
        }
        let mut call = vec!["ZADD".to_owned(), key("zset")];
        call.extend((0..count).flat_map(|n| [format!("{}.5", n % 7), format!("member:{n}")]));
        calls.push(call);
        let words = ["XADD", &key("stream"), "1-1", "field", &key("value")].map(str::to_owned);
        calls.push(words.to_vec());
        if at % 3 == 0 {
            calls.push(["PEXPIREAT", &key("hash"), "4000000000123"].map(str::to_owned).to_vec());
        }
    }
    let replies = c.pipeline(&calls).expect("answers to all calls");
    assert!(replies.iter().all(|reply| !reply.is_error()));
    assert!(c.run("SAVE").is_ok());
    directory
}

/// What a server with so many workers makes of the directory: its data, or why it refuses it.
fn verdict(directory: &Directory, workers: &str) -> Result<(String, Reply), String> {
    let mut server = spawn(directory, &["--io-threads", workers]);
    let ended = |server: &mut Server| !server.is_running();
    let mut digest = None;
    wait_until("the server has loaded or ended", || {
        let mut client = Client::connect(server.port()).ok();
        let ready = |c: &mut Client| c.send(b"PING\r\n").is_ok() && c.read().is_ok_and(|r| !r.is_error());
        if client.as_mut().is_some_and(ready) {
            digest = client.map(|mut c| (c.run("DEBUG DIGEST").text(), c.run("DBSIZE")));
        }
        digest.is_some() || ended(&mut server)
    });
    digest.ok_or_else(|| {
        // Words without times and process ids; the checker's report follows them in the same stream.
        let log = server.log();
        let lines = log.lines().filter_map(|line| line.split_once(" # ").map(|(_, text)| text));
        lines.filter(|line| !line.contains("Memory overcommit")).collect::<Vec<_>>().join("\n")
    })
}

#[test]
fn several_workers_load_what_one_does() {
    let directory = with_mixed_snapshot();
    let alone = verdict(&directory, "1").expect("a sound file");
    assert_eq!(alone.1, 22_000.into());
    assert_eq!(verdict(&directory, "4").as_ref(), Ok(&alone));
    assert_eq!(verdict(&directory, "2").as_ref(), Ok(&alone));
}

#[test]
fn several_workers_refuse_damage_in_the_words_of_one() {
    let directory = with_mixed_snapshot();
    let path = directory.file("dump.rdb");
    let good = fs::read(&path).unwrap();
    assert!(good.len() > 2 << 20, "several batches for every thread");
    let find = |text: &[u8]| good.windows(text.len()).position(|w| w == text).expect("a key of the snapshot");
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let (early, late) = (find(b"\x08key:5000"), find(b"\x08key:9999"));
    let (early, late) = (early.min(late), early.max(late));
    let set = find(b"\x07set:100");
    let mut both = changed(late - 1, 99);
    both[early - 1] = 98;
    let cases = [
        ("an unknown type", changed(late - 1, 99), "Unknown RDB encoding type 99"),
        ("two unknown types", both, "Unknown RDB encoding type 98"),
        ("a duplicate", changed(late + 8, good[late + 8] ^ 1), "RDB has duplicated key"),
        ("cut off", good[..good.len() * 2 / 3].to_vec(), "Unexpected EOF reading RDB file"),
        ("a member twice", changed(find(b"\x09element:7") + 9, b'0'), ""),
        ("a number of elements", changed(set + 9, 0x81), ""),
        ("a bit", changed(good.len() / 2, good[good.len() / 2] ^ 1), ""),
        ("the checksum", changed(good.len() - 3, good[good.len() - 3] ^ 1), "RDB CRC error"),
    ];
    for (what, bytes, reason) in cases {
        fs::write(&path, &bytes).unwrap();
        let alone = verdict(&directory, "1").expect_err(what);
        assert!(alone.contains(reason), "{what}: {alone}");
        assert_eq!(verdict(&directory, "4").expect_err(what), alone, "{what}");
    }
}
