//! What is saved comes back: every type in every encoding, at every level.

use super::*;
use ochre_engine::settings::MaxmemoryPolicy;
use proptest::prelude::*;

/// Every type in every encoding.
fn fill(bench: &mut Bench) {
    let mut run = |line: &str| {
        let reply = bench.run(&line.split(' ').collect::<Vec<_>>());
        assert!(!reply.starts_with('-'), "{line}: {reply}");
    };
    run("SET short abc");
    for number in ["0", "-1", "127", "-129", "40000", "-2147483648", "2147483648", "9223372036854775807"] {
        run(&format!("SET int:{number} {number}"));
    }
    run(&format!("SET long {}", "x".repeat(300)));
    run(&format!("SET huge {}", "abc".repeat(30000)));
    run(&format!("SET {} long-key", "k".repeat(300)));
    run("SET gone 1");
    run("PEXPIREAT gone 1800000000123");
    run("SET empty ");
    run("RPUSH list a b 3 -70000");
    run("SADD ints 1 -5 70000 5000000000");
    run("SADD texts a b c 12");
    run("HSET hash f v g 12 i 1.5");
    run("ZADD zset 1 a -2.5 b inf c 1e300 d");
    for at in 0..600 {
        run(&format!("RPUSH long-list {}{at}", "e".repeat(at)));
        run(&format!("SADD many-ints {}", at * 7));
        run(&format!("SADD many-texts m{at} {at}"));
        run(&format!("HSET many-fields f{at} {}", at * at));
        run(&format!("ZADD many-scores {}.25 m{at}", at % 50));
    }
    run("EXPIREAT many-ints 1900000000");
}

fn fill_stream(bench: &mut Bench) {
    let mut run = |line: &str| {
        let reply = bench.run(&line.split(' ').collect::<Vec<_>>());
        assert!(!reply.starts_with('-'), "{line}: {reply}");
    };
    for at in 1..300 {
        run(&format!("XADD stream {at}-{at} field value{at} other {at}"));
    }
    run("XDEL stream 7-7 150-150 299-299");
    run("XGROUP CREATE stream first 0");
    run("XGROUP CREATE stream second 100");
    run("XREADGROUP GROUP first alice COUNT 20 STREAMS stream >");
    run("XREADGROUP GROUP first bob COUNT 5 STREAMS stream >");
    run("XREADGROUP GROUP second carol COUNT 3 STREAMS stream >");
    run("XREADGROUP GROUP second idle STREAMS stream 0");
    run("XACK stream first 3-3 5-5");
    run("XADD emptied 5-5 a b");
    run("XDEL emptied 5-5");
}

#[test]
fn everything_comes_back_at_every_level() {
    for level in Level::ALL {
        for compression in [false, true] {
            let mut bench = at_level(level);
            fill(&mut bench);
            if level >= Level::V5_0 {
                fill_stream(&mut bench);
            }
            let file = saved(&mut bench, |options| options.compression = compression);
            let version = format::version_of(level);
            assert_eq!(&file[..9], format!("REDIS{version:04}").as_bytes());
            let (mut back, told) =
                loaded(&file, &bench.settings).unwrap_or_else(|error| panic!("{level}: {error}"));
            assert_eq!(digest(&mut back), digest(&mut bench), "{level}");
            assert_eq!((told.version, told.unchecked), (version, false));
            assert_eq!(told.bytes, file.len() as u64);
            // Encodings, expiries and streams' figures, too: the same file comes out.
            if level >= Level::V7_0 {
                for (back, own) in payloads(&mut back).iter().zip(payloads(&mut bench)) {
                    assert!(*back == own, "{level}: {}", own.0.escape_ascii());
                }
            }
        }
    }
}

/// Payloads of all keys but those whose elements have no order.
fn payloads(bench: &mut Bench) -> Vec<(Vec<u8>, Option<UnixMs>, Vec<u8>)> {
    let entries = bench.world.view().parts(DbIndex(0)).flat_map(|part| part.table.iter());
    let mut payloads: Vec<_> = entries
        .filter(|entry| !matches!(entry.key(), b"texts" | b"many-ints" | b"many-texts" | b"many-fields"))
        .map(|entry| (entry.key().to_vec(), entry.expiry(), payload::dump(entry, bench.settings.level, true)))
        .collect();
    payloads.sort();
    payloads
}

#[test]
fn files_name_what_they_are_of() {
    let mut bench = at_level(Level::V6_2);
    bench.run(&["SET", "a", "b"]);
    let file = saved(&mut bench, |options| {
        options.aof_base = true;
        options.used_memory = 12345;
        options.aux = &[(b"repl-offset", b"77")];
        options.functions = &[b"#!lua name=lib\n"];
    });
    let mut world = Bench::new().world;
    let mut filler = Filler::new(&mut world);
    let options = LoadOptions {
        settings: &bench.settings,
        seed: bench.world.seed(),
        now: NOW,
        deep: None,
        checksum: true,
    };
    load(&mut Source::new(&file[..], None), &options, &mut filler).unwrap();
    let aux: Vec<_> = filler.aux.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        aux.join(" "),
        "redis-ver=6.2.14 redis-bits=64 ctime=1700000000 used-mem=12345 repl-offset=77 aof-preamble=1"
    );
    assert_eq!(filler.functions, [b"#!lua name=lib\n"]);
}

