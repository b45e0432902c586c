//! The state of one worker: everything that it needs to run commands besides shards and the shared state.
//!
//! In the exclusive mode the state of the worker that has the mode is in `Server::state`, so the mode needs no clocks,
//! counters and journals of its own.

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
    /// The number of the worker.
    pub worker: usize,
    /// The effects of the command under way.
    pub fx: Effects,
    /// The way in which accesses are recorded: LRU or LFU.
    pub access: AccessClock,
    /// The source of randomness.
    pub rng: SmallRng,
    /// The clock.
    pub clock: Clock,
    /// The time at which the command under way began, or the last one ended.
    pub tick: Tick,
    /// Keys that changed and that clients wait for, each once. They are served when the command under way is done.
    pub ready: VecDeque<(DbIndex, Vec<u8>)>,
    /// The counters of the worker; all threads may read them.
    pub stats: Arc<Stats>,
    /// The log of the commands under way.
    pub journal: Journal,
    /// The expiry cycle over this worker's slice of the shards, or over all of them.
    pub expiry: ActiveExpiry,
    /// The state of eviction.
    pub eviction: Eviction,
}

impl WorkerState {
    /// The state of a worker that has run no command yet.
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

    /// Begins a turn of the event loop: asks the system for the time.
    pub fn start_turn(&mut self, settings: &Settings) {
        self.clock.sync();
        self.tick = self.clock.tick();
        let now = self.clock.unix_ms(self.tick);
        self.access = AccessClock::new(settings, now, self.rng.random());
    }
}
