//! The sections about the work done: totals of the whole server, and the durations of turns of the event loop.

use super::Unit::{Bytes, Count, KilobytesPerSecond, Microseconds, Milliseconds, Percent};
use super::Value::Decimal;
use super::field::{Field, Section, counter, gauge};
use crate::counter::Counter;
use crate::stats::{Rates, Stats};
use crate::tally::Tally;

/// The numbers that the section shows.
pub struct StatsInput<'a> {
    /// The counters of all workers.
    pub tally: Tally<'a>,
    /// The rates of the last seconds.
    pub rates: &'a Rates,
    /// Channels with subscribers.
    pub channels: usize,
    /// Patterns of channels with subscribers.
    pub patterns: usize,
    /// Shard channels with subscribers.
    pub shard_channels: usize,
    /// Forks so far.
    pub forks: u64,
    /// Microseconds the last fork took.
    pub fork_micros: u64,
    /// Cached connections of MIGRATE to other servers.
    pub migrations: usize,
}

/// Fills the section of totals.
pub fn describe(input: &StatsInput<'_>, section: &mut Section) {
    traffic(input, section);
    expiry_and_eviction(input, section);
    let total = |name, of| total(input.tally, name, of);
    section.extend([
        total("keyspace_hits", |stats| &stats.keyspace_hits),
        total("keyspace_misses", |stats| &stats.keyspace_misses),
        gauge("pubsub_channels", Count, input.channels),
        gauge("pubsub_patterns", Count, input.patterns),
        gauge("pubsubshard_channels", Count, input.shard_channels),
        gauge("latest_fork_usec", Microseconds, input.fork_micros),
        counter("total_forks", Count, input.forks),
        gauge("migrate_cached_sockets", Count, input.migrations),
        gauge("slave_expires_tracked_keys", Count, 0),
        counter("active_defrag_hits", Count, 0),
        counter("active_defrag_misses", Count, 0),
        counter("active_defrag_key_hits", Count, 0),
        counter("active_defrag_key_misses", Count, 0),
        counter("total_active_defrag_time", Milliseconds, 0),
        gauge("current_active_defrag_time", Milliseconds, 0),
        gauge("tracking_total_keys", Count, 0),
        gauge("tracking_total_items", Count, 0),
        gauge("tracking_total_prefixes", Count, 0),
        counter("unexpected_error_replies", Count, 0),
        total("total_error_replies", |stats| &stats.error_replies),
        total("dump_payload_sanitizations", |stats| &stats.sanitizations),
    ]);
    work(input, section);
}

/// Fills the section about the longest turns of the event loop.
pub fn describe_event_loop(tally: Tally<'_>, section: &mut Section) {
    let micros = |nanos: u64| nanos / 1000;
    let aof = tally.sum(|stats| &stats.aof_nanos);
    let cron = tally.sum(|stats| &stats.cron_nanos);
    let longest = tally.greatest(|stats| &stats.longest_turn_nanos);
    section.extend([
        counter("eventloop_duration_aof_sum", Microseconds, micros(aof)),
        counter("eventloop_duration_cron_sum", Microseconds, micros(cron)),
        gauge("eventloop_duration_max", Microseconds, micros(longest)),
        gauge("eventloop_cmd_per_cycle_max", Count, tally.greatest(|stats| &stats.most_commands_in_turn)),
    ]);
}

/// A field with the sum of a counter over all workers.
fn total(tally: Tally<'_>, name: &'static str, of: fn(&Stats) -> &Counter) -> Field {
    counter(name, Count, tally.sum(of))
}

fn traffic(input: &StatsInput<'_>, section: &mut Section) {
    let (tally, rates) = (input.tally, input.rates);
    let total = |name, of| total(tally, name, of);
    let kilobytes = |per_second: u64| Decimal(per_second as f64 / 1024.0, 2);
    section.extend([
        total("total_connections_received", |stats| &stats.connections_received),
        total("total_commands_processed", |stats| &stats.commands_processed),
        gauge("instantaneous_ops_per_sec", Count, rates.commands.mean()),
        counter("total_net_input_bytes", Bytes, tally.sum(|stats| &stats.net_input_bytes)),
        counter("total_net_output_bytes", Bytes, tally.sum(|stats| &stats.net_output_bytes)),
        counter("total_net_repl_input_bytes", Bytes, 0),
        counter("total_net_repl_output_bytes", Bytes, 0),
        gauge("instantaneous_input_kbps", KilobytesPerSecond, kilobytes(rates.input.mean())),
        gauge("instantaneous_output_kbps", KilobytesPerSecond, kilobytes(rates.output.mean())),
        gauge("instantaneous_input_repl_kbps", KilobytesPerSecond, kilobytes(0)),
        gauge("instantaneous_output_repl_kbps", KilobytesPerSecond, kilobytes(0)),
        total("rejected_connections", |stats| &stats.connections_rejected),
        counter("sync_full", Count, 0),
        counter("sync_partial_ok", Count, 0),
        counter("sync_partial_err", Count, 0),
    ]);
}

fn expiry_and_eviction(input: &StatsInput<'_>, section: &mut Section) {
    let total = |name, of| total(input.tally, name, of);
    let cycle_nanos = input.tally.sum(|stats| &stats.expire_cycle_nanos);
    section.extend([
        total("expired_keys", |stats| &stats.expired_keys),
        gauge("expired_stale_perc", Percent, Decimal(0.0, 2)),
        total("expired_time_cap_reached_count", |stats| &stats.expire_cycles_timed_out),
        counter("expire_cycle_cpu_milliseconds", Milliseconds, cycle_nanos / 1_000_000),
        total("evicted_keys", |stats| &stats.evicted_keys),
        total("evicted_clients", |stats| &stats.evicted_clients),
        counter("total_eviction_exceeded_time", Milliseconds, 0),
        gauge("current_eviction_exceeded_time", Milliseconds, 0),
    ]);
}

fn work(input: &StatsInput<'_>, section: &mut Section) {
    let (tally, rates) = (input.tally, input.rates);
    let total = |name, of| total(tally, name, of);
    let busy_micros = tally.sum(|stats| &stats.busy_nanos) / 1000;
    section.extend([
        total("total_reads_processed", |stats| &stats.reads_processed),
        total("total_writes_processed", |stats| &stats.writes_processed),
        counter("io_threaded_reads_processed", Count, 0),
        counter("io_threaded_writes_processed", Count, 0),
        counter("reply_buffer_shrinks", Count, 0),
        counter("reply_buffer_expands", Count, 0),
        total("eventloop_cycles", |stats| &stats.turns),
        counter("eventloop_duration_sum", Microseconds, busy_micros),
        counter("eventloop_duration_cmd_sum", Microseconds, tally.command_nanos() / 1000),
        gauge("instantaneous_eventloop_cycles_per_sec", Count, rates.turns.mean()),
        gauge("instantaneous_eventloop_duration_usec", Microseconds, rates.busy_nanos.mean() / 1000),
        counter("acl_access_denied_auth", Count, 0),
        counter("acl_access_denied_cmd", Count, 0),
        counter("acl_access_denied_key", Count, 0),
        counter("acl_access_denied_channel", Count, 0),
    ]);
}
