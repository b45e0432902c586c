//! Work that no client asked for, and room for what clients ask for: expiry and eviction.
//!
//! ```text
//! shared      every worker   expiry: its slice of the shards, its part of the time    eviction: any shard
//! exclusive   first worker   expiry: all shards                                       eviction: all shards
//! ```
//! In the shared mode one shard is locked at a time, and what a deletion reports is carried out and logged before the
//! shard is let go (`ExecContext::settle_background`), so the log has it in order. A key that somebody waits for is left to
//! the exclusive mode: whoever goes on may need other shards.

use super::Worker;
use super::handle::{WorkerHandle, WorkerView, context};
use crate::clock::{Clock, Tick};
use crate::eviction::Pressure;
use crate::exec::{EvictionSite, relieve};
use crate::expiry::slow_limit_us;
use crate::lazyfree::Reaper;
use crate::shared::SharedState;
use crate::worker_state::WorkerState;
use ochre_engine::cycle::{CycleEnd, Slice};
use ochre_engine::keyspace::ExpiryMode;
use ochre_engine::settings::Settings;

impl Worker {
    /// What is to be done before the loop waits.
    pub(super) fn do_chores(&mut self) {
        let shares = self.handle.shares_commands();
        if shares {
            self.handle.go_on();
        }
        let WorkerView { shared, state, .. } = self.handle.view();
        let goes_on = state.expiry.goes_on() || state.eviction.unfinished;
        if !shares && self.signals.is_some() && goes_on || shared.must_evict_clients() {
            self.handle.exclusively(|server| {
                server.evict_clients(None);
                if !server.shared.works_in_slices() {
                    server.fast_expire_cycle();
                    if server.state_of(0).eviction.unfinished {
                        server.evict();
                    }
                }
            });
        }
        self.handle.hand_over();
    }

    /// Evicting goes on in the next turn.
    pub(super) fn evicts_on(&mut self) -> bool {
        let is_due_here = self.signals.is_some() || self.handle.shares_commands();
        is_due_here && self.handle.state().eviction.unfinished
    }

    /// This worker's part of a slow cycle. False if its slice has no key with an expiry.
    pub(super) fn expire_slice(&mut self) -> bool {
        let shared = self.handle.shared();
        let limit_us = slow_limit_us(&shared.settings, shared.hz());
        self.handle.run_expiry(limit_us) != CycleEnd::Empty
    }
}

impl WorkerHandle {
    /// Goes on with what did not get done, in the shared mode.
    fn go_on(&mut self) {
        let mut view = self.view();
        if std::mem::take(&mut view.state.eviction.unfinished) {
            view.state.eviction.ask_again();
            make_headroom(&mut view, false);
        }
        let WorkerState { expiry, clock, .. } = view.state;
        if let Some(limit_us) = expiry.fast_limit_us(&view.shared.settings, clock) {
            self.run_expiry(limit_us);
        }
    }

    /// Runs a cycle over this worker's slice. `limit_us` is for all workers together. A worker that wants the exclusive
    /// mode meanwhile gets it.
    fn run_expiry(&mut self, limit_us: u64) -> CycleEnd {
        if !self.shared().expires_actively() {
            return CycleEnd::Empty;
        }
        let limit_us = limit_us / self.shared().workers() as u64;
        let (calls, mut spent) = (self.calls(), 0);
        let end = loop {
            let clock = &self.state().clock;
            let (started, counter) = (clock.tick(), clock.handle());
            let mut is_called = false;
            let end = self.expire_while(&mut || {
                is_called = calls.is_wanted();
                !is_called && spent / 1000 + counter.micros_since(started) < limit_us
            });
            let state = self.state();
            state.tick = state.clock.tick();
            spent += state.clock.nanos(started, state.tick);
            if end != CycleEnd::TimedOut || !is_called {
                break end;
            }
            self.step_aside();
            if !self.shares_commands() {
                break end;
            }
        };
        let WorkerView { shared, state, .. } = self.view();
        state.expiry.count(&state.stats, spent);
        note(shared, state, "expire-cycle", spent);
        end
    }

    fn expire_while(&mut self, more_time: &mut dyn FnMut() -> bool) -> CycleEnd {
        let slice = Slice::of(self.me(), self.shared().workers());
        self.view().roaming_context().run_expiry_cycle(slice, more_time)
    }

    /// Hands over to the exclusive mode what only that can do.
    fn hand_over(&mut self) {
        let left = self.state().expiry.take_left();
        if !left.is_empty() {
            self.exclusively(|server| server.without_client(|context| context.delete_due(&left)));
        }
    }
}

/// Keeps the memory limit before commands run in the shared mode. `needs` is whether the first of them may use
/// more memory: if it is not refused, it may run unless [`Pressure::Stuck`].
pub(super) fn make_headroom(view: &mut WorkerView<'_>, needs: bool) -> Pressure {
    let (shared, limit) = (view.shared, view.shared.settings.maxmemory);
    if limit == 0 || view.state.eviction.headroom().is_left(|| needs) {
        return Pressure::Relieved;
    }
    let mut counted = shared.memory_counted(&view.state.journal);
    let mut pressure = Pressure::Relieved;
    if counted > limit {
        pressure = Pressure::Stuck;
        if !view.state.eviction.rests(&view.state.clock) {
            (pressure, counted) = relieve(&mut SharedMode(view), counted);
        }
    }
    let (free, workers) = (limit.saturating_sub(counted), shared.workers() as u64);
    let WorkerState { eviction, clock, .. } = &mut *view.state;
    eviction.conclude(pressure, free, limit, workers, clock);
    pressure
}

/// Notes an event of the latency monitor if it took long enough.
fn note(shared: &SharedState, state: &WorkerState, event: &'static str, nanos: u64) {
    shared.notes.event(shared.setup(), event, nanos, state.now().seconds());
}

/// A worker in the shared mode, which holds no shard.
struct SharedMode<'a, 'v>(&'a mut WorkerView<'v>);

impl EvictionSite for SharedMode<'_, '_> {
    fn settings(&self) -> &Settings {
        &self.0.shared.settings
    }

    fn memory_counted(&self) -> u64 {
        self.0.shared.memory_counted(&self.0.state.journal)
    }

    fn is_among_others(&self) -> bool {
        true
    }

    fn evict_one(&mut self) -> bool {
        let started = self.0.state.clock.tick();
        let held = self.0.locks().roaming(&mut self.0.locking.shards);
        let found = context(self.0.shared, held, ExpiryMode::Delete, self.0.state).evict();
        self.note_since("eviction-del", started);
        found
    }

    fn reaper(&self) -> &Reaper {
        &self.0.shared.reaper
    }

    fn clock(&self) -> &Clock {
        &self.0.state.clock
    }

    fn note_since(&mut self, event: &'static str, started: Tick) {
        let state = &*self.0.state;
        let nanos = state.clock.nanos(started, state.clock.tick());
        note(self.0.shared, state, event, nanos);
    }
}
