//! The pace of active expiry: slow cycles in the cron, fast ones before the event loop waits. `exec/expiry.rs` runs them.
//!
//! The times are those of Redis (expire.c). A slow cycle may use 25 % of the period of the cron, and 2 % more for each
//! step of `active-expire-effort`. A fast cycle may use 1 ms, and 0.25 ms more for each step; it only runs while slow
//! cycles end before their work is done.
//!
//! With several workers each has a slice of the shards and an equal part of the time (`worker/chores.rs`). While the
//! server is restricted, one cycle in the exclusive mode covers all shards (`SharedState::works_in_slices`).

use crate::clock::{Clock, Tick};
use crate::stats::Stats;
use ochre_engine::cycle::ExpireCycle;
use ochre_engine::keyspace::DbIndex;
use ochre_engine::settings::Settings;

/// The state of active expiry, of all shards or of a slice.
#[derive(Default)]
pub struct ActiveExpiry {
    /// The position of the cycle.
    pub cycle: ExpireCycle,
    /// Whether the last cycle ended before its work was done.
    pub timed_out: bool,
    last_fast: Option<Tick>,
}

impl ActiveExpiry {
    /// Whether the last cycle ended before its work was done.
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

    /// Counts a cycle that has just ended and took `nanos` nanoseconds.
    pub fn count(&self, stats: &Stats, nanos: u64) {
        stats.expire_cycles_timed_out.add(u64::from(self.timed_out));
        stats.expire_cycle_nanos.add(nanos);
    }

    /// Takes the keys that are due but may be deleted in the exclusive mode only.
    pub fn take_left(&mut self) -> Vec<(DbIndex, Vec<u8>)> {
        std::mem::take(&mut self.cycle.left)
    }
}

/// Steps of `active-expire-effort` above the first, 0 to 9.
fn effort(settings: &Settings) -> u64 {
    u64::from(settings.active_expire_effort.clamp(1, 10) - 1)
}

/// Microseconds for the slow cycles of one run of the cron, for all workers together.
pub fn slow_limit_us(settings: &Settings, hz: u64) -> u64 {
    let share = 25 + 2 * effort(settings);
    share * 1_000_000 / hz / 100
}
