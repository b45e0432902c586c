//! The process: the data, the clients, and all that commands of the server work on.
//!
//! `&mut Server` is the exclusive mode: whoever has it is alone. In the shared mode several workers
//! have `&Server` (through `worker::seat`, which lets out what may be seen then), their own part of
//! the clients and their own [`Desk`]; data commands need nothing else than shards, settings and a
//! [`Lane`].

use crate::blocking::Waiting;
use crate::client::Clients;
use crate::clock::{Clock, Tick};
use crate::commands::migrate::Connections;
use crate::config::Config;
use crate::eviction::Eviction;
use crate::expiry::ActiveExpiry;
use crate::latency::Monitor;
use crate::lazyfree::Reaper;
use crate::net::Listening;
use crate::pause::Pause;
use crate::persistence::Persistence;
use crate::post::Post;
use crate::process::Identity;
use crate::process::signals::Requested;
use crate::propagate::{Inbox, Journal};
use crate::pubsub::{Exchange, Monitors};
use crate::slowlog::Slowlog;
use crate::stats::{ExclusiveStats, Stats};
use crate::table::CommandTable;
use ochre_engine::command::Effects;
use ochre_engine::keyspace::{AccessClock, ClientId, DbIndex, ExpiryMode, Hints, View, World};
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_engine::time::UnixMs;
use ochre_sync::Own;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::collections::VecDeque;

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
    fn new(settings: &Settings) -> Lane {
        let (clock, mut rng) = (Clock::new(), SmallRng::from_os_rng());
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
    /// Counters that [`Server::gather`] adds up.
    pub stats: Stats,
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
    /// Events of the latency monitor that are to be noted, with their nanoseconds.
    pub late: Vec<(&'static str, u64)>,
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
    /// Memory of all clients when they were last accounted, in bytes.
    pub clients_memory: usize,
    /// Every client has been accounted since there is a limit on their memory.
    pub all_accounted: bool,
    /// The client that the cron looked after last.
    pub last_looked_after: ClientId,
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
    /// How often a second the cron turns now.
    pub current_hz: u64,
    /// Counters.
    pub stats: Stats,
    /// Whether the periodic work rests (DEBUG PAUSE-CRON).
    pub cron_paused: bool,
    /// Bytes in use when the server had started.
    pub startup_memory: usize,
    /// The commands that took longest.
    pub slowlog: Slowlog,
    /// Events that took long.
    pub latency: Monitor,
    /// Snapshots, their loading, and the child that writes.
    pub persistence: Persistence,
    /// The log of commands.
    pub journal: Journal,
    /// What workers add to it in the shared mode.
    pub inbox: Inbox,
    /// What workers leave for each other's clients.
    pub post: Post,
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
    next_client_id: u64,
}

impl Server {
    /// A server with no data and no clients.
    pub fn new(config: Config, identity: Identity) -> Server {
        let settings = config.settings();
        let mut rng = SmallRng::from_os_rng();
        let seed = Seed::new(rng.random(), rng.random());
        let now = Clock::new().now();
        let commands = CommandTable::new(settings.level, crate::commands::data(), crate::commands::all());
        let mut stats = Stats::new(commands.len(), now);
        stats.configure(&config.diagnostics);
        let workers = usize::try_from(config.network.io_threads).unwrap_or(1).clamp(1, MAX_WORKERS);
        // No more of them run at a time than there are processors; with one, they still take turns.
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let at_a_time = workers.min(processors.max(2));
        let count = commands.len();
        let desks = (0..workers).map(|_| {
            let mut stats = Stats::new(count, now);
            stats.configure(&config.diagnostics);
            Own::new(Desk {
                lane: Lane::new(&settings),
                stats,
                journal: Journal::of_worker(),
                shards: Vec::new(),
                hashes: Vec::new(),
                expiry: ActiveExpiry::default(),
                eviction: Eviction::default(),
                late: Vec::new(),
            })
        });
        let desks: Box<[Own<Desk>]> = desks.collect();
        let mut server = Server {
            world: World::new(World::shards_for(at_a_time), settings.databases, seed),
            stats,
            cron_paused: false,
            startup_memory: 0,
            slowlog: Slowlog::default(),
            latency: Monitor::default(),
            persistence: Persistence::new(now),
            commands,
            clients: Clients::new(workers),
            pubsub: Exchange::default(),
            monitors: Monitors::default(),
            clients_memory: 0,
            all_accounted: false,
            last_looked_after: ClientId(0),
            reply_buffer_reset_ms: 5000,
            reply_buffer_resizing: true,
            pause: Pause::default(),
            waiting: Waiting::new(workers),
            expiry: ActiveExpiry::default(),
            current_hz: 10,
            journal: Journal::default(),
            inbox: Inbox::default(),
            post: Post::new(workers),
            migrations: Connections::default(),
            lane: Lane::new(&settings),
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
            next_client_id: 1,
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
    pub fn new_client_id(&mut self) -> ClientId {
        self.next_client_id += 1;
        ClientId(self.next_client_id)
    }

    /// Starts a turn of the event loop: asks the system for the time.
    pub fn start_turn(&mut self) {
        self.lane.start_turn(&self.settings);
    }

    /// True if nothing is going on that concerns all commands: then they may run in the shared mode.
    pub fn is_plain(&self) -> bool {
        !self.pause.is_on()
            && !self.journal.aof.timestamps
            && !self.persistence.restricts()
            && !self.limits_clients_memory()
    }

    /// True if every worker looks after a slice of the shards itself: expiry needs no exclusive mode then.
    pub fn works_in_slices(&self) -> bool {
        self.desks.len() > 1 && self.is_plain()
    }

    /// Takes over what the workers did in the shared mode, as far as it must be known always: the number of
    /// changes, which decides about snapshots, and the log.
    pub fn catch_up(&mut self) {
        self.open_all_letters();
        self.journal.empty_inbox(&mut self.inbox);
        for desk in &mut self.desks {
            self.stats.dirty += std::mem::take(&mut desk.get_mut().stats.dirty);
        }
    }

    /// Adds the counters of all workers up. Whoever shows or resets counters begins with this.
    pub fn gather(&mut self) {
        for desk in &mut self.desks {
            self.stats.absorb(&mut desk.get_mut().stats);
        }
    }
}
