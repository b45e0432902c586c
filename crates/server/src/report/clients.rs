//! The section about clients: their number, those that wait, and the size of their buffers.

use super::Unit::{Bytes, Count};
use super::field::{Section, gauge};

/// The numbers of the section.
pub struct ClientNumbers {
    /// Clients, those on their way to their worker included.
    pub connected: usize,
    /// The most clients that may be connected.
    pub limit: u64,
    /// The largest input buffer of the last seconds in bytes.
    pub largest_input: u64,
    /// The largest output of the last seconds in bytes.
    pub largest_output: u64,
    /// Clients that wait, for keys or for the end of a pause.
    pub blocked: usize,
    /// Clients whose wait has a time limit.
    pub with_deadline: usize,
    /// Keys that clients wait for.
    pub awaited_keys: usize,
    /// Keys whose deletion ends a wait, too.
    pub waiting_for_deletion: usize,
}

/// Fills the section.
pub fn describe(numbers: &ClientNumbers, section: &mut Section) {
    section.extend([
        gauge("connected_clients", Count, numbers.connected),
        gauge("cluster_connections", Count, 0),
        gauge("maxclients", Count, numbers.limit),
        gauge("client_recent_max_input_buffer", Bytes, numbers.largest_input),
        gauge("client_recent_max_output_buffer", Bytes, numbers.largest_output),
        gauge("blocked_clients", Count, numbers.blocked),
        gauge("tracking_clients", Count, 0),
        gauge("clients_in_timeout_table", Count, numbers.with_deadline),
        gauge("total_blocking_keys", Count, numbers.awaited_keys),
        gauge("total_blocking_keys_on_nokey", Count, numbers.waiting_for_deletion),
    ]);
}
