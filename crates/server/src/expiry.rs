//! Drives the expiry cycle: slow cycles in the cron, fast ones before the loop waits.
//!
//! Times are Redis's (expire.c): a slow cycle may use 25 % of the cron's period, two more for each step
//! of `active-expire-effort`; a fast one a millisecond, a quarter more per step, and only
//! while slow cycles do not get done with it.
//!
//! With several workers each has a slice of the shards and that part of the time (`worker/chores.rs`). One cycle
//! over all shards, in the exclusive mode, is left for when everything runs there (`Server::works_in_slices`).
//!
//! The pace is here; `exec/expiry.rs` runs the cycles.

use crate::clock::{Clock, Tick};
use crate::stats::Stats;
use ochre_engine::cycle::ExpireCycle;
use ochre_engine::keyspace::DbIndex;
use ochre_engine::settings::Settings;

/// State of active expiry, of all shards or of a slice.
#[derive(Default)]
pub struct ActiveExpiry {
    /// Where it goes on.
    pub cycle: ExpireCycle,
    /// The last slow cycle did not get done with its work.
    pub timed_out: bool,
    last_fast: Option<Tick>,
}

impl ActiveExpiry {
    /// Whether the last slow cycle did not get done with its work.
    pub fn goes_on(&self) -> bool {
        self.timed_out
    }

    /// Microseconds that a fast cycle may take now; `None` if it is not needed, or too soon.
    pub fn fast_limit_us(&mut self, settings: &Settings, clock: &Clock) -> Option<u64> {
        if !self.timed_out {
            return None;
        }
        let limit_us = 1000 + 250 * effort(settings);
        let now = clock.tick();
        if self.last_fast.is_some_and(|last| clock.nanos(last, now) < 2 * limit_us * 1000) {
            return None;
        }
        self.last_fast = Some(now);
        Some(limit_us)
    }

    /// Counts a cycle of so many nanoseconds that has just ended.
    pub fn count(&self, stats: &Stats, nanos: u64) {
        stats.expire_cycles_timed_out.add(u64::from(self.timed_out));
        stats.expire_cycle_nanos.add(nanos);
    }

    /// Keys that are due but may be deleted in the exclusive mode only.
    pub fn take_left(&mut self) -> Vec<(DbIndex, Vec<u8>)> {
        std::mem::take(&mut self.cycle.left)
    }
}

/// Steps of `active-expire-effort` above the first.
fn effort(settings: &Settings) -> u64 {
    u64::from(settings.active_expire_effort.clamp(1, 10) - 1)
}

/// Microseconds that the slow cycles of one turn of the cron may take, all workers together.
pub fn slow_limit_us(settings: &Settings, hz: u64) -> u64 {
    let share = 25 + 2 * effort(settings);
    share * 1_000_000 / hz / 100
}
