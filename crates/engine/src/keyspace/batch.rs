//! Entries made elsewhere, from a snapshot, on their way into a world: many at a time, in the order of the
//! tables.
//!
//! ```text
//! place   | shard (14) | top of the hash (34) | number in the batch (16) |
//! ```
//! Tables are in the order of the hash, so a batch that is sorted by place walks through each shard's table
//! once: several entries share a page, and the line of the next bucket can be fetched ahead. In the order of a
//! file every entry would miss the caches, and the translation of its address as well. The number keeps
//! entries of one key in the order in which they came. New entries themselves are not looked at.

use super::{DbIndex, Key, World};
use crate::entry::KeyEntry;

/// Entries that wait together: as many as a place can number.
const SIZE: usize = 1 << NUMBER_BITS;

const NUMBER_BITS: u32 = 16;
const SHARD_BITS: u32 = 14;

/// How far ahead a bucket is fetched.
const AHEAD: usize = 8;

/// Entries for one database.
pub struct Batch {
    db: DbIndex,
    waiting: Vec<Waiting>,
}

struct Waiting {
    place: u64,
    hash: u64,
    entry: KeyEntry,
}

/// A key that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate(pub Box<[u8]>);

impl Batch {
    /// For this database.
    pub fn new(db: DbIndex) -> Batch {
        Batch { db, waiting: Vec::new() }
    }

    /// The database.
    pub fn db(&self) -> DbIndex {
        self.db
    }

    /// The database of what is pushed from here on; nothing must wait.
    pub fn select(&mut self, db: DbIndex) {
        debug_assert!(self.waiting.is_empty(), "what waits belongs to the old database");
        self.db = db;
    }

    /// Takes an entry. True if the batch is full then.
    #[inline]
    #[must_use]
    pub fn push(&mut self, world: &World, entry: KeyEntry) -> bool {
        let key = world.locate(entry.key());
        let (hash, shard) = (key.hash, key.shard() as u64);
        let number = self.waiting.len() as u64;
        let place = shard << (64 - SHARD_BITS) | hash >> (SHARD_BITS + NUMBER_BITS) << NUMBER_BITS | number;
        self.waiting.push(Waiting { place, hash, entry });
        self.waiting.len() >= SIZE
    }

    /// Puts all that wait into the world and returns how many they were. A key that is there is replaced, or an
    /// error, which names the first that came of such keys.
    pub fn insert(&mut self, world: &mut World, replace: bool) -> Result<u64, Duplicate> {
        let count = self.waiting.len() as u64;
        self.waiting.sort_unstable_by_key(|waiting| waiting.place);
        let mut first: Option<(u64, KeyEntry)> = None;
        let mut waiting = self.waiting.drain(..);
        while let Some(Waiting { place, hash, entry }) = waiting.next() {
            if let Some(ahead) = waiting.as_slice().get(AHEAD) {
                let ahead = Key::new(&[], ahead.hash, world.shards.len());
                world.view().prefetch_bucket(self.db, ahead);
            }
            let shard = world.shards[(place >> (64 - SHARD_BITS)) as usize].data_mut();
            let table = &mut shard.db_or_new(self.db).table;
            if table.contains_with(hash, || entry.key()) {
                if !replace {
                    let number = place & (SIZE as u64 - 1);
                    if first.as_ref().is_none_or(|(before, _)| number < *before) {
                        first = Some((number, entry));
                    }
                    continue;
                }
                drop(table.remove(hash, entry.key()));
            }
            table.insert(hash, entry);
        }
        first.map_or(Ok(count), |(_, entry)| Err(Duplicate(entry.key().into())))
    }
}

impl World {
    /// Prepares an empty database for about so many keys.
    pub fn reserve(&mut self, db: DbIndex, keys: usize) {
        let each = keys / self.shards.len();
        // Keys are not spread evenly; three standard deviations leave few tables too small.
        let each = each + 3 * each.isqrt();
        self.shards_mut().for_each(|shard| shard.db_or_new(db).table.reserve(each));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Seed;
    use crate::value::StrValue;

    const MANY: usize = if cfg!(miri) { 100 } else { 1000 };

    fn entry(key: &str, value: &str) -> KeyEntry {
        KeyEntry::string(key.as_bytes(), StrValue::Bytes(value.as_bytes()), None, 0)
    }

    #[test]
    fn all_entries_arrive_and_duplicates_are_told() {
        let mut world = World::new(4, 2, Seed::new(1, 2));
        let db = DbIndex(1);
        world.reserve(db, MANY);
        let mut batch = Batch::new(db);
        for at in 0..MANY {
            assert!(!batch.push(&world, entry(&format!("key:{at}"), "a")));
        }
        assert_eq!(batch.insert(&mut world, false), Ok(MANY as u64));
        assert_eq!(world.view().len(db), MANY);
        assert!(!batch.push(&world, entry("key:7", "b")));
        assert_eq!(batch.insert(&mut world, false), Err(Duplicate(b"key:7".as_slice().into())));
        assert!(!batch.push(&world, entry("key:7", "b")));
        assert_eq!(batch.insert(&mut world, true), Ok(1));
        assert_eq!(world.view().len(db), MANY);
    }

    #[test]
    fn of_entries_of_one_key_the_last_stays_and_the_first_duplicate_is_told() {
        let mut world = World::new(4, 2, Seed::new(1, 2));
        let db = DbIndex(0);
        let mut batch = Batch::new(db);
        let push = |batch: &mut Batch, world: &World, range: std::ops::Range<usize>| {
            range.for_each(|at| {
                assert!(!batch.push(world, entry(&format!("key:{}", at % 30), &at.to_string())))
            });
        };
        push(&mut batch, &world, 0..90);
        assert_eq!(batch.insert(&mut world, true), Ok(90));
        assert_eq!(world.view().len(db), 30);
        for part in world.view().parts(db) {
            for entry in part.table.iter() {
                let value: usize =
                    entry.as_str().and_then(|s| String::from_utf8_lossy(&s.bytes()).parse().ok()).unwrap();
                assert_eq!(entry.key(), format!("key:{}", value - 60).as_bytes());
            }
        }
        assert!(!batch.push(&world, entry("new", "x")));
        push(&mut batch, &world, 17..29);
        assert_eq!(batch.insert(&mut world, false), Err(Duplicate(b"key:17".as_slice().into())));
    }
}
