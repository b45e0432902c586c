//! A world as its owner reads it: all shards at once, without locks.
//!
//! A view is made of `&mut World`, which it borrows for as long as it or any copy of it lives. So nobody can lock a shard
//! meanwhile, let alone change one, and reading is safe from any number of threads.

use super::{Db, DbIndex, Key, Shard, World};
use crate::entry::KeyEntry;
use crate::table::Seed;
use ochre_sync::UnlockedView;

/// A world that nobody changes.
#[derive(Clone, Copy)]
pub struct WorldView<'a> {
    shards: UnlockedView<'a, Shard>,
    seed: Seed,
    dbs: u32,
}

impl World {
    /// All shards, to be read.
    #[inline]
    pub fn view(&mut self) -> WorldView<'_> {
        WorldView { seed: self.seed, dbs: self.dbs, shards: UnlockedView::new(&mut self.shards) }
    }
}

impl<'a> WorldView<'a> {
    /// Number of databases.
    pub fn dbs(self) -> u32 {
        self.dbs
    }

    /// The keyed hash of everything in this world.
    pub fn seed(self) -> Seed {
        self.seed
    }

    /// Hash and shard of a key.
    #[inline]
    pub fn locate<'k>(self, key: &'k [u8]) -> Key<'k> {
        Key::new(key, self.seed.hash(key), self.shards.len())
    }

    /// All shards.
    pub fn shards(self) -> impl Iterator<Item = &'a Shard> {
        self.shards.iter()
    }

    /// The shard of a key.
    #[inline]
    pub fn shard(self, key: Key<'_>) -> &'a Shard {
        self.shards.get(key.shard())
    }

    /// First phase of a batched lookup: the bucket line of a key.
    #[inline]
    pub fn prefetch_bucket(self, db: DbIndex, key: Key<'_>) {
        if let Some(db) = self.shard(key).db(db) {
            db.table.prefetch_bucket(key.hash);
        }
    }

    /// Second phase: the entry itself, found through its bucket.
    #[inline]
    pub fn prefetch_entry(self, db: DbIndex, hash: u64) {
        if let Some(db) = self.shard(Key::new(&[], hash, self.shards.len())).db(db) {
            db.table.prefetch_entry(hash);
        }
    }

    /// The parts of a database, shard by shard.
    pub fn parts(self, db: DbIndex) -> impl Iterator<Item = &'a Db> {
        self.shards().filter_map(move |shard| shard.db(db))
    }

    /// Number of keys in a database, expired ones that were not met yet included.
    pub fn len(self, db: DbIndex) -> usize {
        self.parts(db).map(|db| db.table.len()).sum()
    }

    /// True if no database holds a key.
    pub fn is_empty(self) -> bool {
        (0..self.dbs).all(|db| self.len(DbIndex(db)) == 0)
    }

    /// Number of keys in a database that have an expiry.
    pub fn volatile(self, db: DbIndex) -> usize {
        self.parts(db).map(|db| db.table.counted()).sum()
    }

    /// The watched keys of a database.
    pub fn watched_keys(self, db: DbIndex) -> Vec<Vec<u8>> {
        let interests = self.shards().filter_map(|shard| shard.interest());
        interests.flat_map(|interest| interest.watched_in(db)).map(<[u8]>::to_vec).collect()
    }

    /// One step of SCAN over a database: calls `emit` with some entries and returns the next
    /// cursor, 0 at the end. Every key that is there during the whole scan is emitted.
    pub fn scan(self, db: DbIndex, cursor: u64, mut emit: impl FnMut(&KeyEntry)) -> u64 {
        super::walk::scan(self.shards.len(), cursor, |shard, at| {
            let part = self.shards.get(shard).db(db).filter(|part| !part.table.is_empty())?;
            Some(part.table.scan(at, &mut emit))
        })
    }
}
