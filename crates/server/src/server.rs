//! The process: the data, the clients, and all that commands of the server work on.
//!
//! `&mut Server` is the exclusive mode: whoever has it is alone. In the shared mode several workers
//! have `&Server` (through `worker::handle`, which lets out what may be seen then), their own part of
//! the clients and their own [`Desk`]; data commands need nothing else than shards, settings and a
//! [`Lane`].

use crate::blocking::Waiting;
use crate::client::Clients;
use crate::clock::{Clock, Tick};
use crate::commands::migrate::Connections;
use crate::config::Config;
use crate::eviction::Eviction;
use crate::expiry::ActiveExpiry;
use crate::latency::Notes;
use crate::lazyfree::Reaper;
use crate::mailboxes::Mailboxes;
use crate::net::Listening;
use crate::pause::Pause;
use crate::persistence::Persistence;
use crate::process::Identity;
use crate::process::signals::Requested;
use crate::propagate::{Inbox, Journal};
use crate::pubsub::{Exchange, Monitors};
use crate::stats::{ExclusiveStats, Rates, Stats};
use crate::table::CommandTable;
use crate::tally::Tally;
use ochre_engine::command::Effects;
use ochre_engine::keyspace::{AccessClock, ClientId, DbIndex, ExpiryMode, Hints, View, World};
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_engine::time::UnixMs;
use ochre_sync::Own;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What one worker needs to run data commands, besides the world.
pub struct Lane {
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
    /// Keys that changed and that somebody waits for, each once: served when the command under way is done.
    pub ready: VecDeque<(DbIndex, Vec<u8>)>,
}

