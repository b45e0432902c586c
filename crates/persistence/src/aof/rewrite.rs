//! A data set as the shortest log of commands that makes it: the base file when `aof-use-rdb-preamble` is off.
//!
//! ```text
//! [#TS:now] { SELECT db { SET | RPUSH | SADD | ZADD | HMSET | XADD XSETID XGROUP XCLAIM ... [PEXPIREAT] }* }*
//! ```
//! A command takes at most 64 elements, so that no reader needs much memory at once (server.h:
//! AOF_REWRITE_ITEMS_PER_CMD); the forms are those of aof.c, so that every Redis reads them.

use crate::rdb::Progress;
use ochre_engine::encoding::listpack::Item;
use ochre_engine::entry::KeyEntry;
use ochre_engine::keyspace::{DbIndex, WorldView};
use ochre_engine::level::Level;
use ochre_engine::stream::{Group, Stream, StreamId};
use ochre_engine::text::{DoubleStyle, DoubleText};
use ochre_engine::value::{Hash, List, Set, Zset};
use ochre_resp::request::{push_command, push_count, push_number, push_word};
use std::io::{self, Write};

/// Elements of one command at most.
const ITEMS: usize = 64;
/// Bytes gathered before they are written.
const CHUNK: usize = 64 * 1024;

/// Writes the commands that make `world`, behind an annotation with the time in seconds if one is given.
/// `observer` is called after every key; its error ends the work. `level` decides which commands there are.
///
/// Keys whose time has come are written, too: who loads them decides.
pub fn rewrite(
    world: WorldView<'_>,
    level: Level,
    out: &mut dyn Write,
    timestamp: Option<i64>,
    mut observer: impl FnMut(Progress) -> io::Result<()>,
) -> io::Result<Progress> {
    let mut log = Log { out, level, buffer: Vec::with_capacity(2 * CHUNK), failure: None, written: 0 };
    let mut keys = 0;
    if let Some(seconds) = timestamp {
        log.buffer.extend_from_slice(format!("#TS:{seconds}\r\n").as_bytes());
    }
    for db in (0..world.dbs()).map(DbIndex).filter(|db| world.len(*db) > 0) {
        log.command(&[b"SELECT", itoa::Buffer::new().format(db.0).as_bytes()]);
        for entry in world.parts(db).flat_map(|part| part.table.iter()) {
            log.entry(entry);
            log.write_chunk(CHUNK)?;
            keys += 1;
            observer(Progress { keys, bytes: log.position() })?;
        }
    }
    log.write_chunk(0)?;
    Ok(Progress { keys, bytes: log.position() })
}

/// The log being written. Values cannot be left in the middle, so a failure is kept until the end of one.
struct Log<'a> {
    out: &'a mut dyn Write,
    level: Level,
    buffer: Vec<u8>,
    failure: Option<io::Error>,
    written: u64,
}

