//! What a report tells of the append-only file.

use super::Aof;
use crate::clock::Tick;
use crate::persistence::{Persistence, Purpose};
use crate::report::Unit::{Bytes, Count, Seconds};
use crate::report::{Section, counter, gauge, status};

/// Adds the fields that are always there.
pub fn describe(persistence: &Persistence, now: Tick, section: &mut Section) {
    let (aof, children) = (&persistence.aof, &persistence.children);
    let has_failed = aof.health.write_error().or_else(|| aof.health.sync_error()).is_some();
    section.extend([
        gauge("aof_enabled", Count, aof.is_on()),
        gauge("aof_rewrite_in_progress", Count, children.active() == Some(Purpose::AofRewrite)),
        gauge("aof_rewrite_scheduled", Count, aof.rewrites.scheduled),
        gauge("aof_last_rewrite_time_sec", Seconds, aof.rewrites.last_seconds),
        gauge("aof_current_rewrite_time_sec", Seconds, children.seconds(Purpose::AofRewrite, now)),
        status("aof_last_bgrewrite_status", aof.rewrites.succeeded),
        counter("aof_rewrites", Count, aof.rewrites.started),
        gauge("aof_rewrites_consecutive_failures", Count, aof.rewrites.failures),
        status("aof_last_write_status", !has_failed),
        gauge("aof_last_cow_size", Bytes, children.cow_bytes(Purpose::AofRewrite)),
    ]);
}

/// Adds the fields that are only there with an append-only file. `unwritten` bytes of the log wait to be written.
pub fn describe_files(aof: &Aof, unwritten: usize, section: &mut Section) {
    let writer = aof.writer.lock();
    section.extend([
        gauge("aof_current_size", Bytes, writer.size),
        gauge("aof_base_size", Bytes, aof.base_size),
        gauge("aof_pending_rewrite", Count, aof.rewrites.scheduled),
        gauge("aof_buffer_length", Bytes, unwritten),
        gauge("aof_pending_bio_fsync", Count, writer.pending_syncs()),
        counter("aof_delayed_fsync", Count, writer.delayed),
    ]);
}
