//! Which key has to go when memory runs out.
//!
//! Redis's approximation (evict.c): a few keys are sampled per turn and the best candidates are kept in a
//! pool of 16 over many turns, so that the choice gets close to the true order without any list of all keys.
//! A candidate is worth more the longer it was idle (LRU), the less it was used (LFU), or the
//! sooner it expires (TTL).

use crate::entry::{FLAG_VOLATILE, KeyEntry};
use crate::keyspace::{AccessClock, DbIndex, World};
use crate::settings::{MaxmemoryPolicy, Settings};
use rand::rngs::SmallRng;
use rand::{Rng, RngCore};

/// Candidates kept.
const POOL: usize = 16;

/// Buckets walked to find samples among keys of which few have an expiry.
const MAX_BUCKETS: usize = 64;

struct Candidate {
    worth: u64,
    db: DbIndex,
    key: Box<[u8]>,
}

/// The best candidates so far, the best last.
#[derive(Default)]
pub struct EvictionPool {
    candidates: Vec<Candidate>,
    next_db: u32,
}

impl EvictionPool {
    /// The next key to evict; `None` if the policy finds none.
    pub fn choose(
        &mut self,
        world: &World,
        settings: &Settings,
        clock: &AccessClock,
        rng: &mut SmallRng,
    ) -> Option<(DbIndex, Box<[u8]>)> {
        match settings.maxmemory_policy {
            MaxmemoryPolicy::NoEviction => None,
            MaxmemoryPolicy::AllkeysRandom => self.random(world, 0, rng),
            MaxmemoryPolicy::VolatileRandom => self.random(world, FLAG_VOLATILE, rng),
            _ => self.best(world, settings, clock, rng),
        }
    }

    /// Forgets all candidates: they were judged by another policy.
    pub fn clear(&mut self) {
        self.candidates.clear();
    }

    fn random(&mut self, world: &World, flags: u64, rng: &mut SmallRng) -> Option<(DbIndex, Box<[u8]>)> {
        for _ in 0..world.dbs() {
            self.next_db = (self.next_db + 1) % world.dbs();
            let db = DbIndex(self.next_db);
            if let Some(entry) = random_entry(world, db, flags, rng) {
                return Some((db, entry.key().into()));
            }
        }
        None
    }

    fn best(
        &mut self,
        world: &World,
        settings: &Settings,
        clock: &AccessClock,
        rng: &mut SmallRng,
    ) -> Option<(DbIndex, Box<[u8]>)> {
        let flags = if settings.maxmemory_policy.takes_all_keys() { 0 } else { FLAG_VOLATILE };
        // Every round either yields a key, or has thrown stale candidates out.
        for _ in 0..POOL + 1 {
            for db in (0..world.dbs()).map(DbIndex) {
                self.sample(world, db, flags, settings, clock, rng);
            }
            let candidate = self.candidates.pop()?;
            let key = world.locate(&candidate.key);
            let part = world.shards()[key.shard()].db(candidate.db);
            let found = part.and_then(|part| part.table.get(key.hash, key.bytes));
            if found.is_some_and(|entry| flags == 0 || entry.expiry().is_some()) {
                return Some((candidate.db, candidate.key));
            }
        }
        None
    }

    fn sample(
        &mut self,
        world: &World,
        db: DbIndex,
        flags: u64,
        settings: &Settings,
        clock: &AccessClock,
        rng: &mut SmallRng,
    ) {
        let Some(shard) = random_shard(world, db, flags, rng) else { return };
        let Some(part) = world.shards()[shard].db(db) else { return };
        let wanted = settings.maxmemory_samples as usize;
        part.table.sample(rng, flags, wanted, MAX_BUCKETS.max(wanted), |entry| {
            let worth = worth(entry, settings.maxmemory_policy, clock);
            self.offer(worth, db, entry.key());
        });
    }

    fn offer(&mut self, worth: u64, db: DbIndex, key: &[u8]) {
        let full = self.candidates.len() >= POOL;
        if full && self.candidates[0].worth >= worth
            || self.candidates.iter().any(|c| c.db == db && *c.key == *key)
        {
            return;
        }
        if full {
            self.candidates.remove(0);
        }
        let at = self.candidates.partition_point(|c| c.worth < worth);
        self.candidates.insert(at, Candidate { worth, db, key: key.into() });
    }
}

fn worth(entry: &KeyEntry, policy: MaxmemoryPolicy, clock: &AccessClock) -> u64 {
    if policy == MaxmemoryPolicy::VolatileTtl {
        u64::MAX - entry.expiry().map_or(i64::MAX, |at| at.0) as u64
    } else if policy.is_lfu() {
        255 - u64::from(clock.decayed(entry.access()))
    } else {
        u64::from(clock.idle_seconds(entry.access()))
    }
}

/// A shard that has such keys, each with the weight of their number.
fn random_shard(world: &World, db: DbIndex, flags: u64, rng: &mut SmallRng) -> Option<usize> {
    let count = |shard: usize| {
        world.shards()[shard]
            .db(db)
            .map_or(0, |part| if flags == 0 { part.table.len() } else { part.table.counted() })
    };
    let total: usize = (0..world.shards().len()).map(count).sum();
    if total == 0 {
        return None;
    }
    let mut left = rng.random_range(0..total);
    (0..world.shards().len()).find(|shard| {
        let here = count(*shard);
        let found = left < here;
        left = left.saturating_sub(here);
        found
    })
}

/// A random key of a database, all equally likely.
pub fn random_entry<'a>(
    world: &'a World,
    db: DbIndex,
    flags: u64,
    rng: &mut SmallRng,
) -> Option<&'a KeyEntry> {
    let shard = random_shard(world, db, flags, rng)?;
    let table = &world.shards()[shard].db(db)?.table;
    let rng: &mut dyn RngCore = rng;
    if flags == 0 { table.random(rng) } else { table.random_flagged(rng, flags) }
}
