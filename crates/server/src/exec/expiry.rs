//! Runs expiry cycles, and deletes keys that are due.

use super::context::ExecContext;
use crate::expiry::slow_limit_us;
use crate::server::Server;
use crate::worker_state::WorkerState;
use ochre_engine::cycle::{CycleEnd, CycleHost, Pace, Slice};
use ochre_engine::keyspace::{DbIndex, Keys, World};
use ochre_engine::settings::Settings;

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
struct ExpirySite<'a, 'f> {
    context: &'a mut ExecContext<'f>,
    more_time: &'a mut dyn FnMut() -> bool,
}

impl CycleHost for ExpirySite<'_, '_> {
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
        let end = cycle.run(&mut ExpirySite { context: self, more_time }, slice, pace);
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
