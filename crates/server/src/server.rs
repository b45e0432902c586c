//! The process: the data, the clients, and all that commands of the server work on.
//!
//! `&mut Server` is the exclusive mode: whoever has it is alone. A worker owns one; the parts that
//! belong to the worker alone are in its [`Lane`], so that data commands need nothing else of the
//! server than the world, the settings and the lane.

use crate::blocking::Waiting;
use crate::client::Clients;
use crate::clock::{Clock, Tick};
use crate::config::Config;
use crate::eviction::Eviction;
use crate::expiry::ActiveExpiry;
use crate::latency::Monitor;
use crate::lazyfree::Reaper;
use crate::net::Listening;
use crate::pause::Pause;
use crate::persistence::Persistence;
use crate::process::Identity;
use crate::process::signals::Requested;
use crate::propagate::Journal;
use crate::pubsub::Registry;
use crate::slowlog::Slowlog;
use crate::stats::Stats;
use crate::table::CommandTable;
use ochre_engine::command::Effects;
use ochre_engine::keyspace::{AccessClock, ClientId, World};
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_engine::time::UnixMs;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

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
    pub pubsub: Registry,
    /// Clients that see all commands.
    pub monitors: Vec<ClientId>,
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
    /// The expiry cycle.
    pub expiry: ActiveExpiry,
    /// Eviction.
    pub eviction: Eviction,
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
    /// The worker's own.
    pub lane: Lane,
    /// Frees large values.
    pub reaper: Reaper,
    /// Clients with replies to send.
    pub pending_writes: Vec<crate::client::Token>,
    /// Clients to be closed.
    pub to_close: Vec<crate::client::Token>,
    /// Clients that may go on after they waited.
    pub unblocked: Vec<crate::client::Token>,
    /// The signal that asked for the end.
    pub ending: Requested,
    /// Set when the process is to end.
    pub shutdown: bool,
    next_client_id: u64,
}

/// Shards of a world that one worker owns: few enough for the processor's cache, many enough that
/// growth of one is small against all.
const SHARDS: usize = 16;

impl Server {
    /// A server with no data and no clients.
    pub fn new(config: Config, identity: Identity) -> Server {
        let settings = config.settings();
        let mut rng = SmallRng::from_os_rng();
        let clock = Clock::new();
        let seed = Seed::new(rng.random(), rng.random());
        let now = clock.now();
        let commands = CommandTable::new(settings.level, crate::commands::data(), crate::commands::all());
        let mut stats = Stats::new(commands.len(), now);
        stats.configure(&config.diagnostics);
        let mut server = Server {
            world: World::new(SHARDS, settings.databases, seed),
            stats,
            cron_paused: false,
            startup_memory: 0,
            slowlog: Slowlog::default(),
            latency: Monitor::default(),
            persistence: Persistence::new(now),
            commands,
            clients: Clients::default(),
            pubsub: Registry::default(),
            monitors: Vec::new(),
            clients_memory: 0,
            all_accounted: false,
            last_looked_after: ClientId(0),
            reply_buffer_reset_ms: 5000,
            reply_buffer_resizing: true,
            pause: Pause::default(),
            waiting: Waiting::default(),
            expiry: ActiveExpiry::default(),
            eviction: Eviction::default(),
            journal: Journal::default(),
            lane: Lane {
                fx: Effects::default(),
                access: AccessClock::new(&settings, now, rng.random()),
                tick: clock.tick(),
                rng,
                clock,
            },
            reaper: Reaper::start(),
            settings,
            config,
            identity,
            listening: Listening::default(),
            pending_writes: Vec::new(),
            to_close: Vec::new(),
            unblocked: Vec::new(),
            ending: Requested::default(),
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
        self.lane.clock.sync();
        self.lane.tick = self.lane.clock.tick();
        self.lane.access = AccessClock::new(&self.settings, self.now(), self.lane.rng.random());
    }
}
