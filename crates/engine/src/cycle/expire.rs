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

/// Where the cycle goes on.
#[derive(Debug, Default)]
pub struct ExpireCycle {
    db: u32,
    shard: usize,
}

/// What a step saw.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Seen {
    keys: usize,
    due: usize,
}

/// Buckets walked at a time in a table where few entries have an expiry.
const BUCKETS_PER_STEP: usize = 64;

impl ExpireCycle {
    /// Runs until nothing much is due or `more_time` says no. True if the time was too short.
    pub fn run(&mut self, keys: &mut Keys<'_>, pace: Pace, more_time: &mut dyn FnMut() -> bool) -> bool {
        let selected = keys.db();
        let mut timed_out = false;
        for _ in 0..keys.dbs() {
            keys.select(DbIndex(self.db % keys.dbs()));
            if keys.volatile() > 0 && !self.run_db(keys, pace, more_time) {
                timed_out = true;
                break;
            }
            self.db = (self.db + 1) % keys.dbs();
            self.shard = 0;
        }
        keys.select(selected);
        timed_out
    }

    /// False if the time is up.
    fn run_db(&mut self, keys: &mut Keys<'_>, pace: Pace, more_time: &mut dyn FnMut() -> bool) -> bool {
        loop {
            let seen = self.step(keys, pace);
            if seen.keys == 0 || seen.due * 100 <= pace.acceptable_stale * seen.keys {
                return true;
            }
            if !more_time() {
                return false;
            }
        }
    }

    /// Looks at some keys, going round the shards; at most one round.
    fn step(&mut self, keys: &mut Keys<'_>, pace: Pace) -> Seen {
        let mut seen = Seen::default();
        let mut due = Vec::new();
        let mut finished_shards = 0;
        let mut steps = 0;
        while seen.keys < pace.keys_per_loop && finished_shards < keys.shards() && steps < pace.keys_per_loop
        {
            if !keys.has_volatile_in(self.shard) {
                self.shard = (self.shard + 1) % keys.shards();
                finished_shards += 1;
                continue;
            }
            steps += 1;
            let (looked_at, finished) = keys.due_in(self.shard, BUCKETS_PER_STEP, &mut due);
            seen.keys += looked_at;
            if finished {
                self.shard = (self.shard + 1) % keys.shards();
                finished_shards += 1;
            }
        }
        seen.due = due.len();
        for key in due {
            let key = keys.locate(&key);
            keys.delete_expired(key);
        }
        seen
    }
}
