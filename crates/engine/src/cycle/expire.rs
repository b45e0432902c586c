//! The active expiry cycle: deletes keys whose time has come without waiting for an access.
//!
//! Entries with an expiry carry a flag in their table word, so the cycle walks the tables in the
//! order of the hash and touches no other entry; shards and databases without such keys cost one
//! comparison. The effort rules are Redis's (expire.c: activeExpireCycle): some keys at a time,
//! again while more than a tenth of them were due, until the time is up.

use crate::keyspace::{DbIndex, Keys};

/// How hard a cycle works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Keys looked at before asking whether to go on.
    pub keys_per_loop: usize,
    /// Percentage of due keys below which a database is left alone.
    pub acceptable_stale: usize,
}

impl Pace {
    /// The pace for `active-expire-effort` (1 to 10): 20 keys and 10 % at 1, 65 and 1 % at 10.
    pub fn new(effort: u32) -> Pace {
        let extra = effort.clamp(1, 10) as usize - 1;
        Pace { keys_per_loop: 20 + 5 * extra, acceptable_stale: 10 - extra }
    }
}

/// The shards that a cycle looks after: all, or every so-manieth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    first: usize,
    step: usize,
}

impl Slice {
    /// All shards.
    pub const ALL: Slice = Slice { first: 0, step: 1 };

    /// The share of one of several, who have all shards together.
    pub fn of(one: usize, several: usize) -> Slice {
        Slice { first: one, step: several }
    }

    /// How many of so many shards these are.
    fn len(self, shards: usize) -> usize {
        shards.saturating_sub(self.first).div_ceil(self.step)
    }

    fn shard(self, place: usize) -> usize {
        self.first + place * self.step
    }
}

/// Where the cycle goes on.
#[derive(Debug, Default)]
pub struct ExpireCycle {
    db: u32,
    /// By database: the place in the slice where it goes on.
    places: Vec<usize>,
    /// Keys that are due but that the view may not delete ([`Keys::may_go`]).
    pub left: Vec<(DbIndex, Vec<u8>)>,
}

/// How a cycle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CycleEnd {
    /// The slice has no key with an expiry.
    Empty,
    /// Nothing much is due.
    Done,
    /// The time was too short.
    TimedOut,
}

/// What a step saw.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Seen {
    keys: usize,
    deleted: usize,
}

/// Buckets walked at a time in a table where few entries have an expiry.
const BUCKETS_PER_STEP: usize = 64;

/// Where a cycle works, and who is told of what it did: the server.
pub trait CycleHost {
    /// Lends the keys. If shards have locks, the last one that was visited stays locked until the next is.
    fn keys<R>(&mut self, work: impl FnOnce(&mut Keys<'_>) -> R) -> R;
    /// Takes what deletions reported, before another shard is visited.
    fn settle(&mut self);
    /// False when the time is up.
    fn more_time(&mut self) -> bool;
}

impl ExpireCycle {
    /// Runs over a slice until nothing much is due or the time is up.
    pub fn run(&mut self, host: &mut impl CycleHost, slice: Slice, pace: Pace) -> CycleEnd {
        let (shards, dbs) = host.keys(|keys| (keys.shards(), keys.dbs()));
        let own = (0..slice.len(shards)).map(|place| slice.shard(place));
        let mut volatile = host.keys(|keys| keys.volatile_dbs(own));
        if volatile.is_empty() {
            return CycleEnd::Empty;
        }
        self.places.resize(dbs as usize, 0);
        let first = volatile.partition_point(|db| db.0 < self.db);
        volatile.rotate_left(first);
        for db in volatile {
            self.db = db.0;
            if !self.run_db(host, db, slice, pace) {
                return CycleEnd::TimedOut;
            }
            self.db += 1;
        }
        CycleEnd::Done
    }

    /// False if the time is up.
    fn run_db(&mut self, host: &mut impl CycleHost, db: DbIndex, slice: Slice, pace: Pace) -> bool {
        loop {
            let seen = self.step(host, db, slice, pace.keys_per_loop);
            if seen.keys == 0 || seen.deleted * 100 <= pace.acceptable_stale * seen.keys {
                return true;
            }
            if !host.more_time() {
                return false;
            }
        }
    }

    /// Looks at some keys, going round the shards; at most one round.
    fn step(&mut self, host: &mut impl CycleHost, db: DbIndex, slice: Slice, enough: usize) -> Seen {
        let shards = slice.len(host.keys(|keys| keys.shards()));
        let mut place = self.places[db.0 as usize] % shards;
        let (mut seen, mut finished_shards, mut steps) = (Seen::default(), 0, 0);
        while seen.keys < enough && finished_shards < shards && steps < enough {
            let looked = host.keys(|keys| {
                keys.select(db);
                self.look(keys, slice.shard(place), &mut seen)
            });
            let finished = looked.unwrap_or(true);
            if looked.is_some() {
                steps += 1;
                host.settle();
            }
            if finished {
                place = (place + 1) % shards;
                finished_shards += 1;
            }
        }
        self.places[db.0 as usize] = place;
        seen
    }

    /// Deletes what is due in some buckets of a shard. Returns whether its end was reached; `None` if it has no key
    /// with an expiry.
    fn look(&mut self, keys: &mut Keys<'_>, shard: usize, seen: &mut Seen) -> Option<bool> {
        if !keys.has_volatile_in(shard) {
            return None;
        }
        let mut due = Vec::new();
        let (met, finished) = keys.due_in(shard, BUCKETS_PER_STEP, &mut due);
        seen.keys += met;
        for key in due {
            let at = keys.locate(&key);
            if keys.may_go(at) {
                keys.delete_expired(at);
                seen.deleted += 1;
            } else {
                self.left.push((keys.db(), key.into_vec()));
            }
        }
        Some(finished)
    }
}
