//! Drives the expiry cycle: slow cycles in the cron, fast ones before the loop waits.
//!
//! Times are Redis's (expire.c): a slow cycle may use 25 % of the cron's period, two more for each step
//! of `active-expire-effort`; a fast one a millisecond, a quarter more per step, and only
//! while slow cycles do not get done with it.
//!
//! With several workers each has a slice of the shards and that part of the time (`worker/chores.rs`). One cycle
//! over all shards, in the exclusive mode, is left for when everything runs there ([`Server::works_in_slices`]).

use crate::clock::{Clock, Tick};
use crate::exec::ExecContext;
use crate::server::Server;
use crate::stats::Stats;
use crate::worker_state::WorkerState;
use ochre_engine::cycle::{CycleEnd, CycleHost, ExpireCycle, Pace, Slice};
use ochre_engine::keyspace::{DbIndex, Keys, World};
use ochre_engine::settings::Settings;

/// State of active expiry, of all shards or of a slice.
#[derive(Default)]
pub struct ActiveExpiry {
    cycle: ExpireCycle,
    timed_out: bool,
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

impl Server {
    /// A slow cycle, `hz` times a second.
    pub fn expire_cycle(&mut self, hz: u64) {
        self.run_expiry(slow_limit_us(&self.shared.settings, hz));
    }

    /// A fast cycle, if the last slow one left something to do.
    pub fn fast_expire_cycle(&mut self) {
        let WorkerState { expiry, clock, .. } = &mut *self.state;
        if let Some(limit_us) = expiry.fast_limit_us(&self.shared.settings, clock) {
            self.run_expiry(limit_us);
        }
    }

    fn run_expiry(&mut self, limit_us: u64) {
        if !self.shared.settings.active_expire_enabled || self.shared.pause.is_on() {
            return;
        }
        let (started, counter) = (self.state.clock.tick(), self.state.clock.handle());
        let mut more_time = || counter.micros_since(started) < limit_us;
        self.without_client(|context| context.run_expiry_cycle(Slice::ALL, &mut more_time));
        self.state.tick = self.state.clock.tick();
        let nanos = self.state.clock.nanos(started, self.state.tick);
        self.state.expiry.count(&self.state.stats, nanos);
        self.note_latency("expire-cycle", nanos);
    }
}

/// Where a cycle works.
struct Site<'a, 'f> {
    context: &'a mut ExecContext<'f>,
    more_time: &'a mut dyn FnMut() -> bool,
}

impl CycleHost for Site<'_, '_> {
    fn keys<R>(&mut self, work: impl FnOnce(&mut Keys<'_>) -> R) -> R {
        work(&mut self.context.background().0)
    }

    fn settle(&mut self) {
        self.context.settle_expired();
    }

    fn more_time(&mut self) -> bool {
        (self.more_time)()
    }
}

impl ExecContext<'_> {
    /// Runs a cycle over a slice of the shards as long as `more_time` lets it.
    pub fn run_expiry_cycle(&mut self, slice: Slice, more_time: &mut dyn FnMut() -> bool) -> CycleEnd {
        let pace = Pace::new(self.shared.settings.active_expire_effort);
        let mut cycle = std::mem::take(&mut self.state.expiry.cycle);
        let end = cycle.run(&mut Site { context: self, more_time }, slice, pace);
        self.state.expiry.cycle = cycle;
        self.state.expiry.timed_out = end == CycleEnd::TimedOut;
        end
    }

    /// Deletes those of these keys that are due. False if the exclusive mode is needed for one.
    pub fn delete_due(&mut self, due: &[(DbIndex, Vec<u8>)]) -> bool {
        due.iter().all(|(db, key)| {
            let mut keys = self.background().0;
            keys.select(*db);
            let is_gone = keys.delete_if_due(keys.locate(key));
            self.settle_expired();
            is_gone
        })
    }

    fn settle_expired(&mut self) {
        self.settle_background(self.shared.settings.lazyfree_lazy_expire);
    }
}

/// Lends a view of database 0, for work that no client asked for.
pub fn with_keys<R>(
    world: &mut World,
    state: &mut WorkerState,
    settings: &Settings,
    work: impl FnOnce(&mut Keys<'_>) -> R,
) -> R {
    let (view, _) = state.background(settings);
    work(&mut Keys::new(world, view))
}
