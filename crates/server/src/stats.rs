//! Counters of the server, and of each command.

use crate::table::CommandId;
use ochre_engine::time::UnixMs;

/// Counters of one command.
#[derive(Debug, Default, Clone, Copy)]
pub struct CommandStats {
    /// Calls that ran.
    pub calls: u64,
    /// Nanoseconds they took.
    pub nanos: u64,
    /// Calls refused before they ran.
    pub rejected: u64,
    /// Calls that ran and answered an error.
    pub failed: u64,
}

/// Counters since the start or CONFIG RESETSTAT.
pub struct Stats {
    /// By command.
    pub commands: Vec<CommandStats>,
    /// When the server started.
    pub started: UnixMs,
    /// Commands that ran.
    pub commands_processed: u64,
    /// Connections accepted.
    pub connections_received: u64,
    /// Connections refused because of maxclients.
    pub connections_rejected: u64,
    /// Clients closed because of too much unsent output.
    pub output_limit_disconnections: u64,
    /// Clients closed because all of them used too much memory.
    pub evicted_clients: u64,
    /// Bytes read from clients.
    pub net_input_bytes: u64,
    /// Bytes written to clients.
    pub net_output_bytes: u64,
    /// Keys that expired.
    pub expired_keys: u64,
    /// Keys that were evicted.
    pub evicted_keys: u64,
    /// Reads that found their key.
    pub keyspace_hits: u64,
    /// Reads that did not.
    pub keyspace_misses: u64,
    /// Error replies.
    pub error_replies: u64,
    /// Changes since the last snapshot.
    pub dirty: u64,
}

impl Stats {
    /// All zero.
    pub fn new(commands: usize, now: UnixMs) -> Stats {
        Stats {
            commands: vec![CommandStats::default(); commands],
            started: now,
            commands_processed: 0,
            connections_received: 0,
            connections_rejected: 0,
            output_limit_disconnections: 0,
            evicted_clients: 0,
            net_input_bytes: 0,
            net_output_bytes: 0,
            expired_keys: 0,
            evicted_keys: 0,
            keyspace_hits: 0,
            keyspace_misses: 0,
            error_replies: 0,
            dirty: 0,
        }
    }

    /// Counts a call that ran.
    #[inline]
    pub fn called(&mut self, command: CommandId, nanos: u64, failed: bool) {
        let counters = &mut self.commands[command.0 as usize];
        counters.calls += 1;
        counters.nanos += nanos;
        counters.failed += u64::from(failed);
        self.commands_processed += 1;
    }

    /// Counts a call that was refused.
    pub fn rejected(&mut self, command: CommandId) {
        self.commands[command.0 as usize].rejected += 1;
    }
}