impl Log<'_> {
    fn position(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Writes what was gathered if it is more than `least` bytes.
    fn write_chunk(&mut self, least: usize) -> io::Result<()> {
        if self.buffer.len() > least {
            self.spill();
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    #[cold]
    fn spill(&mut self) {
        if self.failure.is_none() {
            self.failure = self.out.write_all(&self.buffer).err();
        }
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
    }

    /// Begins a command. Large values are written piece by piece.
    fn begin(&mut self, words: usize) {
        if self.buffer.len() > CHUNK {
            self.spill();
        }
        push_count(&mut self.buffer, words);
    }

    fn command(&mut self, words: &[&[u8]]) {
        if self.buffer.len() > CHUNK {
            self.spill();
        }
        push_command(&mut self.buffer, words);
    }

    fn word(&mut self, word: &[u8]) {
        push_word(&mut self.buffer, word);
    }

    fn item(&mut self, item: Item<'_>) {
        push_word(&mut self.buffer, item.text(&mut itoa::Buffer::new()));
    }

    fn entry(&mut self, entry: &KeyEntry) {
        let key = entry.key();
        if let Some(string) = entry.as_str() {
            self.command(&[b"SET", key, &string.bytes()]);
        } else if let Some(list) = entry.collection::<List>() {
            let mut head = Heads::new(b"RPUSH", key, 1, list.len());
            list.for_each(|element| {
                head.next(self);
                self.item(element);
            });
        } else if let Some(set) = entry.collection::<Set>() {
            let mut head = Heads::new(b"SADD", key, 1, set.len());
            for member in set.iter() {
                head.next(self);
                self.item(member);
            }
        } else if let Some(zset) = entry.collection::<Zset>() {
            let mut head = Heads::new(b"ZADD", key, 2, zset.len());
            for (member, score) in zset.iter() {
                head.next(self);
                self.word(DoubleText::score(score, DoubleStyle::Shortest).as_bytes());
                self.item(member);
            }
        } else if let Some(hash) = entry.collection::<Hash>() {
            let mut head = Heads::new(b"HMSET", key, 2, hash.len());
            for (field, value) in hash.iter() {
                head.next(self);
                self.item(field);
                self.item(value);
            }
        } else if let Some(stream) = entry.collection::<Box<Stream>>() {
            self.stream(key, &stream);
        }
        if let Some(at) = entry.expiry() {
            self.command(&[b"PEXPIREAT", key, itoa::Buffer::new().format(at.0).as_bytes()]);
        }
    }

    fn stream(&mut self, key: &[u8], stream: &Stream) {
        let log = &stream.log;
        for entry in log.range(StreamId::MIN, StreamId::MAX) {
            self.begin(3 + 2 * entry.field_count());
            self.word(b"XADD");
            self.word(key);
            self.word(entry.id().text().as_bytes());
            for (field, value) in entry.fields() {
                self.item(field);
                self.item(value);
            }
        }
        if log.is_empty() {
            // Adding and trimming in one makes an empty stream.
            self.command(&[b"XADD", key, b"MAXLEN", b"0", b"0-1", b"x", b"y"]);
        }
        let mut digits = itoa::Buffer::new();
        let (last, deleted) = (log.last_id().text(), log.max_deleted_id().text());
        let added = digits.format(log.entries_added() as i64).as_bytes();
        let words = [
            &b"XSETID"[..],
            key,
            last.as_bytes(),
            b"ENTRIESADDED",
            added,
            b"MAXDELETEDID",
            deleted.as_bytes(),
        ];
        // The counters came with 7.0.
        self.command(if self.level >= Level::V7_0 { &words } else { &words[..3] });
        for (name, group) in stream.groups() {
            self.group(key, name, group);
        }
    }

    fn group(&mut self, key: &[u8], name: &[u8], group: &Group) {
        let (mut digits, last) = (itoa::Buffer::new(), group.last_id.text());
        let read = digits.format(group.entries_read.map_or(-1, |read| read as i64)).as_bytes();
        let words = [&b"XGROUP"[..], b"CREATE", key, name, last.as_bytes(), b"ENTRIESREAD", read];
        self.command(if self.level >= Level::V7_0 { &words } else { &words[..5] });
        for (_, consumer) in group.consumers() {
            if consumer.pending_len() == 0 && self.level >= Level::V6_2 {
                self.command(&[b"XGROUP", b"CREATECONSUMER", key, name, consumer.name()]);
            }
            for id in consumer.pending_ids() {
                let Some(pending) = group.pending(id) else { continue };
                self.begin(12);
                for word in [&b"XCLAIM"[..], key, name, consumer.name(), b"0", id.text().as_bytes(), b"TIME"]
                {
                    self.word(word);
                }
                push_number(&mut self.buffer, pending.delivered_ms);
                self.word(b"RETRYCOUNT");
                push_number(&mut self.buffer, pending.deliveries as i64);
                self.word(b"JUSTID");
                self.word(b"FORCE");
            }
        }
    }
}

/// Begins a command at the first element and after every 64.
struct Heads<'a> {
    name: &'static [u8],
    key: &'a [u8],
    words_each: usize,
    left: usize,
    in_command: usize,
}

impl<'a> Heads<'a> {
    fn new(name: &'static [u8], key: &'a [u8], words_each: usize, left: usize) -> Heads<'a> {
        Heads { name, key, words_each, left, in_command: 0 }
    }

    /// An element is next.
    fn next(&mut self, log: &mut Log<'_>) {
        if self.in_command == 0 {
            self.in_command = self.left.min(ITEMS);
            self.left -= self.in_command;
            log.begin(2 + self.in_command * self.words_each);
            log.word(self.name);
            log.word(self.key);
        }
        self.in_command = self.in_command.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aof::LogReader;
    use ochre_engine::digest::Digest;
    use ochre_engine::keyspace::World;
    use ochre_engine::testing::Bench;
    use ochre_engine::time::UnixMs;
    use proptest::prelude::*;

    fn log_of(world: &mut World) -> Vec<u8> {
        let mut log = Vec::new();
        let progress = rewrite(world.view(), Level::V7_2, &mut log, None, |_| Ok(())).unwrap();
        assert_eq!(progress.bytes, log.len() as u64);
        log
    }

    fn replay(log: &[u8]) -> Bench {
        let mut bench = Bench::new();
        bench.caller.trusted = true;
        let mut reader = LogReader::new(log, 0, log.len() as u64);
        while let Some(commands) = reader.next(64).unwrap() {
            for at in 0..commands.len() {
                let words: Vec<&[u8]> = commands.args(at).iter().collect();
                assert!(words.len() <= 2 + 2 * ITEMS);
                if words[0] == b"SELECT" {
                    bench.db = DbIndex(String::from_utf8_lossy(words[1]).parse().unwrap());
                } else {
                    let reply = bench.run(&words);
                    assert!(!reply.starts_with('-'), "{reply}: {words:?}");
                }
            }
        }
        bench
    }

    fn assert_replays(bench: &mut Bench) {
        let mut again = replay(&log_of(&mut bench.world));
        assert_eq!(Digest::of_world(again.world.view()).hex(), Digest::of_world(bench.world.view()).hex());
    }

    #[test]
    fn every_type_in_every_size_comes_back() {
        let mut bench = Bench::new();
        bench.run(&["SET", "int", "-17"]);
        bench.run(&["SET", "text", &"x".repeat(300_000)]);
        for number in 0..1000 {
            let text = format!("element:{number}");
            bench.run(&["RPUSH", "list", &text]);
            bench.run(&["SADD", "ints", &number.to_string()]);
            bench.run(&["SADD", "set", &text]);
            bench.run(&["ZADD", "zset", &(f64::from(number) / 7.0).to_string(), &text]);
            bench.run(&["HSET", "hash", &text, &number.to_string()]);
            if number < 10 {
                bench.run(&["ZADD", "packed", "-inf", &text]);
                bench.run(&["HSET", "pairs", &text, "1"]);
                bench.run(&["SADD", "small", &text]);
            }
        }
        bench.db = DbIndex(9);
        bench.run(&["SET", "elsewhere", "1", "PX", "5000"]);
        assert_replays(&mut bench);
    }

    #[test]
    fn streams_come_back_with_groups_and_what_is_pending() {
        let mut bench = Bench::new();
        for id in 1..100 {
            bench.run(&["XADD", "s", &format!("{id}-0"), "field", &id.to_string(), "other", "x"]);
        }
        for line in [
            "XDEL s 99-0",
            "XGROUP CREATE s g 10-0",
            "XGROUP CREATE s empty $ ENTRIESREAD 7",
            "XREADGROUP GROUP g alice COUNT 5 STREAMS s >",
            "XGROUP CREATECONSUMER s g bob",
            "XACK s g 11-0",
            "XADD gone 5-5 a b",
            "XDEL gone 5-5",
        ] {
            bench.run(&line.split(' ').collect::<Vec<_>>());
        }
        let log = log_of(&mut bench.world);
        let mut again = replay(&log);
        for call in [
            &["XINFO", "STREAM", "s"][..],
            &["XPENDING", "s", "g", "-", "+", "9"],
            &["XINFO", "STREAM", "gone"],
        ] {
            assert_eq!(again.run(call), bench.run(call));
        }
        assert_replays(&mut bench);
    }

    #[test]
    fn the_time_stands_in_front() {
        let mut log = Vec::new();
        rewrite(Bench::new().world.view(), Level::V7_2, &mut log, Some(1_700_000_000), |_| Ok(())).unwrap();
        assert_eq!(log, b"#TS:1700000000\r\n");
    }

    #[test]
    fn an_expiry_comes_back_to_the_millisecond() {
        let mut bench = Bench::new();
        bench.run(&["SET", "k", "v", "PXAT", "1700000000777"]);
        let mut again = replay(&log_of(&mut bench.world));
        let expiry =
            again.world.view().parts(DbIndex(0)).flat_map(|part| part.table.iter()).next().unwrap().expiry();
        assert_eq!(expiry, Some(UnixMs(1_700_000_000_777)));
    }

    #[test]
    fn a_writer_that_fails_is_heard_of() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut bench = Bench::new();
        bench.run(&["SET", "k", "v"]);
        let error = rewrite(bench.world.view(), Level::V7_2, &mut Full, None, |_| Ok(())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_texts_come_back(
            values in prop::collection::vec((0u8..6, any::<Vec<u8>>(), any::<Vec<u8>>(), any::<i32>()), 0..200)
        ) {
            let mut bench = Bench::new();
            for (kind, key, text, number) in &values {
                let key = [&[b'a' + kind][..], &key[..key.len().min(1)]].concat();
                let number = number.to_string().into_bytes();
                match kind {
                    0 => bench.run(&[&b"SET"[..], &key, text]),
                    1 => bench.run(&[&b"RPUSH"[..], &key, text, &number]),
                    2 => bench.run(&[&b"SADD"[..], &key, text, &number]),
                    3 => bench.run(&[&b"ZADD"[..], &key, &number, text]),
                    4 => bench.run(&[&b"HSET"[..], &key, text, &number]),
                    _ => bench.run(&[&b"XADD"[..], &key, b"*", text, &number]),
                };
            }
            assert_replays(&mut bench);
        }
    }
}
