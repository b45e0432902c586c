//! The process: the data, the clients, and all that commands of the server work on.
//!
//! ```text
//! Server
//! ├── world      the data: shards, each behind its lock
//! ├── shared     what all workers see; changes in the exclusive mode, or has locks of its own
//! ├── clients    a set for each worker
//! ├── workers    the state of each worker, except that of the worker in the exclusive mode ...
//! └── state      ... which is here
//! ```
//! `&mut Server` is the exclusive mode: its owner is alone. In the shared mode a worker reaches the shards through
//! their locks, `&SharedState`, its own set of clients and its own [`WorkerState`] (`worker::handle`).

use crate::client::{Client, Clients};
use crate::clock::{Clock, Tick};
use crate::config::Config;
use crate::exec::Handlers;
use crate::in_hand::InHand;
use crate::process::Identity;
use crate::process::signals::Requested;
use crate::propagate::Journal;
use crate::setup::Setup;
use crate::shared::SharedState;
use crate::stats::Rates;
use crate::table::{CommandId, CommandTable};
use crate::worker_state::WorkerState;
use ochre_engine::command::EventClasses;
use ochre_engine::keyspace::World;
use ochre_engine::level::Level;
use ochre_engine::table::Seed;
use ochre_engine::time::UnixMs;
use ochre_resp::request::Args;
use ochre_sync::Own;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;

/// Most workers that `io-threads` may ask for.
pub const MAX_WORKERS: usize = 128;

/// The state of a worker in its place; it is elsewhere while the worker has the exclusive mode.
pub type OwnState = Own<InHand<WorkerState>>;

/// The process.
pub struct Server {
    /// The data.
    pub world: World,
    /// What all workers see.
    pub shared: SharedState,
    /// All clients.
    pub clients: Clients,
    /// The state of the worker in the exclusive mode.
    pub state: InHand<WorkerState>,
    /// The states of the other workers.
    pub workers: Box<[OwnState]>,
    /// Where the sockets of each worker's clients report.
    pub registries: Box<[mio::Registry]>,
    /// The signal that asked for the end.
    pub ending: Requested,
    /// It was logged.
    pub ending_told: bool,
}

impl Server {
    /// A server with no data and no clients. The state of the first worker is in hand. Time and randomness are what
    /// `clock` and `rng` give: with those of a test all of it can be repeated.
    /// `commands` makes the table of commands of a level.
    pub fn new(
        config: Config,
        identity: Identity,
        clock: &Clock,
        mut rng: SmallRng,
        commands: fn(Level) -> (CommandTable, Handlers),
    ) -> Server {
        let seed = Seed::new(rng.random(), rng.random());
        let workers = usize::try_from(config.network.io_threads).unwrap_or(1).clamp(1, MAX_WORKERS);
        // No more of them run at a time than there are processors; with one, they still take turns.
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let at_a_time = workers.min(processors.max(2));
        let shared = SharedState::new(config, identity, workers, clock, commands);
        let mut state = |worker: usize| {
            let stats = Arc::clone(&shared.worker_stats[worker]);
            let rng = SmallRng::seed_from_u64(rng.random());
            InHand::new(Box::new(WorkerState::new(worker, &shared.settings, stats, clock.clone(), rng)))
        };
        let states: Box<[OwnState]> = (0..workers).map(|worker| Own::new(state(worker))).collect();
        let mut server = Server {
            world: World::new(World::shards_for(at_a_time), shared.settings.databases, seed),
            clients: Clients::new(shared.counts.clone()),
            state: InHand::elsewhere(),
            workers: states,
            registries: Box::default(),
            ending: Requested::default(),
            ending_told: false,
            shared,
        };
        server.take_state(0);
        // The log begins in the hands of the first worker.
        server.state.journal = Journal::default();
        server.listen_to_events();
        server
    }

    /// A worker enters the exclusive mode: its state comes here.
    #[inline]
    pub fn take_state(&mut self, worker: usize) {
        if let Some(state) = self.workers[worker].get_mut().take() {
            self.state.put(state);
        }
    }

    /// The worker leaves the exclusive mode, and takes its state along.
    #[inline]
    pub fn give_state(&mut self) {
        if let Some(state) = self.state.take() {
            self.workers[state.worker].get_mut().put(state);
        }
    }

    /// The state of a worker.
    pub fn state_of(&mut self, worker: usize) -> &mut WorkerState {
        if self.state.get().is_some_and(|state| state.worker == worker) {
            return &mut self.state;
        }
        self.workers[worker].get_mut()
    }

    /// Does something with the state of each worker.
    pub fn for_each_state(&mut self, mut work: impl FnMut(&mut WorkerState)) {
        let others = self.workers.iter_mut().map(Own::get_mut);
        let here = std::iter::once(&mut self.state);
        here.chain(others).filter(|state| state.get().is_some()).for_each(|state| work(state));
    }

    /// How it is set up.
    #[inline]
    pub fn setup(&self) -> Setup<'_> {
        self.shared.setup()
    }

    /// The time of the command under way.
    #[inline]
    pub fn now(&self) -> UnixMs {
        self.state.now()
    }

    /// Starts a turn of the event loop: asks the system for the time.
    pub fn start_turn(&mut self) {
        self.state.start_turn(&self.shared.settings);
    }

    /// The exclusive mode ends: leaves the log where the workers find it.
    pub fn give_log(&mut self) {
        self.state.journal.give_feed(&mut self.shared.inbox);
    }

    /// Changes to the data since the last snapshot.
    pub fn changes(&self) -> u64 {
        self.shared.tally().changes()
    }

    /// So many changes are in a snapshot now.
    pub fn changes_saved(&mut self, saved: u64) {
        let left = self.changes().saturating_sub(saved);
        self.shared.worker_stats.iter().for_each(|stats| stats.changes.set(0));
        self.state.stats.changes.set(left);
    }

    /// Sets all counters to zero.
    pub fn reset_stats(&mut self) {
        self.shared.rates = Rates::default();
        for stats in &mut self.shared.worker_stats {
            *stats = Arc::new(stats.anew());
        }
        let all = self.shared.worker_stats.clone();
        self.for_each_state(|state| state.stats = Arc::clone(&all[state.worker]));
    }

    /// Notes a command that took long.
    #[cold]
    pub fn note_slow(&self, client: &Client, command: CommandId, args: Args<'_>, nanos: u64) {
        self.shared.notes.command(self.setup(), client, command, args, nanos, self.now().seconds());
    }

    /// Notes an event that began at `started` and ends now.
    pub fn note_since(&self, event: &'static str, started: Tick) {
        let clock = &self.state.clock;
        let nanos = clock.nanos(started, clock.tick());
        self.note_latency(event, nanos);
    }

    /// Notes an event of the latency monitor if it took long enough.
    pub fn note_latency(&self, event: &'static str, nanos: u64) {
        self.shared.notes.event(self.setup(), event, nanos, self.now().seconds());
    }

    /// Lets handlers know whether anybody reads what they propagate.
    pub fn listen_to_journal(&mut self) {
        let is_read = self.state.journal.is_read();
        self.for_each_state(|state| state.fx.propagates = is_read);
    }

    /// Lets commands report the classes of events that are switched on, if they are published anywhere.
    pub fn listen_to_events(&mut self) {
        let classes = self.shared.settings.notify_keyspace_events;
        let channels = EventClasses::KEYSPACE | EventClasses::KEYEVENT;
        let wanted = if classes.intersects(channels) { classes - channels } else { EventClasses::empty() };
        self.for_each_state(|state| state.fx.wanted_events = wanted);
    }
}