impl Lane {
    fn new(settings: &Settings, clock: Clock, seed: u64) -> Lane {
        let mut rng = SmallRng::seed_from_u64(seed);
        let access = AccessClock::new(settings, clock.now(), rng.random());
        Lane { fx: Effects::default(), access, tick: clock.tick(), rng, clock, ready: VecDeque::new() }
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

/// Most workers that `io-threads` may ask for.
pub const MAX_WORKERS: usize = 128;

/// What a worker needs for itself in the shared mode.
pub struct Desk {
    /// To run data commands.
    pub lane: Lane,
    /// Counters of what it does; everybody may read them.
    pub stats: Arc<Stats>,
    /// The log of the group under way.
    pub journal: Journal,
    /// Memory to note the shards in whose locks are held.
    pub shards: Vec<u16>,
    /// Memory for hashes of keys that were not planned.
    pub hashes: Vec<u64>,
    /// The expiry cycle over this worker's slice of the shards.
    pub expiry: ActiveExpiry,
    /// Eviction.
    pub eviction: Eviction,
}

/// The process.
pub struct Server {
    /// The data.
    pub world: World,
    /// What data commands need to know of the configuration.
    pub settings: Settings,
    /// The configuration.
    pub config: Config,
    /// What the process was started with.
    pub identity: Identity,
    /// The sockets that accept connections.
    pub listening: Listening,
    /// All commands.
    pub commands: CommandTable,
    /// All clients.
    pub clients: Clients,
    /// Who listens to what.
    pub pubsub: Exchange,
    /// Clients that see all commands.
    pub monitors: Monitors,
    /// Every client has been accounted since there is a limit on their memory.
    pub all_accounted: bool,
    /// Milliseconds after which the peak of a reply buffer is forgotten; below 0 never.
    pub reply_buffer_reset_ms: i64,
    /// Whether reply buffers shrink and grow (DEBUG REPLYBUFFER RESIZING).
    pub reply_buffer_resizing: bool,
    /// Whether commands are held back.
    pub pause: Pause,
    /// Who waits for what.
    pub waiting: Waiting,
    /// The expiry cycle over all shards.
    pub expiry: ActiveExpiry,
    /// Counters of what is done in the exclusive mode.
    pub stats: Stats,
    /// Those of each worker.
    pub worker_stats: Box<[Arc<Stats>]>,
    /// How fast the server works.
    pub rates: Rates,
    /// Whether the periodic work rests (DEBUG PAUSE-CRON).
    pub cron_paused: bool,
    /// Bytes in use when the server had started.
    pub startup_memory: usize,
    /// What took long.
    pub notes: Notes,
    /// Snapshots, their loading, and the child that writes.
    pub persistence: Persistence,
    /// The log of commands.
    pub journal: Journal,
    /// Where it is in the shared mode.
    pub inbox: Inbox,
    /// What workers leave for each other's clients.
    pub mailboxes: Mailboxes,
    /// Connections to servers that keys move to.
    pub migrations: Connections,
    /// The worker's own.
    pub lane: Lane,
    /// Frees large values.
    pub reaper: Reaper,
    /// Where the sockets of each worker's clients report.
    pub registries: Box<[mio::Registry]>,
    /// What each worker needs for itself in the shared mode.
    pub desks: Box<[Own<Desk>]>,
    /// How often and how long the exclusive mode stopped the other workers.
    pub exclusive: ExclusiveStats,
    /// The signal that asked for the end.
    pub ending: Requested,
    /// It was logged.
    pub ending_told: bool,
    /// Set when the process is to end.
    pub shutdown: bool,
    next_client_id: AtomicU64,
}

impl Server {
    /// A server with no data and no clients. Time and randomness are what `clock` and `rng` give: with those of a
    /// test all of it can be repeated.
    pub fn new(config: Config, identity: Identity, clock: &Clock, mut rng: SmallRng) -> Server {
        let settings = config.settings();
        let seed = Seed::new(rng.random(), rng.random());
        let now = clock.tick();
        let commands = CommandTable::new(settings.level, crate::commands::data(), crate::commands::all());
        let stats = Stats::new(commands.len(), now);
        stats.configure(&config.diagnostics);
        let workers = usize::try_from(config.network.io_threads).unwrap_or(1).clamp(1, MAX_WORKERS);
        // No more of them run at a time than there are processors; with one, they still take turns.
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let at_a_time = workers.min(processors.max(2));
        let worker_stats: Box<[Arc<Stats>]> = (0..workers).map(|_| Arc::new(stats.anew())).collect();
        let desks = worker_stats.iter().map(|stats| {
            Own::new(Desk {
                lane: Lane::new(&settings, clock.clone(), rng.random()),
                stats: Arc::clone(stats),
                journal: Journal::of_worker(),
                shards: Vec::new(),
                hashes: Vec::new(),
                expiry: ActiveExpiry::default(),
                eviction: Eviction::default(),
            })
        });
        let desks: Box<[Own<Desk>]> = desks.collect();
        let mut server = Server {
            world: World::new(World::shards_for(at_a_time), settings.databases, seed),
            stats,
            worker_stats,
            rates: Rates::default(),
            cron_paused: false,
            startup_memory: 0,
            notes: Notes::default(),
            persistence: Persistence::new(clock),
            commands,
            clients: Clients::new(workers),
            pubsub: Exchange::default(),
            monitors: Monitors::default(),
            all_accounted: false,
            reply_buffer_reset_ms: 5000,
            reply_buffer_resizing: true,
            pause: Pause::default(),
            waiting: Waiting::new(workers),
            expiry: ActiveExpiry::default(),
            journal: Journal::default(),
            inbox: Inbox::default(),
            mailboxes: Mailboxes::new(workers),
            migrations: Connections::default(),
            lane: Lane::new(&settings, clock.clone(), rng.random()),
            reaper: Reaper::start(),
            settings,
            config,
            identity,
            listening: Listening::default(),
            registries: Box::default(),
            desks,
            exclusive: ExclusiveStats::default(),
            ending: Requested::default(),
            ending_told: false,
            shutdown: false,
            next_client_id: AtomicU64::new(1),
        };
        server.listen_to_events();
        server
    }

    /// The time of the command under way.
    #[inline]
    pub fn now(&self) -> UnixMs {
        self.lane.clock.unix_ms(self.lane.tick)
    }

    /// An id no client ever had.
    pub fn new_client_id(&self) -> ClientId {
        ClientId(self.next_client_id.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Starts a turn of the event loop: asks the system for the time.
    pub fn start_turn(&mut self) {
        self.lane.start_turn(&self.settings);
    }

    /// True if nothing is going on that concerns all commands: then they may run in the shared mode.
    pub fn is_unrestricted(&self) -> bool {
        !self.pause.is_on() && !self.persistence.restricts() && !self.must_evict_clients()
    }

    /// True if every worker looks after a slice of the shards itself: expiry needs no exclusive mode then.
    pub fn works_in_slices(&self) -> bool {
        self.desks.len() > 1 && self.is_unrestricted()
    }

    /// The exclusive mode begins: takes over what the workers did in the shared mode, as far as it must be known
    /// always: the number of changes, which decides about snapshots, and the log.
    pub fn catch_up(&mut self) {
        self.journal.take_feed(&mut self.inbox);
        self.note_late_aof();
        self.deliver_all_messages();
        for stats in &self.worker_stats {
            self.stats.dirty += stats.dirty.take();
        }
    }

    /// The exclusive mode ends: leaves the log where the workers find it.
    pub fn give_log(&mut self) {
        self.journal.give_feed(&mut self.inbox);
    }

    /// What all workers counted.
    pub fn tally(&self) -> Tally<'_> {
        Tally::new(&self.stats, &self.worker_stats)
    }

    /// Sets all counters to zero.
    pub fn reset_stats(&mut self) {
        self.stats = self.stats.anew();
        self.rates = Rates::default();
        for (stats, desk) in self.worker_stats.iter_mut().zip(&mut self.desks) {
            *stats = Arc::new(stats.anew());
            desk.get_mut().stats = Arc::clone(stats);
        }
    }
}
