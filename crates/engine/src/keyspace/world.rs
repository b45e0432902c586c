//! All shards, and what concerns them together: sizes, whole databases, cursors over everything.

use super::{Db, DbIndex, Key, Shard, ShardCell};
use crate::entry::KeyEntry;
use crate::table::{Seed, Table};
use ochre_sync::Waiters;

/// A whole data set.
pub struct World {
    pub(super) shards: Box<[ShardCell]>,
    pub(super) waiters: Waiters,
    pub(super) seed: Seed,
    dbs: u32,
}

impl World {
    /// An empty world of `shards` shards (a power of two) with `dbs` databases.
    pub fn new(shards: usize, dbs: u32, seed: Seed) -> World {
        assert!(shards.is_power_of_two() && shards <= 1 << 14, "shards are a power of two up to 16384");
        World {
            shards: (0..shards).map(|_| ShardCell::new(Shard::new(seed))).collect(),
            waiters: Waiters::default(),
            seed,
            dbs,
        }
    }

    /// Shards for so many threads at a time: with one few enough for the processor's cache, and many
    /// enough that growth of one is small against all; with several so many that two rarely want the same.
    pub fn shards_for(threads: usize) -> usize {
        if threads == 1 { 16 } else { (threads * 1024).next_power_of_two().min(1 << 14) }
    }

    /// Number of databases.
    pub fn dbs(&self) -> u32 {
        self.dbs
    }

    /// The keyed hash of everything in this world.
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// All shards.
    pub fn shards(&self) -> &[ShardCell] {
        &self.shards
    }

    /// All shards, to be changed.
    pub fn shards_mut(&mut self) -> &mut [ShardCell] {
        &mut self.shards
    }

    /// Hash and shard of a key.
    #[inline]
    pub fn locate<'a>(&self, key: &'a [u8]) -> Key<'a> {
        Key::new(key, self.seed.hash(key), self.shards.len())
    }

    /// The shard of a key.
    #[inline]
    pub fn shard_mut(&mut self, key: Key<'_>) -> &mut Shard {
        &mut self.shards[key.shard()]
    }

    /// First phase of a batched lookup: the bucket line of a key.
    #[inline]
    pub fn prefetch_bucket(&self, db: DbIndex, key: Key<'_>) {
        if let Some(db) = self.shards[key.shard()].db(db) {
            db.table.prefetch_bucket(key.hash);
        }
    }

    /// Second phase: the entry itself, found through its bucket.
    #[inline]
    pub fn prefetch_entry(&self, db: DbIndex, hash: u64) {
        if let Some(db) = self.shards[Key::new(&[], hash, self.shards.len()).shard()].db(db) {
            db.table.prefetch_entry(hash);
        }
    }

    /// The parts of a database, shard by shard.
    pub fn parts(&self, db: DbIndex) -> impl Iterator<Item = &Db> {
        self.shards.iter().filter_map(move |shard| shard.db(db))
    }

    /// Number of keys in a database, expired ones that were not met yet included.
    pub fn len(&self, db: DbIndex) -> usize {
        self.parts(db).map(|db| db.table.len()).sum()
    }

    /// True if no database holds a key.
    pub fn is_empty(&self) -> bool {
        (0..self.dbs).all(|db| self.len(DbIndex(db)) == 0)
    }

    /// Number of keys in a database that have an expiry.
    pub fn volatile(&self, db: DbIndex) -> usize {
        self.parts(db).map(|db| db.table.counted()).sum()
    }

    /// Empties a database; the keys go to the caller, who decides where they are freed.
    pub fn take(&mut self, db: DbIndex) -> Vec<Table<KeyEntry>> {
        self.shards.iter_mut().filter_map(|shard| shard.take(db)).filter(|table| !table.is_empty()).collect()
    }

    /// Exchanges the content of two databases.
    pub fn swap(&mut self, a: DbIndex, b: DbIndex) {
        if a != b {
            self.shards.iter_mut().for_each(|shard| shard.swap(a, b));
        }
    }

    /// The watched keys of a database.
    pub fn watched_keys(&self, db: DbIndex) -> Vec<Vec<u8>> {
        let interests = self.shards.iter().filter_map(|shard| shard.interest());
        interests.flat_map(|interest| interest.watched_in(db)).map(<[u8]>::to_vec).collect()
    }

    /// One step of SCAN over a database: calls `emit` with some entries and returns the next
    /// cursor, 0 at the end. Every key that is there during the whole scan is emitted.
    pub fn scan(&self, db: DbIndex, cursor: u64, mut emit: impl FnMut(&KeyEntry)) -> u64 {
        super::walk::scan(self.shards.len(), cursor, |shard, at| {
            let part = self.shards[shard].db(db).filter(|part| !part.table.is_empty())?;
            Some(part.table.scan(at, &mut emit))
        })
    }
}
