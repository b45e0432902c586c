//! What all workers may look at in the shared mode, and what they work with there.
//!
//! This is the only way from a worker to the whole server, so what is let out here decides what the shared mode can see. It
//! changes in the exclusive mode only, or has a lock of its own, or is a shard behind its lock.

use crate::blocking::Waiting;
use crate::client::Client;
use crate::clock::Tick;
use crate::config::Config;
use crate::context::{ExecContext, Hall, Outlet, ShardAccess};
use crate::eviction::Site;
use crate::gate::Setup;
use crate::persistence::Persistence;
use crate::propagate::Journal;
use crate::pubsub::Exchange;
use crate::server::{Lane, Server};
use crate::stats::Stats;
use crate::table::CommandTable;
use ochre_engine::keyspace::{ExpiryMode, Held, Locks};
use ochre_engine::settings::Settings;
use ochre_resp::request::{Args, Limits};

/// What all workers may look at in the shared mode: it only changes in the exclusive mode, or has a lock of
/// its own.
#[derive(Clone, Copy)]
pub struct Common<'a> {
    pub(super) server: &'a Server,
    pub(super) me: usize,
}

impl<'a> Common<'a> {
    /// The same for somebody who has the server exclusively, and the exclusive mode's lane.
    #[inline]
    pub fn alone(server: &'a mut Server) -> (Common<'a>, &'a Lane) {
        let server: &Server = server;
        // Nobody else uses any number, so any will do.
        (Common { server, me: 0 }, &server.lane)
    }

    /// How the server is set up.
    #[inline]
    pub fn setup(self) -> Setup<'a> {
        self.server.setup()
    }

    /// The configuration.
    #[inline]
    pub fn config(self) -> &'a Config {
        &self.server.config
    }

    /// Snapshots, their loading, the append-only file.
    pub fn persistence(self) -> &'a Persistence {
        &self.server.persistence
    }

    /// The commands.
    #[inline]
    pub fn commands(self) -> &'a CommandTable {
        &self.server.commands
    }

    /// What data commands need to know of the configuration.
    #[inline]
    pub fn settings(self) -> &'a Settings {
        &self.server.settings
    }

    /// The shards, through their locks.
    #[inline]
    #[allow(unsafe_code)]
    pub fn locks(self) -> Locks<'a> {
        // SAFETY: in the shared mode of several workers this is the only way to a shard that `Common`
        // and `WorkerHandle` offer, and each worker has its number.
        unsafe { self.server.world.locks(self.me) }
    }

    /// The data, for the only worker to look ahead.
    #[inline]
    pub fn world(self) -> &'a ochre_engine::keyspace::World {
        assert!(self.server.desks.len() == 1, "another worker may be changing it");
        &self.server.world
    }

    /// What requests of a client may be.
    pub fn request_limits(self, client: &Client, max_batch: usize) -> Limits {
        self.server.request_limits(client, max_batch)
    }

    /// Whether a client has sent more than it may without completing a command.
    #[inline]
    pub fn exceeds_input_limit(self, client: &mut Client) -> bool {
        self.server.exceeds_input_limit(client)
    }

    /// Lets handlers see when a reply is not worth going on with.
    pub fn limit_output(self, client: &mut Client) {
        self.server.setup().limit_output(client);
    }

    /// True if single clients have to be accounted as they run commands.
    #[inline]
    pub fn limits_clients_memory(self) -> bool {
        self.server.limits_clients_memory()
    }

    /// Clients cost too much, or their accounting has to begin or to end.
    pub fn must_evict_clients(self) -> bool {
        self.server.must_evict_clients()
    }

    /// Accounts what a client of this worker costs that is about to run a command. True if clients may go on.
    #[cold]
    pub fn affords(self, client: &mut Client, args: Args<'_>) -> bool {
        self.counts().by_worker()[self.me].account_call(client, args);
        !self.must_evict_clients()
    }

    /// The process is to end.
    #[inline]
    pub fn is_shutting_down(self) -> bool {
        self.server.shutdown
    }

    /// A child shares the memory of this process.
    pub fn has_child(self) -> bool {
        self.server.persistence.children.active().is_some()
    }

    /// Commands that ran in the exclusive mode.
    pub fn commands_processed(self) -> u64 {
        self.server.stats.commands_processed.get()
    }

    /// Whether the log is written to a file.
    #[inline]
    pub fn writes_log(self) -> bool {
        self.server.persistence.aof.is_on()
    }

    /// Among others: something has to be written before replies leave, which this worker's commands did, or others did
    /// and this worker's clients may have seen.
    #[inline]
    pub fn has_unwritten_log(self) -> bool {
        let inbox = &self.server.inbox;
        self.writes_log() && !inbox.is_settled(inbox.last_seen())
    }

    /// Among others: returns when that is written.
    pub fn write_log(self, lane: &Lane) {
        self.server.flush_aof_among_others(lane);
    }

    /// The mailboxes of all workers.
    #[inline]
    pub fn mailboxes(self) -> &'a crate::mailboxes::Mailboxes {
        &self.server.mailboxes
    }

    /// The expiry cycle over all shards did not get done with its work.
    pub fn expires_on(self) -> bool {
        self.server.expiry.goes_on()
    }

    /// Whether keys whose time has come are deleted without an access.
    pub fn expires_actively(self) -> bool {
        self.server.settings.active_expire_enabled && !self.server.cron_paused
    }

    /// Bytes in use that count against `maxmemory`.
    pub fn memory_counted(self) -> u64 {
        self.server.memory_counted()
    }

    /// When the pause ends that is under way.
    pub fn pause_end(self) -> Option<Tick> {
        self.server.pause.end()
    }

    /// Who listens to what.
    pub fn pubsub(self) -> &'a Exchange {
        &self.server.pubsub
    }

    /// Who waits for what.
    #[inline]
    pub fn waiting(self) -> &'a Waiting {
        &self.server.waiting
    }

    /// The context of work that goes from shard to shard, with one locked at a time.
    pub fn roaming_context(
        self,
        shards: &'a mut Vec<u16>,
        lane: &'a mut Lane,
        stats: &'a Stats,
        journal: &'a mut Journal,
    ) -> ExecContext<'a> {
        self.context(self.locks().roaming(shards), ExpiryMode::Delete, lane, stats, journal)
    }

    /// The context of commands whose shards are held.
    #[inline]
    pub fn context(
        self,
        held: Held<'a>,
        expiry: ExpiryMode,
        lane: &'a mut Lane,
        stats: &'a Stats,
        journal: &'a mut Journal,
    ) -> ExecContext<'a> {
        let server = self.server;
        let hall = Hall {
            commands: &server.commands,
            settings: &server.settings,
            config: &server.config,
            expiry,
            reaper: &server.reaper,
            pubsub: &server.pubsub,
            monitors: &server.monitors,
            waiting: &server.waiting,
            notes: &server.notes,
        };
        let outlet = Outlet::among_others(&server.inbox, &server.mailboxes);
        ExecContext { shards: ShardAccess::Held(held), hall, lane, stats, journal, outlet }
    }
}
