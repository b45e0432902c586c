//! Gathering: the parts of the state of the server that each section is made of.
//!
//! This is the only file of the report that reaches the state, so changes of the state concern this file alone. Gathering
//! runs beside other workers: counters are read where their owners keep them, shards are read one by one under their
//! locks, and the rest changes in the exclusive mode only.

use super::field::{Section, gauge};
use super::keyspace::KeyspaceCount;
use super::server::ServerFacts;
use super::stats::StatsInput;
use super::{Unit, clients, commands, memory, process, replication, server, stats, workers};
use crate::exec::ExecContext;
use crate::memory::MemoryUse;
use crate::persistence;
use crate::pubsub::Kind;
use ochre_engine::keyspace::Interest;
use ochre_engine::time::UnixMs;

/// The state that a report is gathered from.
pub struct Source<'a, 'c> {
    context: &'a mut ExecContext<'c>,
    /// The time of the command that asks, in microseconds since 1970.
    unix_us: i64,
    /// The memory in use before the report, so that `used_memory` does not contain the report itself.
    used_memory: usize,
}

impl<'a, 'c> Source<'a, 'c> {
    /// The state that the asking command may use.
    pub fn new(context: &'a mut ExecContext<'c>) -> Source<'a, 'c> {
        let unix_us = context.state.clock.unix_us(context.state.tick);
        Source { context, unix_us, used_memory: crate::alloc::used() }
    }
}

pub fn server(source: &mut Source<'_, '_>, section: &mut Section) {
    let server = source.context.shared;
    let facts = ServerFacts {
        config: &server.config,
        identity: &server.identity,
        uptime: source.context.state.tick.since(server.started).as_secs(),
        unix_us: source.unix_us,
        hz: server.hz(),
        listens: server.listening.kinds(),
    };
    server::describe(&facts, section);
}

pub fn clients(source: &mut Source<'_, '_>, section: &mut Section) {
    let server = source.context.shared;
    let waiting = &server.waiting;
    let mut awaited_keys = 0;
    if waiting.blocked() > 0 {
        source.context.each_shard(|shard| awaited_keys += shard.interest().map_or(0, Interest::awaited_keys));
    }
    let numbers = clients::ClientNumbers {
        connected: server.counts.clients(),
        limit: u64::from(server.config.network.maxclients),
        largest_input: server.counts.largest_input(),
        largest_output: server.counts.largest_output(),
        blocked: waiting.blocked() + server.pause.held(),
        with_deadline: waiting.with_deadline(),
        awaited_keys,
        waiting_for_deletion: waiting.waiting_for_deletion(),
    };
    clients::describe(&numbers, section);
}

pub fn memory(source: &mut Source<'_, '_>, section: &mut Section) {
    let server = source.context.shared;
    let settings = server.settings;
    memory::describe(
        &MemoryUse::gather(source.context, source.used_memory),
        (settings.maxmemory, settings.maxmemory_policy),
        (server.reaper.pending(), server.reaper.freed()),
        section,
    );
}

pub fn persistence(source: &mut Source<'_, '_>, section: &mut Section) {
    let server = source.context.shared;
    let numbers = persistence::InfoInput {
        persistence: &server.persistence,
        has_aof: server.config.persistence.appendonly,
        changes: server.tally().changes(),
        unwritten_log: source.context.state.journal.aof.bytes.len() + server.inbox.len(),
        now: source.context.state.tick,
    };
    persistence::describe(&numbers, section);
}

pub fn stats(source: &mut Source<'_, '_>, section: &mut Section) {
    let server = source.context.shared;
    let listened = |kind| server.pubsub.registry().len(kind);
    let children = &server.persistence.children;
    let numbers = StatsInput {
        tally: server.tally(),
        rates: &server.rates,
        channels: listened(Kind::Channel),
        patterns: listened(Kind::Pattern),
        shard_channels: listened(Kind::Shard),
        forks: children.forks,
        fork_micros: children.fork_micros,
        migrations: server.migrations.len(),
    };
    stats::describe(&numbers, section);
}

pub fn replication(source: &mut Source<'_, '_>, section: &mut Section) {
    let server = source.context.shared;
    let backlog = server.config.replication.repl_backlog_size;
    replication::describe(&server.identity.run_id, backlog, section);
}

pub fn cpu(_: &mut Source<'_, '_>, section: &mut Section) {
    process::describe_cpu(section);
}

pub fn commands(source: &mut Source<'_, '_>, section: &mut Section) {
    let server = source.context.shared;
    commands::describe_calls(&server.commands, server.tally(), server.settings.level, section);
}

pub fn errors(source: &mut Source<'_, '_>, section: &mut Section) {
    commands::describe_errors(source.context.shared.tally(), section);
}

pub fn latency(source: &mut Source<'_, '_>, section: &mut Section) {
    let server = source.context.shared;
    let percentiles = &server.config.diagnostics.latency_tracking_info_percentiles;
    commands::describe_latency(&server.commands, server.tally(), percentiles, section);
}

pub fn cluster(source: &mut Source<'_, '_>, section: &mut Section) {
    section.push(gauge("cluster_enabled", Unit::Count, source.context.shared.config.cluster.enabled));
}

pub fn keyspace(source: &mut Source<'_, '_>, section: &mut Section) {
    let server = source.context.shared;
    let mut count = KeyspaceCount::new(server.settings.databases, UnixMs(source.unix_us / 1000));
    source.context.each_shard(|shard| count.add(shard));
    count.describe(section);
}

pub fn debug(source: &mut Source<'_, '_>, section: &mut Section) {
    stats::describe_event_loop(source.context.shared.tally(), section);
}

pub fn workers(source: &mut Source<'_, '_>, section: &mut Section) {
    let server = source.context.shared;
    workers::describe(server.workers(), &server.exclusive, &server.commands, section);
}
