//! The section about replication, as far as it is there: a primary that nobody follows.

use super::Unit::{Bytes, Count};
use super::field::{Section, counter, gauge, text};

/// Fills the section. `run_id` stands for the history of the data: nobody has followed this run yet, so it is as good as any
/// other id.
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