#[test]
fn access_clocks_are_kept_as_the_policy_says() {
    for policy in [MaxmemoryPolicy::AllkeysLru, MaxmemoryPolicy::VolatileLfu, MaxmemoryPolicy::NoEviction] {
        let mut bench = at_level(Level::V7_0);
        bench.settings.maxmemory_policy = policy;
        bench.run(&["SET", "a", "b"]);
        let access = |bench: &mut Bench| {
            let entry = bench.world.view().parts(DbIndex(0)).find_map(|part| part.table.iter().next());
            entry.map(KeyEntry::access)
        };
        let before = access(&mut bench);
        bench.now = UnixMs(bench.now.0 + 300_000);
        let file = saved(&mut bench, |_| ());
        let (mut back, _) = loaded(&file, &bench.settings).unwrap();
        let kept = match policy {
            MaxmemoryPolicy::AllkeysLru => before.map(|seconds| seconds - 300),
            // The counter decayed to nothing by five minutes.
            MaxmemoryPolicy::VolatileLfu => before.map(|value| value & !0xff),
            _ => before,
        };
        assert_eq!(access(&mut back), kept, "{policy:?}");
    }
}

#[test]
fn databases_keep_their_numbers() {
    let mut bench = at_level(Level::V7_2);
    for db in [0, 3, 15] {
        bench.db = DbIndex(db);
        bench.run(&["SET", "key", &db.to_string()]);
    }
    let (mut back, told) = loaded(&saved(&mut bench, |_| ()), &bench.settings).unwrap();
    assert_eq!(digest(&mut back), digest(&mut bench));
    assert_eq!(told.keys, 3);
    let fewer = Settings { databases: 10, ..bench.settings };
    let error = loaded(&saved(&mut bench, |_| ()), &fewer).err().unwrap();
    assert!(matches!(error.fault, Fault::Database(15)), "{error}");
}

#[test]
fn a_file_without_checksum_says_so() {
    let mut bench = at_level(Level::V7_2);
    bench.run(&["SET", "key", "value"]);
    let file = saved(&mut bench, |options| options.checksum = false);
    assert!(loaded(&file, &bench.settings).unwrap().1.unchecked);
}

#[test]
fn thresholds_decide_the_encoding_that_is_loaded() {
    let mut bench = at_level(Level::V7_2);
    fill(&mut bench);
    let file = saved(&mut bench, |_| ());
    let settings = Settings {
        hash_max_listpack_entries: 1,
        set_max_intset_entries: 2,
        set_max_listpack_entries: 2,
        zset_max_listpack_entries: 1,
        list_max_listpack_size: 2,
        ..bench.settings
    };
    let (mut back, _) = loaded(&file, &settings).unwrap();
    assert_eq!(digest(&mut back), digest(&mut bench));
    for (key, encoding) in [
        ("hash", "hashtable"),
        ("ints", "hashtable"),
        ("texts", "hashtable"),
        ("zset", "skiplist"),
        ("list", "quicklist"),
    ] {
        assert!(back.run(&["OBJECT", "ENCODING", key]).contains(encoding), "{key}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_commands_make_comes_back(
        lines in prop::collection::vec(
            (0usize..7, 0usize..4, "[a-c]{0,3}|-?[0-9]{1,12}", "[a-z]{0,70}|-?[0-9]{1,20}", -50i32..50), 1..60),
        level in 0usize..6,
        small in any::<bool>(),
    ) {
        let mut bench = at_level(Level::ALL[level]);
        if small {
            bench.settings = Settings {
                hash_max_listpack_entries: 3,
                set_max_intset_entries: 3,
                set_max_listpack_entries: 3,
                zset_max_listpack_entries: 3,
                list_max_listpack_size: 2,
                list_compress_depth: 1,
                ..bench.settings
            };
        }
        for (command, key, a, b, number) in &lines {
            let number = format!("{}", f64::from(*number) / 4.0);
            let key = format!("{command}{key}");
            let words: &[&str] = match command {
                0 => &["SET", &key, b],
                1 => &["RPUSH", &key, a, b],
                2 => &["SADD", &key, a, b],
                3 => &["HSET", &key, a, b],
                4 => &["ZADD", &key, &number, a],
                5 => &["LPUSH", &key, b],
                _ => &["SADD", &key, &key],
            };
            bench.run(words);
        }
        let (mut back, _) = loaded(&saved(&mut bench, |_| ()), &bench.settings).unwrap();
        prop_assert_eq!(digest(&mut back), digest(&mut bench));
    }
}
