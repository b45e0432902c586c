//! RESTORE payloads: hostile bytes are refused or make a value that every command can work with,
//! and that comes back from what DUMP makes of it, at every level.
//!
//! The first byte decides thresholds and depth; type and value follow.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ochre_engine::digest::Digest;
use ochre_engine::entry::KeyEntry;
use ochre_engine::level::Level;
use ochre_engine::settings::Settings;
use ochre_engine::testing::Bench;
use ochre_persistence::rdb::{Decoding, payload};
use std::sync::atomic::AtomicU64;

/// Commands of every type; those of another one answer an error.
const LINES: &[&str] = &[
    "OBJECT ENCODING k",
    "COPY k l",
    "STRLEN k",
    "GETRANGE k 0 -1",
    "APPEND k x",
    "SETRANGE k 3 y",
    "LRANGE k 0 -1",
    "LPOS k a",
    "LINSERT k BEFORE a b",
    "LSET k 0 z",
    "LREM k 1 a",
    "RPUSH k a 1 b",
    "LPUSH k c",
    "LTRIM k 1 -2",
    "LPOP k",
    "RPOP k",
    "SMEMBERS k",
    "SADD k a 1 99999999999",
    "SREM k a",
    "SPOP k",
    "SRANDMEMBER k 3",
    "SSCAN k 0",
    "HGETALL k",
    "HSET k a 1 b 2",
    "HINCRBY k a 1",
    "HDEL k a",
    "HRANDFIELD k -3 WITHVALUES",
    "HSCAN k 0",
    "ZRANGE k 0 -1 WITHSCORES",
    "ZADD k 1 a 2.5 b",
    "ZINCRBY k 1 a",
    "ZREM k a",
    "ZRANGEBYSCORE k -inf +inf",
    "ZRANGEBYLEX k - +",
    "ZRANK k b",
    "ZREMRANGEBYRANK k 0 1",
    "ZPOPMAX k",
    "ZSCAN k 0",
    "XRANGE k - +",
    "XREVRANGE k + -",
    "XINFO STREAM k FULL",
    "XADD k * a b",
    "XADD k 99-1 a b",
    "XREAD STREAMS k 0",
    "XREADGROUP GROUP g c STREAMS k >",
    "XREADGROUP GROUP g c STREAMS k 0",
    "XPENDING k g - + 10",
    "XAUTOCLAIM k g d 0 0",
    "XCLAIM k g d 0 1-1",
    "XACK k g 1-1",
    "XGROUP DELCONSUMER k g c",
    "XDEL k 1-1",
    "XTRIM k MAXLEN 2",
    "XTRIM k MINID 5",
    "XSETID k 999-1",
    "SORT k",
    "DEL l",
];

fuzz_target!(|input: &[u8]| {
    let Some((choice, body)) = input.split_first() else { return };
    let mut bench = Bench::new();
    if choice & 1 != 0 {
        bench.settings = Settings {
            hash_max_listpack_entries: 2,
            set_max_intset_entries: 2,
            set_max_listpack_entries: 2,
            zset_max_listpack_entries: 2,
            list_max_listpack_size: 2,
            list_compress_depth: 1,
            ..bench.settings
        };
    }
    let seed = bench.world.seed();
    let searched = AtomicU64::new(0);
    let deep = (choice & 2 != 0).then_some(&searched);
    let decoding = Decoding { settings: &bench.settings, seed, deep };
    let Ok(value) = payload::restore(body, &decoding) else { return };
    let entry = KeyEntry::raw(b"k", value, None, 0);
    for level in Level::ALL {
        let bytes = payload::dump(&entry, level, choice & 4 != 0);
        let body = payload::verify(&bytes, true).expect("our own footer");
        // A duplicate, which only shows in a table, is refused then.
        if let Ok(again) = payload::restore(body, &decoding) {
            let again = KeyEntry::raw(b"k", again, None, 0);
            if deep.is_some() {
                assert!(Digest::of_value(&again) == Digest::of_value(&entry), "{level}");
            }
        } else {
            assert!(deep.is_none(), "what is sound is read again");
        }
    }
    let key = bench.world.locate(b"k");
    bench.world.shard_mut(key).db_or_new(bench.db).table.insert(key.hash, entry);
    for line in LINES {
        bench.run_raw(&line.split(' ').collect::<Vec<_>>());
    }
});
