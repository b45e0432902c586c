//! The active expiry cycle: deletes keys whose time has come without waiting for an access.
//!
//! Entries with an expiry carry a flag in their table word, so the cycle walks the tables in the
//! order of the hash and touches no other entry; shards and databases without such keys cost one
//! comparison. The effort rules are Redis's (expire.c: activeExpireCycle): some keys at a time,
//! again while more than a tenth of them were due, until the time is up.

use crate::command::Effects;
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

/// How a cycle runs.
pub struct Drive<'a> {
    /// The shards.
    pub slice: Slice,
    /// How hard it works.
    pub pace: Pace,
    /// Says no when the time is up.
    pub more_time: &'a mut dyn FnMut() -> bool,
    /// Gets what deletions reported, before their shard is let go.
    pub settle: &'a mut dyn FnMut(&mut Effects),
}

impl ExpireCycle {
    /// Runs until nothing much is due or the time is up.
    pub fn run(&mut self, keys: &mut Keys<'_>, drive: &mut Drive<'_>) -> CycleEnd {
        let slice = drive.slice;
        let shards = slice.len(keys.shards());
        let mut dbs = keys.volatile_dbs((0..shards).map(|place| slice.shard(place)));
        if dbs.is_empty() {
            return CycleEnd::Empty;
        }
        let selected = keys.db();
        self.places.resize(keys.dbs() as usize, 0);
        let first = dbs.partition_point(|db| db.0 < self.db);
        dbs.rotate_left(first);
        let mut end = CycleEnd::Done;
        for db in dbs {
            self.db = db.0;
            keys.select(db);
            if !self.run_db(keys, drive) {
                end = CycleEnd::TimedOut;
                break;
            }
            self.db += 1;
        }
        keys.select(selected);
        end
    }

    /// False if the time is up.
    fn run_db(&mut self, keys: &mut Keys<'_>, drive: &mut Drive<'_>) -> bool {
        loop {
            let seen = self.step(keys, drive);
            if seen.keys == 0 || seen.deleted * 100 <= drive.pace.acceptable_stale * seen.keys {
                return true;
            }
            if !(drive.more_time)() {
                return false;
            }
        }
    }

    /// Looks at some keys, going round the shards; at most one round.
    fn step(&mut self, keys: &mut Keys<'_>, drive: &mut Drive<'_>) -> Seen {
        let (enough, shards) = (drive.pace.keys_per_loop, drive.slice.len(keys.shards()));
        let (mut seen, mut due) = (Seen::default(), Vec::new());
        let (mut finished_shards, mut steps) = (0, 0);
        let mut place = self.places[self.db as usize] % shards;
        while seen.keys < enough && finished_shards < shards && steps < enough {
            let shard = drive.slice.shard(place);
            let mut finished = true;
            if keys.has_volatile_in(shard) {
                steps += 1;
                let (met, at_end) = keys.due_in(shard, BUCKETS_PER_STEP, &mut due);
                finished = at_end;
                seen.keys += met;
                seen.deleted += self.delete(keys, &mut due);
                (drive.settle)(keys.fx);
            }
            if finished {
                place = (place + 1) % shards;
                finished_shards += 1;
            }
        }
        self.places[self.db as usize] = place;
        seen
    }

    /// Deletes keys of the shard at hand. Returns how many.
    fn delete(&mut self, keys: &mut Keys<'_>, due: &mut Vec<Box<[u8]>>) -> usize {
        let mut deleted = 0;
        for key in due.drain(..) {
            let at = keys.locate(&key);
            if keys.may_go(at) {
                keys.delete_expired(at);
                deleted += 1;
            } else {
                self.left.push((keys.db(), key.into_vec()));
            }
        }
        deleted
    }
}
