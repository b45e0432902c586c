//! The sections of INFO about what was done: counters, commands, errors, latency.

use super::text::Text;
use crate::config::Percentiles;
use crate::exec::ContextCall;
use crate::pubsub::Kind;
use crate::table::CommandId;
use crate::tally::Calls;
use ochre_engine::level::Level;

pub(super) fn stats(call: &mut ContextCall<'_, '_>, text: &mut Text) {
    let server = call.scope.shared;
    let (tally, rates) = (server.tally(), server.rates);
    let kilobytes = |per_second: u64| format!("{:.2}", per_second as f64 / 1024.0);
    text.line("total_connections_received", tally.sum(|stats| &stats.connections_received));
    text.line("total_commands_processed", tally.sum(|stats| &stats.commands_processed));
    text.line("instantaneous_ops_per_sec", rates.commands.mean());
    text.line("total_net_input_bytes", tally.sum(|stats| &stats.net_input_bytes));
    text.line("total_net_output_bytes", tally.sum(|stats| &stats.net_output_bytes));
    text.line("total_net_repl_input_bytes", 0);
    text.line("total_net_repl_output_bytes", 0);
    text.line("instantaneous_input_kbps", kilobytes(rates.input.mean()));
    text.line("instantaneous_output_kbps", kilobytes(rates.output.mean()));
    text.line("instantaneous_input_repl_kbps", "0.00");
    text.line("instantaneous_output_repl_kbps", "0.00");
    text.line("rejected_connections", tally.sum(|stats| &stats.connections_rejected));
    for name in ["sync_full", "sync_partial_ok", "sync_partial_err"] {
        text.line(name, 0);
    }
    expiry_and_eviction(call, text);
    text.line("keyspace_hits", tally.sum(|stats| &stats.keyspace_hits));
    text.line("keyspace_misses", tally.sum(|stats| &stats.keyspace_misses));
    text.line("pubsub_channels", server.pubsub.registry().len(Kind::Channel));
    text.line("pubsub_patterns", server.pubsub.registry().len(Kind::Pattern));
    text.line("pubsubshard_channels", server.pubsub.registry().len(Kind::Shard));
    text.line("latest_fork_usec", server.persistence.children.fork_micros);
    text.line("total_forks", server.persistence.children.forks);
    text.line("migrate_cached_sockets", server.migrations.len());
    text.line("slave_expires_tracked_keys", 0);
    for name in ["hits", "misses", "key_hits", "key_misses"] {
        text.line(format_args!("active_defrag_{name}"), 0);
    }
    for name in ["total_active_defrag_time", "current_active_defrag_time"] {
        text.line(name, 0);
    }
    for name in ["keys", "items", "prefixes"] {
        text.line(format_args!("tracking_total_{name}"), 0);
    }
    text.line("unexpected_error_replies", 0);
    text.line("total_error_replies", tally.sum(|stats| &stats.error_replies));
    text.line("dump_payload_sanitizations", tally.sum(|stats| &stats.sanitizations));
    work(call, text);
}

fn expiry_and_eviction(call: &mut ContextCall<'_, '_>, text: &mut Text) {
    let tally = call.scope.shared.tally();
    text.line("expired_keys", tally.sum(|stats| &stats.expired_keys));
    text.line("expired_stale_perc", "0.00");
    text.line("expired_time_cap_reached_count", tally.sum(|stats| &stats.expire_cycles_timed_out));
    text.line("expire_cycle_cpu_milliseconds", tally.sum(|stats| &stats.expire_cycle_nanos) / 1_000_000);
    text.line("evicted_keys", tally.sum(|stats| &stats.evicted_keys));
    text.line("evicted_clients", tally.sum(|stats| &stats.evicted_clients));
    text.line("total_eviction_exceeded_time", 0);
    text.line("current_eviction_exceeded_time", 0);
}

