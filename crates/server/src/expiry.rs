//! Drives the expiry cycle: slow cycles in the cron, fast ones before the loop waits.
//!
//! Times are Redis's (expire.c): a slow cycle may use 25 % of the cron's period, two more for each step
//! of `active-expire-effort`; a fast one a millisecond, a quarter more per step, and only
//! while slow cycles do not get done with it.

use crate::client::{Client, Token};
use crate::clock::Tick;
use crate::server::{Lane, Server};
use ochre_engine::cycle::{ExpireCycle, Pace};
use ochre_engine::keyspace::{ClientId, DbIndex, ExpiryMode, Hints, Keys, View, World};
use ochre_engine::settings::Settings;

/// State of active expiry.
#[derive(Default)]
pub struct ActiveExpiry {
    cycle: ExpireCycle,
    timed_out: bool,
    last_fast: Option<Tick>,
    /// Cycles that ended because their time was up.
    pub cycles_timed_out: u64,
    /// Microseconds spent in cycles.
    pub spent_us: u64,
}

impl ActiveExpiry {
    /// Whether the last slow cycle did not get done with its work.
    pub fn goes_on(&self) -> bool {
        self.timed_out
    }
}

impl Server {
    /// A slow cycle, `hz` times a second.
    pub fn expire_cycle(&mut self, hz: u64) {
        let effort = u64::from(self.settings.active_expire_effort.clamp(1, 10) - 1);
        let share = 25 + 2 * effort;
        self.run_expiry(share * 1_000_000 / hz / 100);
    }

    /// A fast cycle, if the last slow one left something to do.
    pub fn fast_expire_cycle(&mut self) {
        if !self.expiry.timed_out {
            return;
        }
        let effort = u64::from(self.settings.active_expire_effort.clamp(1, 10) - 1);
        let limit_us = 1000 + 250 * effort;
        let now = self.lane.clock.tick();
        let too_soon = |last| self.lane.clock.nanos(last, now) < 2 * limit_us * 1000;
        if self.expiry.last_fast.is_some_and(too_soon) {
            return;
        }
        self.expiry.last_fast = Some(now);
        self.run_expiry(limit_us);
    }

    fn run_expiry(&mut self, limit_us: u64) {
        if !self.settings.active_expire_enabled || self.pause.is_on() {
            return;
        }
        let started = self.lane.clock.tick();
        let pace = Pace::new(self.settings.active_expire_effort);
        let counter = self.lane.clock.handle();
        let mut more_time = || counter.micros_since(started) < limit_us;
        let cycle = &mut self.expiry.cycle;
        let timed_out = with_keys(&mut self.world, &mut self.lane, &self.settings, |keys| {
            cycle.run(keys, pace, &mut more_time)
        });
        self.expiry.timed_out = timed_out;
        self.expiry.cycles_timed_out += u64::from(timed_out);
        self.lane.tick = self.lane.clock.tick();
        let nanos = self.lane.clock.nanos(started, self.lane.tick);
        self.expiry.spent_us += nanos / 1000;
        self.note_latency("expire-cycle", nanos);
        self.settle_background(self.settings.lazyfree_lazy_expire);
    }

    /// Carries out effects that no client caused.
    /// `lazy` is whether keys that went are to be freed in the background elsewhere, too.
    pub fn settle_background(&mut self, lazy: bool) {
        if !self.lane.fx.is_quiet() {
            self.propagate_gone(lazy);
            let mut nobody = Client::new(ClientId(0), Token::NOWHERE, None, self.now());
            self.on_floor(&mut nobody, |floor, _| {
                floor.deliver();
                floor.serve_ready();
            });
        }
    }
}

/// Lends a view of database 0, for work that no client asked for.
pub fn with_keys<R>(
    world: &mut World,
    lane: &mut Lane,
    settings: &Settings,
    work: impl FnOnce(&mut Keys<'_>) -> R,
) -> R {
    let view = View {
        db: DbIndex(0),
        now: lane.clock.unix_ms(lane.tick),
        settings,
        access: &mut lane.access,
        expiry: ExpiryMode::Delete,
        hints: Hints::NONE,
        fx: &mut lane.fx,
    };
    work(&mut Keys::new(world, view))
}
