//! What one worker needs to run commands, besides shards and what all workers share.
//!
//! Each worker has one. The exclusive mode works with that of the worker that entered it (`Server::state`), so there
//! is no second set of clocks, counters and journals.

use crate::clock::{Clock, Tick};
use crate::eviction::Eviction;
use crate::expiry::ActiveExpiry;
use crate::propagate::Journal;
use crate::stats::Stats;
use ochre_engine::command::Effects;
use ochre_engine::keyspace::{AccessClock, DbIndex, ExpiryMode, Hints, View};
use ochre_engine::settings::Settings;
use ochre_engine::time::UnixMs;
use rand::Rng;
use rand::rngs::SmallRng;
use std::collections::VecDeque;
use std::sync::Arc;

/// The state of a worker.
pub struct WorkerState {
    /// Number of the worker.
    pub worker: usize,
    /// What the command under way did.
    pub fx: Effects,
    /// How accesses are recorded.
    pub access: AccessClock,
    /// Randomness.
    pub rng: SmallRng,
    /// The clock.
    pub clock: Clock,
    /// When the command under way began (or the last one ended).
    pub tick: Tick,
    /// Keys that changed and that a client waits for, each once: served when the command under way is done.
    pub ready: VecDeque<(DbIndex, Vec<u8>)>,
    /// Counters of what it does; all threads may read them.
    pub stats: Arc<Stats>,
    /// The log of the commands under way.
    pub journal: Journal,
    /// The expiry cycle over this worker's slice of the shards, or over all of them.
    pub expiry: ActiveExpiry,
    /// Eviction.
    pub eviction: Eviction,
}

impl WorkerState {
    /// The state of a worker that has done nothing yet.
    pub fn new(
        worker: usize,
        settings: &Settings,
        stats: Arc<Stats>,
        clock: Clock,
        mut rng: SmallRng,
    ) -> WorkerState {
        let access = AccessClock::new(settings, clock.now(), rng.random());
        WorkerState {
            worker,
            fx: Effects::default(),
            access,
            tick: clock.tick(),
            rng,
            clock,
            ready: VecDeque::new(),
            stats,
            journal: Journal::of_worker(),
            expiry: ActiveExpiry::default(),
            eviction: Eviction::default(),
        }
    }

    /// The time of the command under way.
    #[inline]
    pub fn now(&self) -> UnixMs {
        self.clock.unix_ms(self.tick)
    }

    /// Lends a view of database 0, for work that no client asked for.
    pub fn background<'a>(&'a mut self, settings: &'a Settings) -> (View<'a>, &'a mut SmallRng) {
        let view = View {
            db: DbIndex(0),
            now: self.clock.unix_ms(self.tick),
            settings,
            access: &mut self.access,
            expiry: ExpiryMode::Delete,
            hints: Hints::NONE,
            fx: &mut self.fx,
        };
        (view, &mut self.rng)
    }

    /// Starts a turn of the event loop: asks the system for the time.
    pub fn start_turn(&mut self, settings: &Settings) {
        self.clock.sync();
        self.tick = self.clock.tick();
        let now = self.clock.unix_ms(self.tick);
        self.access = AccessClock::new(settings, now, self.rng.random());
    }
}
