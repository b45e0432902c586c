//! A fingerprint of values and of whole data sets: equal data, equal digest, whatever the encodings.
//!
//! ```text
//! xor(d, x) = d ^ SHA1(x)            elements without an order: sets, fields, keys
//! mix(d, x) = SHA1(d ^ SHA1(x))      elements with an order: lists, entries of a stream
//! ```
//!
//! The rules are those of Redis (debug.c, computeDatasetDigest), digit for digit, so a data set can
//! be compared with one of Redis's.

use crate::encoding::listpack::Item;
use crate::entry::KeyEntry;
use crate::keyspace::{DbIndex, WorldView};
use crate::stream::{Stream, StreamId};
use crate::text::{DoubleStyle, DoubleText};
use crate::value::{Hash, List, Set, Type, Zset};
use itoa::Buffer;
use sha1::{Digest as _, Sha1};

/// A SHA-1 sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digest([u8; 20]);

impl Digest {
    /// The digest of a value and its expiry, without its key.
    pub fn of_value(entry: &KeyEntry) -> Digest {
        let mut digest = Digest::default();
        digest.add_value(entry);
        digest
    }

    /// The digest of all databases.
    pub fn of_world(world: WorldView<'_>) -> Digest {
        let mut all = Digest::default();
        for db in (0..world.dbs()).filter(|db| world.len(DbIndex(*db)) > 0) {
            all.mix(&db.to_be_bytes());
            for entry in world.parts(DbIndex(db)).flat_map(|part| part.table.iter()) {
                let mut own = Digest::default();
                own.mix(entry.key());
                own.add_value(entry);
                all.xor(&own.0);
            }
        }
        all
    }

    /// 40 hexadecimal digits.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn xor(&mut self, data: &[u8]) {
        let sum = Sha1::digest(data);
        self.0.iter_mut().zip(sum).for_each(|(own, other)| *own ^= other);
    }

    fn mix(&mut self, data: &[u8]) {
        self.xor(data);
        self.0 = Sha1::digest(self.0).into();
    }

    fn mix_item(&mut self, item: Item<'_>) {
        self.mix(item.text(&mut Buffer::new()));
    }

    fn add_value(&mut self, entry: &KeyEntry) {
        let kind = Type::of(entry.kind());
        self.mix(&number(kind).to_be_bytes());
        match kind {
            Type::String => entry.as_str().into_iter().for_each(|string| self.mix(&string.bytes())),
            Type::List => {
                entry.collection::<List>().iter().for_each(|list| list.for_each(|item| self.mix_item(item)))
            }
            Type::Set => entry.collection::<Set>().iter().for_each(|set| self.add_set(set)),
            Type::Zset => entry.collection::<Zset>().iter().for_each(|zset| self.add_zset(zset)),
            Type::Hash => entry.collection::<Hash>().iter().for_each(|hash| self.add_hash(hash)),
            Type::Stream => {
                entry.collection::<Box<Stream>>().iter().for_each(|stream| self.add_stream(stream))
            }
        }
        if entry.expiry().is_some() {
            self.xor(b"!!expire!!");
        }
    }

    fn add_set(&mut self, set: &Set) {
        for member in set.iter() {
            self.xor(member.text(&mut Buffer::new()));
        }
    }

    fn add_zset(&mut self, zset: &Zset) {
        for (member, score) in zset.iter() {
            let mut own = Digest::default();
            own.mix_item(member);
            own.mix(DoubleText::reply(score, DoubleStyle::Digits17).as_bytes());
            self.xor(&own.0);
        }
    }

    fn add_hash(&mut self, hash: &Hash) {
        for (field, value) in hash.iter() {
            let mut own = Digest::default();
            own.mix_item(field);
            own.mix_item(value);
            self.xor(&own.0);
        }
    }

    fn add_stream(&mut self, stream: &Stream) {
        for entry in stream.log.range(StreamId::MIN, StreamId::MAX) {
            let id = entry.id();
            self.mix(format!("{}.{}", id.ms, id.seq).as_bytes());
            for (field, value) in entry.fields() {
                self.mix_item(field);
                self.mix_item(value);
            }
        }
    }
}

/// The number of a type in Redis (server.h, OBJ_STRING and following).
fn number(kind: Type) -> u32 {
    match kind {
        Type::String => 0,
        Type::List => 1,
        Type::Set => 2,
        Type::Zset => 3,
        Type::Hash => 4,
        Type::Stream => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;

    fn filled(calls: &[&str]) -> Bench {
        let mut bench = Bench::new();
        for call in calls {
            bench.run(&call.split(' ').collect::<Vec<_>>());
        }
        bench
    }

    #[test]
    fn the_digest_is_that_of_redis() {
        let mut bench = filled(&[
            "rpush l a 1 b",
            "sadd s 1 2 x",
            "zadd z 1.5 a 0.1 b",
            "hset h f v g 1",
            "xadd x 1-1 f v g 2",
            "set k v px 100000000",
        ]);
        // DEBUG DIGEST of redis-server 7.0.15 with the same data.
        assert_eq!(Digest::of_world(bench.world.view()).hex(), "d9e950b6cd490dbd4f14268ec29ee662d37228b2");
    }

    #[test]
    fn order_counts_in_lists_only() {
        let digest = |calls: &[&str]| Digest::of_world(filled(calls).world.view());
        assert_eq!(digest(&["sadd s a b"]), digest(&["sadd s b", "sadd s a"]));
        assert_ne!(digest(&["rpush l a b"]), digest(&["rpush l b a"]));
        assert_eq!(digest(&[]), Digest::default());
    }
}
