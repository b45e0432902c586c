//! A data set as the shortest log of commands that makes it: the base file when `aof-use-rdb-preamble` is off.
//!
//! ```text
//! [#TS:now] { SELECT db { SET | RPUSH | SADD | ZADD | HMSET | XADD XSETID XGROUP XCLAIM ... [PEXPIREAT] }* }*
//! ```
//! A command takes at most 64 elements, so that no reader needs much memory at once (server.h:
//! AOF_REWRITE_ITEMS_PER_CMD); the forms are those of aof.c, so that every Redis reads them.

use ochre_engine::encoding::listpack::Item;
use ochre_engine::entry::KeyEntry;
use ochre_engine::keyspace::{DbIndex, World};
use ochre_engine::stream::{Group, Stream, StreamId};
use ochre_engine::text::{DoubleStyle, DoubleText};
use ochre_engine::value::{Hash, List, Set, Zset};
use ochre_resp::request::{push_command, push_count, push_number, push_word};
use std::io::{self, Write};

/// Elements of one command at most.
const ITEMS: usize = 64;
/// Bytes gathered before they are written.
const CHUNK: usize = 64 * 1024;

/// Writes the commands that make `world`. `each` hears of every key, behind its last byte.
pub fn rewrite(
    world: &World,
    out: &mut impl Write,
    timestamp: Option<i64>,
    each: &mut impl FnMut(),
) -> io::Result<()> {
    let mut log = Log { out, buffer: Vec::with_capacity(2 * CHUNK), failure: None };
    if let Some(seconds) = timestamp {
        log.buffer.extend_from_slice(format!("#TS:{seconds}\r\n").as_bytes());
    }
    for db in (0..world.dbs()).map(DbIndex).filter(|db| world.len(*db) > 0) {
        log.command(&[b"SELECT", itoa::Buffer::new().format(db.0).as_bytes()]);
        for entry in world.parts(db).flat_map(|part| part.table.iter()) {
            log.entry(entry);
            log.write_chunk(CHUNK)?;
            each();
        }
    }
    log.write_chunk(0)
}

/// The log being written. Values cannot be left in the middle, so a failure is kept until the end of one.
struct Log<'a, W> {
    out: &'a mut W,
    buffer: Vec<u8>,
    failure: Option<io::Error>,
}

impl<W: Write> Log<'_, W> {
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
        } else if let Some(stream) = entry.collection::<Stream>() {
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
        self.begin(7);
        self.word(b"XSETID");
        self.word(key);
        self.word(log.last_id().text().as_bytes());
        self.word(b"ENTRIESADDED");
        push_number(&mut self.buffer, log.entries_added() as i64);
        self.word(b"MAXDELETEDID");
        self.word(log.max_deleted_id().text().as_bytes());
        for (name, group) in stream.groups() {
            self.group(key, name, group);
        }
    }

    fn group(&mut self, key: &[u8], name: &[u8], group: &Group) {
        let (mut digits, last) = (itoa::Buffer::new(), group.last_id.text());
        let read = digits.format(group.entries_read.map_or(-1, |read| read as i64)).as_bytes();
        self.command(&[b"XGROUP", b"CREATE", key, name, last.as_bytes(), b"ENTRIESREAD", read]);
        for (_, consumer) in group.consumers() {
            if consumer.pending_len() == 0 {
                self.command(&[b"XGROUP", b"CREATECONSUMER", key, name, consumer.name()]);
            }
            for id in consumer.pending_ids() {
                let Some(pending) = group.pending(id) else { continue };
                self.begin(12);
                for word in [b"XCLAIM", key, name, consumer.name(), b"0", id.text().as_bytes(), b"TIME"] {
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
    fn next<W: Write>(&mut self, log: &mut Log<'_, W>) {
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
mod tests;