fn work(call: &mut ContextCall<'_, '_>, text: &mut Text) {
    let (tally, rates) = (call.scope.shared.tally(), call.scope.shared.rates);
    text.line("total_reads_processed", tally.sum(|stats| &stats.reads_processed));
    text.line("total_writes_processed", tally.sum(|stats| &stats.writes_processed));
    text.line("io_threaded_reads_processed", 0);
    text.line("io_threaded_writes_processed", 0);
    text.line("reply_buffer_shrinks", 0);
    text.line("reply_buffer_expands", 0);
    text.line("eventloop_cycles", tally.sum(|stats| &stats.turns));
    text.line("eventloop_duration_sum", tally.sum(|stats| &stats.busy_nanos) / 1000);
    text.line("eventloop_duration_cmd_sum", tally.command_nanos() / 1000);
    text.line("instantaneous_eventloop_cycles_per_sec", rates.turns.mean());
    text.line("instantaneous_eventloop_duration_usec", rates.busy_nanos.mean() / 1000);
    for what in ["auth", "cmd", "key", "channel"] {
        text.line(format_args!("acl_access_denied_{what}"), 0);
    }
}

/// The commands that were called, with their names.
fn used<'a>(call: &'a ContextCall<'_, '_>) -> impl Iterator<Item = (&'a str, CommandId, Calls)> {
    let (server, tally) = (call.scope.shared, call.scope.shared.tally());
    let all = server.commands.entries().map(move |(id, entry)| (&*entry.full_name, id, tally.calls(id)));
    all.filter(|(.., calls)| calls.is_any())
}

/// Before 7.0 subcommands were counted with their command, before 6.2 nobody counted failures.
pub(super) fn commands(call: &mut ContextCall<'_, '_>, text: &mut Text) {
    let level = call.scope.shared.settings.level;
    let mut rows: Vec<(&str, Calls)> = Vec::new();
    for (name, _, calls) in used(call) {
        let name = if level < Level::V7_0 { name.split('|').next().unwrap_or(name) } else { name };
        // Subcommands follow each other.
        match rows.last_mut().filter(|(last, _)| *last == name) {
            Some((_, sum)) => sum.add(calls),
            None => rows.push((name, calls)),
        }
    }
    for (name, Calls { calls, nanos, rejected, failed }) in rows {
        let per_call = nanos as f64 / 1000.0 / calls.max(1) as f64;
        let times = format!("calls={calls},usec={},usec_per_call={per_call:.2}", nanos / 1000);
        let failures = format!(",rejected_calls={rejected},failed_calls={failed}");
        let failures = if level < Level::V6_2 { "" } else { &failures };
        text.line(format_args!("cmdstat_{name}"), format_args!("{times}{failures}"));
    }
}

pub(super) fn errors(call: &mut ContextCall<'_, '_>, text: &mut Text) {
    for (code, count) in call.scope.shared.tally().errors() {
        // A colon or a line end inside the word would end the name, or the line.
        let code: String = code.chars().map(|c| if c == ':' || c.is_control() { '_' } else { c }).collect();
        text.line(format_args!("errorstat_{code}"), format_args!("count={count}"));
    }
}

pub(super) fn latency(call: &mut ContextCall<'_, '_>, text: &mut Text) {
    let percentiles = &call.scope.shared.config.diagnostics.latency_tracking_info_percentiles.0;
    for (name, id, _) in used(call) {
        let latency = call.scope.shared.tally().latency(id);
        if latency.total() == 0 {
            continue;
        }
        let values: Vec<String> = percentiles
            .iter()
            .map(|percent| {
                let micros = latency.percentile(*percent) as f64 / 1000.0;
                format!("p{}={micros:.3}", Percentiles::text(*percent))
            })
            .collect();
        text.line(format_args!("latency_percentiles_usec_{name}"), values.join(","));
    }
}

pub(super) fn debug(call: &mut ContextCall<'_, '_>, text: &mut Text) {
    let tally = call.scope.shared.tally();
    text.line("eventloop_duration_aof_sum", tally.sum(|stats| &stats.aof_nanos) / 1000);
    text.line("eventloop_duration_cron_sum", tally.sum(|stats| &stats.cron_nanos) / 1000);
    text.line("eventloop_duration_max", tally.greatest(|stats| &stats.longest_turn_nanos) / 1000);
    text.line("eventloop_cmd_per_cycle_max", tally.greatest(|stats| &stats.most_commands_in_turn));
}
