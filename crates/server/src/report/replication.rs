//! The section about replication. The server has none, so it shows a primary without replicas.

use super::Unit::{Bytes, Count};
use super::field::{Section, counter, gauge, text};

/// Fills the section. `run_id` is shown as the id of the history of the data: no replica has followed this run, so any
/// unique id is right.
pub fn describe(run_id: &str, backlog_size: i64, section: &mut Section) {
    section.extend([
        text("role", "master"),
        gauge("connected_slaves", Count, 0),
        text("master_failover_state", "no-failover"),
        text("master_replid", run_id.to_owned()),
        text("master_replid2", "0".repeat(40)),
        counter("master_repl_offset", Bytes, 0),
        gauge("second_repl_offset", Bytes, -1),
        gauge("repl_backlog_active", Count, false),
        gauge("repl_backlog_size", Bytes, backlog_size),
        gauge("repl_backlog_first_byte_offset", Bytes, 0),
        gauge("repl_backlog_histlen", Bytes, 0),
    ]);
}
