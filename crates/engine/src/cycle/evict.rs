//! Which key has to go when memory runs out.
//!
//! Redis's approximation (evict.c): a few keys are sampled per turn and the best candidates are kept in a
//! pool of 16 over many turns, so that the choice gets close to the true order without any list of all keys.
//! A candidate is worth more the longer it was idle (LRU), the less it was used (LFU), or the
//! sooner it expires (TTL).
//!
//! Samples come from one shard picked at random and its neighbours: the hash has spread the keys over the shards,
//! so that neighbours have nothing in common. Nobody needs to know how many keys all shards have.

use crate::entry::{FLAG_VOLATILE, KeyEntry};
use crate::keyspace::{AccessClock, DbIndex, Keys, Shard};
use crate::settings::{MaxmemoryPolicy, Settings};
use rand::rngs::SmallRng;
use rand::{Rng, RngCore};

/// Candidates kept.
const POOL: usize = 16;

/// Buckets walked to find samples among keys of which few have an expiry.
const MAX_BUCKETS: usize = 64;

/// Shards drawn for a random key, before the first one with keys is taken.
const MAX_DRAWS: usize = 64;

struct Candidate {
    worth: u64,
    db: DbIndex,
    key: Box<[u8]>,
}

/// The best candidates so far, the best last.
#[derive(Default)]
pub struct EvictionPool {
    candidates: Vec<Candidate>,
    /// The most keys that a shard had.
    fullest: usize,
    /// A key was passed over because the view may not delete it ([`Keys::may_go`]).
    pub passed_over: bool,
}

impl EvictionPool {
    /// Evicts a key. False if the policy finds none that the view may delete. Its shard is still held, if it was locked.
    pub fn evict(&mut self, keys: &mut Keys<'_>, settings: &Settings, rng: &mut SmallRng) -> bool {
        self.passed_over = false;
        let Some((db, key)) = self.choose(keys, settings, rng) else { return false };
        keys.select(db);
        let key = keys.locate(&key);
        keys.delete_evicted(key, settings.lazyfree_lazy_eviction);
        true
    }

    /// The next key to evict; `None` if the policy finds none. The view is at its shard.
    pub(super) fn choose(
        &mut self,
        keys: &mut Keys<'_>,
        settings: &Settings,
        rng: &mut SmallRng,
    ) -> Option<(DbIndex, Box<[u8]>)> {
        let flags = if settings.maxmemory_policy.takes_all_keys() { 0 } else { FLAG_VOLATILE };
        // Every round either yields a key, or has thrown a stale candidate out.
        for _ in 0..POOL + 1 {
            let (db, key) = match settings.maxmemory_policy {
                MaxmemoryPolicy::NoEviction => None,
                MaxmemoryPolicy::AllkeysRandom | MaxmemoryPolicy::VolatileRandom => {
                    self.random(keys, flags, rng)
                }
                _ => self.best(keys, settings, flags, rng),
            }?;
            keys.select(db);
            let at = keys.locate(&key);
            keys.move_to(at);
            if !keys.entry(at).is_some_and(|entry| flags == 0 || entry.expiry().is_some()) {
                continue;
            }
            if keys.may_go(at) {
                return Some((db, key));
            }
            self.passed_over = true;
        }
        None
    }

    /// Forgets all candidates: they were judged by another policy.
    pub fn clear(&mut self) {
        self.candidates.clear();
    }

    fn best(
        &mut self,
        keys: &mut Keys<'_>,
        settings: &Settings,
        flags: u64,
        rng: &mut SmallRng,
    ) -> Option<(DbIndex, Box<[u8]>)> {
        let wanted = settings.maxmemory_samples as usize;
        // Where hardly any key has an expiry, some buckets of every shard may not be enough.
        if self.sample(keys, settings, flags, MAX_BUCKETS.max(wanted), rng) == 0 && flags != 0 {
            self.sample(keys, settings, flags, usize::MAX, rng);
        }
        self.candidates.pop().map(|candidate| (candidate.db, candidate.key))
    }

    /// Offers some keys of a random shard, and of those behind it as long as they are too few. Returns how many.
    fn sample(
        &mut self,
        keys: &mut Keys<'_>,
        settings: &Settings,
        flags: u64,
        max_buckets: usize,
        rng: &mut SmallRng,
    ) -> usize {
        let (shards, wanted) = (keys.shards(), settings.maxmemory_samples as usize);
        let first = rng.random_range(0..shards);
        let mut found = 0;
        for shard in (first..shards).chain(0..first) {
            let (shard, clock) = keys.visit(shard);
            for (db, part) in shard.dbs().filter(|(_, part)| !part.table.is_empty()) {
                part.table.sample(rng, flags, wanted, max_buckets, |entry| {
                    found += 1;
                    let worth = worth(entry, settings.maxmemory_policy, clock);
                    self.offer(worth, db, entry.key());
                });
            }
            if found >= wanted {
                break;
            }
        }
        found
    }

    /// A random key: a shard is drawn until it is accepted, which is the likelier the more keys it has.
    fn random(
        &mut self,
        keys: &mut Keys<'_>,
        flags: u64,
        rng: &mut SmallRng,
    ) -> Option<(DbIndex, Box<[u8]>)> {
        let shards = keys.shards();
        for _ in 0..MAX_DRAWS {
            let (shard, _) = keys.visit(rng.random_range(0..shards));
            let count = count(shard, flags);
            self.fullest = self.fullest.max(count);
            if count > 0 && rng.random_range(0..self.fullest) < count {
                return random_in(shard, flags, rng);
            }
        }
        // Few shards have any, or none is as full as one was.
        self.fullest /= 2;
        let first = rng.random_range(0..shards);
        (first..shards).chain(0..first).find_map(|shard| random_in(keys.visit(shard).0, flags, rng))
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

/// Number of such keys in a shard.
fn count(shard: &Shard, flags: u64) -> usize {
    shard.dbs().map(|(_, part)| if flags == 0 { part.table.len() } else { part.table.counted() }).sum()
}

/// One of such keys of a shard, all equally likely.
fn random_in(shard: &Shard, flags: u64, rng: &mut SmallRng) -> Option<(DbIndex, Box<[u8]>)> {
    let count = count(shard, flags);
    if count == 0 {
        return None;
    }
    let mut left = rng.random_range(0..count);
    let (db, part) = shard.dbs().find(|(_, part)| {
        let here = if flags == 0 { part.table.len() } else { part.table.counted() };
        let found = left < here;
        left = left.saturating_sub(here);
        found
    })?;
    let rng: &mut dyn RngCore = rng;
    let table = &part.table;
    let entry = if flags == 0 { table.random(rng) } else { table.random_flagged(rng, flags) };
    entry.map(|entry| (db, entry.key().into()))
}
