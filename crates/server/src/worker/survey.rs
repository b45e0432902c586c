//! What may be told about the whole server while all workers go on: INFO, MEMORY and their like.
//!
//! Counters are read from where their owners keep them, shards are looked at one by one under their
//! locks, and the rest changes in the exclusive mode only or has a lock of its own.

use super::common::Common;
use crate::clock::Tick;
use crate::commands::info::Text;
use crate::latency::Notes;
use crate::lazyfree::Reaper;
use crate::net::Listening;
use crate::persistence;
use crate::process::Identity;
use crate::pubsub::Monitors;
use crate::stats::{ExclusiveStats, Rates};
use crate::tally::Tally;
use ochre_engine::keyspace::{ClientId, Shard};

impl<'a> Common<'a> {
    /// Looks at all shards, one after the other, each under its lock. For a worker that holds none, so for `Run::Survey`.
    pub fn each_shard(self, mut look: impl FnMut(&Shard)) {
        let locks = self.locks();
        let mut list = Vec::new();
        let mut held = locks.roaming(&mut list);
        for shard in 0..locks.count() {
            look(held.visit(shard));
        }
    }

    /// An id that no client ever had.
    pub fn new_client_id(self) -> ClientId {
        self.server.new_client_id()
    }

    /// Whether the periodic work rests.
    pub fn cron_is_paused(self) -> bool {
        self.server.cron_paused
    }

    /// Milliseconds after which the peak of a reply buffer is forgotten; `None`: they stay as they are.
    pub fn reply_buffer_reset_ms(self) -> Option<i64> {
        self.server.reply_buffer_resizing.then_some(self.server.reply_buffer_reset_ms)
    }

    /// Who sees all commands.
    pub fn monitors(self) -> &'a Monitors {
        &self.server.monitors
    }

    /// What all workers counted.
    pub fn tally(self) -> Tally<'a> {
        self.server.tally()
    }

    /// How fast the server works.
    pub fn rates(self) -> &'a Rates {
        &self.server.rates
    }

    /// When the server started.
    pub fn started(self) -> Tick {
        self.server.stats.started
    }

    /// Bytes in use when it had started.
    pub fn startup_memory(self) -> usize {
        self.server.startup_memory
    }

    /// How often the cron turns in a second.
    pub fn hz(self) -> u64 {
        self.server.hz()
    }

    /// What the process was started with.
    pub fn identity(self) -> &'a Identity {
        &self.server.identity
    }

    /// The sockets that accept connections.
    pub fn listening(self) -> &'a Listening {
        &self.server.listening
    }

    /// How many clients there are, and what they cost.
    pub fn counts(self) -> &'a crate::client::ClientCounts {
        self.server.clients.counts()
    }

    /// Number of clients whose commands are held back by a pause.
    pub fn held_by_pause(self) -> usize {
        self.server.pause.held()
    }

    /// Frees large values.
    pub fn reaper(self) -> &'a Reaper {
        &self.server.reaper
    }

    /// What took long.
    pub fn notes(self) -> &'a Notes {
        &self.server.notes
    }

    /// Bytes of the log that wait to be written.
    pub fn log_buffer(self) -> usize {
        self.server.log_buffer()
    }

    /// Connections to servers that keys move to.
    pub fn migrations(self) -> usize {
        self.server.migrations.len()
    }

    /// How often the exclusive mode stopped the workers.
    pub fn exclusive(self) -> &'a ExclusiveStats {
        &self.server.exclusive
    }

    /// Number of workers.
    pub fn workers(self) -> usize {
        self.server.desks.len()
    }

    /// Writes INFO persistence.
    pub fn tell_persistence(self, text: &mut Text) {
        persistence::write_info(self.server, text);
    }
}
