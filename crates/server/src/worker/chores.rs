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
use super::common::Common;
use super::handle::WorkerHandle;
use crate::clock::{Clock, Tick};
use crate::eviction::{Pressure, Site, relieve};
use crate::expiry::slow_limit_us;
use crate::lazyfree::Reaper;
use crate::server::{Desk, Lane};
use ochre_engine::cycle::{CycleEnd, Slice};
use ochre_engine::settings::Settings;

impl Worker {
    /// What is to be done before the loop waits.
    pub(super) fn do_chores(&mut self) {
        let shares = self.handle.shares_commands();
        if shares {
            self.handle.go_on();
        }
        let (common, _, desk) = self.handle.split();
        let goes_on = common.expires_on() || desk.eviction.unfinished;
        if !shares && self.signals.is_some() && goes_on || common.must_evict_clients() {
            self.handle.exclusively(|server| {
                server.evict_clients(None);
                if !server.works_in_slices() {
                    server.fast_expire_cycle();
                    if server.desks[0].get_mut().eviction.unfinished {
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
        is_due_here && self.handle.desk().eviction.unfinished
    }

    /// This worker's part of a slow cycle. False if its slice has no key with an expiry.
    pub(super) fn expire_slice(&mut self) -> bool {
        let common = self.handle.common();
        let limit_us = slow_limit_us(common.settings(), common.hz());
        self.handle.run_expiry(limit_us) != CycleEnd::Empty
    }
}

impl WorkerHandle {
    /// Goes on with what did not get done, in the shared mode.
    fn go_on(&mut self) {
        let (common, _, desk) = self.split();
        if std::mem::take(&mut desk.eviction.unfinished) {
            desk.eviction.ask_again();
            make_room(common, desk, false);
        }
        if let Some(limit_us) = desk.expiry.fast_limit_us(common.settings(), &desk.lane.clock) {
            self.run_expiry(limit_us);
        }
    }

    /// Runs a cycle over this worker's slice. `limit_us` is for all workers together. Whoever wants the exclusive mode
    /// meanwhile gets it.
    fn run_expiry(&mut self, limit_us: u64) -> CycleEnd {
        if !self.common().expires_actively() {
            return CycleEnd::Empty;
        }
        let limit_us = limit_us / self.common().workers() as u64;
        let (calls, mut spent) = (self.calls(), 0);
        let end = loop {
            let (started, counter) = (self.desk().lane.clock.tick(), self.desk().lane.clock.handle());
            let mut is_called = false;
            let end = self.expire_while(&mut || {
                is_called = calls.is_wanted();
                !is_called && spent / 1000 + counter.micros_since(started) < limit_us
            });
            let lane = &mut self.desk().lane;
            lane.tick = lane.clock.tick();
            spent += lane.clock.nanos(started, lane.tick);
            if end != CycleEnd::TimedOut || !is_called {
                break end;
            }
            self.step_aside();
            if !self.shares_commands() {
                break end;
            }
        };
        let (common, _, desk) = self.split();
        desk.expiry.count(&desk.stats, spent);
        note(common, &desk.lane, "expire-cycle", spent);
        end
    }

    fn expire_while(&mut self, more_time: &mut dyn FnMut() -> bool) -> CycleEnd {
        let slice = Slice::of(self.me(), self.common().workers());
        let (common, _, desk) = self.split();
        let Desk { lane, stats, journal, shards, expiry, .. } = desk;
        let mut context = common.roaming_context(shards, lane, stats, journal);
        expiry.run(&mut context, slice, more_time)
    }

    /// Hands over to the exclusive mode what only that can do.
    fn hand_over(&mut self) {
        let left = self.desk().expiry.take_left();
        if !left.is_empty() {
            self.exclusively(|server| server.without_client(|context| context.delete_due(&left)));
        }
    }
}

/// Keeps the memory limit before commands run in the shared mode. `needs` is whether the first of them may use
/// more memory: if it is not refused, it may run unless [`Pressure::Stuck`].
pub(super) fn make_room(common: Common<'_>, desk: &mut Desk, needs: bool) -> Pressure {
    let limit = common.settings().maxmemory;
    if limit == 0 || desk.eviction.room().is_left(|| needs) {
        return Pressure::Relieved;
    }
    let mut counted = common.memory_counted();
    let mut pressure = Pressure::Relieved;
    if counted > limit {
        pressure = Pressure::Stuck;
        if !desk.eviction.rests(&desk.lane.clock) {
            (pressure, counted) = relieve(&mut Here { common, desk }, counted);
        }
    }
    let (free, workers) = (limit.saturating_sub(counted), common.workers() as u64);
    desk.eviction.conclude(pressure, free, limit, workers, &desk.lane.clock);
    pressure
}

/// Notes an event of the latency monitor if it took long enough.
fn note(common: Common<'_>, lane: &Lane, event: &'static str, nanos: u64) {
    common.notes().event(common.setup(), event, nanos, lane.clock.unix_ms(lane.tick).seconds());
}

/// A worker in the shared mode, which holds no shard.
struct Here<'a> {
    common: Common<'a>,
    desk: &'a mut Desk,
}

impl Site for Here<'_> {
    fn settings(&self) -> &Settings {
        self.common.settings()
    }

    fn memory_counted(&self) -> u64 {
        self.common.memory_counted()
    }

    fn is_among_others(&self) -> bool {
        true
    }

    fn evict_one(&mut self) -> bool {
        let common = self.common;
        let Desk { lane, stats, journal, shards, eviction, .. } = &mut *self.desk;
        let started = lane.clock.tick();
        let mut context = common.roaming_context(shards, lane, stats, journal);
        let found = context.evict(&mut eviction.pool);
        drop(context);
        self.note_since("eviction-del", started);
        found
    }

    fn reaper(&self) -> &Reaper {
        self.common.reaper()
    }

    fn clock(&self) -> &Clock {
        &self.desk.lane.clock
    }

    fn note_since(&mut self, event: &'static str, started: Tick) {
        let clock = &self.desk.lane.clock;
        let nanos = clock.nanos(started, clock.tick());
        note(self.common, &self.desk.lane, event, nanos);
    }
}
