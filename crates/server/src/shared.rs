//! What all workers see.
//!
//! A field changes only in the exclusive mode (through `&mut`), or has a lock of its own, or is made of atomics. So a
//! worker in the shared mode, which has `&SharedState`, may read any of them at any time. Shards are not here: they are
//! reached through their locks or, in the exclusive mode, through `Server::world`.

use crate::alloc;
use crate::client::{Client, ClientCounts};
use crate::clock::{Clock, Tick};
use crate::commands::migrate::Connections;
use crate::config::Config;
use crate::exec::Handlers;
use crate::latency::Notes;
use crate::lazyfree::Reaper;
use crate::mailboxes::Mailboxes;
use crate::net::Listening;
use crate::pause::Pause;
use crate::persistence::Persistence;
use crate::process::Identity;
use crate::propagate::{Inbox, Journal};
use crate::pubsub::{Exchange, Monitors};
use crate::setup::Setup;
use crate::stats::{ExclusiveStats, Rates, Stats};
use crate::table::CommandTable;
use crate::tally::Tally;
use crate::waiting::Waiting;
use ochre_engine::keyspace::ClientId;
use ochre_engine::level::Level;
use ochre_engine::settings::Settings;
use ochre_resp::request::Args;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What all workers see.
pub struct SharedState {
    /// What data commands need to know of the configuration.
    pub settings: Settings,
    /// The configuration.
    pub config: Config,
    /// All commands.
    pub commands: CommandTable,
    /// What runs them.
    pub handlers: Handlers,
    /// What the process was started with.
    pub identity: Identity,
    /// The sockets that accept connections.
    pub listening: Listening,
    /// How many clients there are, and what they cost.
    pub counts: ClientCounts,
    /// Every client has been accounted since there is a limit on their memory.
    pub all_accounted: bool,
    /// Milliseconds after which the peak of a reply buffer is forgotten; below 0 never.
    pub reply_buffer_reset_ms: i64,
    /// Whether reply buffers shrink and grow (DEBUG REPLYBUFFER RESIZING).
    pub reply_buffer_resizing: bool,
    /// The subscribers of channels and patterns.
    pub pubsub: Exchange,
    /// Clients that see all commands.
    pub monitors: Monitors,
    /// Whether commands are held back.
    pub pause: Pause,
    /// The clients that wait for keys.
    pub waiting: Waiting,
    /// The counters of each worker.
    pub worker_stats: Box<[Arc<Stats>]>,
    /// When the server started.
    pub started: Tick,
    /// How fast the server works.
    pub rates: Rates,
    /// How often and how long the exclusive mode stopped the other workers.
    pub exclusive: ExclusiveStats,
    /// Whether the periodic work rests (DEBUG PAUSE-CRON).
    pub cron_paused: bool,
    /// Bytes in use when the server had started.
    pub startup_memory: usize,
    /// What took long.
    pub notes: Notes,
    /// Snapshots, their loading, the append-only file, and the child that writes.
    pub persistence: Persistence,
    /// The log of commands in the shared mode.
    pub inbox: Inbox,
    /// What workers leave for each other's clients.
    pub mailboxes: Mailboxes,
    /// Connections to servers that keys move to.
    pub migrations: Connections,
    /// Frees large values.
    pub reaper: Reaper,
    /// Set when the process is to end.
    pub shutdown: bool,
    next_client_id: AtomicU64,
}

impl SharedState {
    /// The state of a server that has just been configured, with so many workers.
    pub fn new(
        config: Config,
        identity: Identity,
        workers: usize,
        clock: &Clock,
        commands: fn(Level) -> (CommandTable, Handlers),
    ) -> SharedState {
        let settings = config.settings();
        let (commands, handlers) = commands(settings.level);
        let stats = || {
            let stats = Stats::new(commands.len());
            stats.configure(&config.diagnostics);
            Arc::new(stats)
        };
        SharedState {
            worker_stats: (0..workers).map(|_| stats()).collect(),
            counts: ClientCounts::new(workers),
            all_accounted: false,
            reply_buffer_reset_ms: 5000,
            reply_buffer_resizing: true,
            pubsub: Exchange::default(),
            monitors: Monitors::default(),
            pause: Pause::default(),
            waiting: Waiting::new(workers),
            started: clock.tick(),
            rates: Rates::default(),
            exclusive: ExclusiveStats::default(),
            cron_paused: false,
            startup_memory: 0,
            notes: Notes::default(),
            persistence: Persistence::new(clock),
            inbox: Inbox::default(),
            mailboxes: Mailboxes::new(workers),
            migrations: Connections::default(),
            reaper: Reaper::start(),
            shutdown: false,
            next_client_id: AtomicU64::new(1),
            listening: Listening::default(),
            settings,
            config,
            commands,
            handlers,
            identity,
        }
    }

    /// How the server is set up.
    #[inline]
    pub fn setup(&self) -> Setup<'_> {
        Setup { commands: &self.commands, settings: &self.settings, config: &self.config }
    }

    /// Number of workers.
    #[inline]
    pub fn workers(&self) -> usize {
        self.worker_stats.len()
    }

    /// An id no client ever had.
    pub fn new_client_id(&self) -> ClientId {
        ClientId(self.next_client_id.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// True if no condition holds that concerns all commands, such as a pause: then they may run in the shared mode.
    pub fn is_unrestricted(&self) -> bool {
        !self.pause.is_on() && !self.persistence.restricts() && !self.must_evict_clients()
    }

    /// True if every worker looks after a slice of the shards itself: expiry needs no exclusive mode then.
    pub fn works_in_slices(&self) -> bool {
        self.workers() > 1 && self.is_unrestricted()
    }

    /// What all workers counted.
    pub fn tally(&self) -> Tally<'_> {
        Tally::new(&self.worker_stats)
    }

    /// Whether a child shares the memory of this process.
    pub fn has_child(&self) -> bool {
        self.persistence.children.active().is_some()
    }

    /// Whether the log is written to a file.
    #[inline]
    pub fn writes_log(&self) -> bool {
        self.persistence.aof.is_on()
    }

    /// With several workers: something has to be written before replies leave, which the asking worker's commands did,
    /// or others did and its clients may have seen.
    #[inline]
    pub fn has_unwritten_log(&self) -> bool {
        self.writes_log() && !self.inbox.is_settled(self.inbox.last_seen())
    }

    /// Whether keys whose time has come are deleted without an access.
    pub fn expires_actively(&self) -> bool {
        self.settings.active_expire_enabled && !self.cron_paused
    }

    /// Bytes of memory for the log that waits to be written. `journal` is that of the asking worker.
    pub fn log_buffer(&self, journal: &Journal) -> usize {
        journal.aof.bytes.capacity() + self.inbox.capacity()
    }

    /// Bytes in use that count against `maxmemory`.
    pub fn memory_counted(&self, journal: &Journal) -> u64 {
        alloc::used().saturating_sub(self.log_buffer(journal)) as u64
    }

    /// Milliseconds after which the peak of a reply buffer is forgotten; `None`: they stay as they are.
    pub fn reply_buffer_reset_ms(&self) -> Option<i64> {
        self.reply_buffer_resizing.then_some(self.reply_buffer_reset_ms)
    }

    /// Accounts what a client of a worker costs that is about to run a command. True if clients may go on.
    #[cold]
    pub fn affords(&self, client: &mut Client, args: Args<'_>) -> bool {
        if let Some(count) = self.counts.by_worker().get(client.token.worker()) {
            count.account_call(client, args);
        }
        !self.must_evict_clients()
    }
}
