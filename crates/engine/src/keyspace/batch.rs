//! Entries made elsewhere, from a snapshot, on their way into a world: some at a time, so that the
//! buckets they go to are in the cache when they are needed.

use super::{DbIndex, World};
use crate::entry::KeyEntry;

/// Entries that wait for their buckets together.
const SIZE: usize = 16;

/// Entries for one database.
pub struct Batch {
    db: DbIndex,
    /// With the hash and the shard of each.
    waiting: Vec<(u64, usize, KeyEntry)>,
}

/// A key that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate(pub Box<[u8]>);

impl Batch {
    /// For this database.
    pub fn new(db: DbIndex) -> Batch {
        Batch { db, waiting: Vec::with_capacity(SIZE) }
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

    /// Takes an entry and begins to fetch its bucket. True if the batch is full then.
    #[inline]
    #[must_use]
    pub fn push(&mut self, world: &World, entry: KeyEntry) -> bool {
        let key = world.locate(entry.key());
        let (hash, shard) = (key.hash, key.shard());
        world.prefetch_bucket(self.db, key);
        self.waiting.push((hash, shard, entry));
        self.waiting.len() >= SIZE
    }

    /// Puts all that wait into the world and returns how many they were. A key that is there is
    /// replaced, or an error that ends it.
    pub fn insert(&mut self, world: &mut World, replace: bool) -> Result<u64, Duplicate> {
        let count = self.waiting.len() as u64;
        for (hash, shard, entry) in self.waiting.drain(..) {
            let table = &mut world.shards[shard].db_or_new(self.db).table;
            if table.contains(hash, entry.key()) {
                if !replace {
                    return Err(Duplicate(entry.key().into()));
                }
                drop(table.remove(hash, entry.key()));
            }
            table.insert(hash, entry);
        }
        Ok(count)
    }
}

impl World {
    /// Prepares an empty database for about so many keys.
    pub fn reserve(&mut self, db: DbIndex, keys: usize) {
        let each = keys / self.shards.len();
        // Keys are not spread evenly; three standard deviations leave few tables too small.
        let each = each + 3 * each.isqrt();
        self.shards.iter_mut().for_each(|shard| shard.db_or_new(db).table.reserve(each));
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
            if batch.push(&world, entry(&format!("key:{at}"), "a")) {
                assert_eq!(batch.insert(&mut world, false), Ok(16));
            }
        }
        assert_eq!(batch.insert(&mut world, false), Ok(MANY as u64 % 16));
        assert_eq!(world.len(db), MANY);
        assert!(!batch.push(&world, entry("key:7", "b")));
        assert_eq!(batch.insert(&mut world, false), Err(Duplicate(b"key:7".as_slice().into())));
        assert!(!batch.push(&world, entry("key:7", "b")));
        assert_eq!(batch.insert(&mut world, true), Ok(1));
        assert_eq!(world.len(db), MANY);
    }
}
