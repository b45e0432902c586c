//! All shards, and what concerns them together.
//!
//! `&World` may be shared by threads that reach shards through their locks ([`World::locks`]), so on its own it shows
//! nothing that is in a shard. `&mut World` has all of them: to be changed here and through [`super::Keys`], to be read
//! through a [`super::WorldView`].

use super::{DbIndex, Key, Shard};
use crate::entry::KeyEntry;
use crate::table::{Seed, Table};
use ochre_sync::{ShardCell, Waiters};

/// A whole data set.
pub struct World {
    pub(super) shards: Box<[ShardCell<Shard>]>,
    pub(super) waiters: Waiters,
    pub(super) seed: Seed,
    pub(super) dbs: u32,
}

const _: () = assert!(
    ShardCell::<Shard>::DATA_AT + Shard::FREQUENT <= 64,
    "the lock and what every lookup and most changes in the first database need are in one line: with thousands of \
     shards a second one is not in the cache"
);

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

    /// Hash and shard of a key.
    #[inline]
    pub fn locate<'a>(&self, key: &'a [u8]) -> Key<'a> {
        Key::new(key, self.seed.hash(key), self.shards.len())
    }

    /// The shard of a key.
    #[inline]
    pub fn shard_mut(&mut self, key: Key<'_>) -> &mut Shard {
        self.shards[key.shard()].data_mut()
    }

    /// All shards, to be changed.
    pub(super) fn shards_mut(&mut self) -> impl Iterator<Item = &mut Shard> {
        self.shards.iter_mut().map(ShardCell::data_mut)
    }

    /// Empties a database; the keys go to the caller, who decides where they are freed.
    pub fn take(&mut self, db: DbIndex) -> Vec<Table<KeyEntry>> {
        self.shards_mut().filter_map(|shard| shard.take(db)).filter(|table| !table.is_empty()).collect()
    }

    /// Exchanges the content of two databases.
    pub fn swap(&mut self, a: DbIndex, b: DbIndex) {
        if a != b {
            self.shards_mut().for_each(|shard| shard.swap(a, b));
        }
    }
}
