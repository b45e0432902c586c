//! The sections of INFO, in their order, and those about the whole: replication, cluster, keys.

use super::text::Text;
use super::{process, statistics};
use crate::exec::ContextCall;
use crate::persistence::write_info as write_persistence;
use ochre_engine::keyspace::{Db, DbIndex};
use ochre_engine::time::UnixMs;

/// A section of INFO.
pub struct Section {
    /// The names it can be asked for by.
    pub names: &'static [&'static str],
    /// Its heading.
    pub title: &'static str,
    /// Shown if nothing is asked for.
    pub in_default: bool,
    /// Shown for `all` and `everything`.
    pub in_all: bool,
    /// Writes it.
    pub write: fn(&mut ContextCall<'_, '_>, &mut Text),
}

const fn section(
    names: &'static [&'static str],
    title: &'static str,
    write: fn(&mut ContextCall<'_, '_>, &mut Text),
) -> Section {
    Section { names, title, in_default: true, in_all: true, write }
}

/// A section that has to be asked for.
const fn extra(
    names: &'static [&'static str],
    title: &'static str,
    in_all: bool,
    write: fn(&mut ContextCall<'_, '_>, &mut Text),
) -> Section {
    Section { names, title, in_default: false, in_all, write }
}

/// All sections, in the order they are shown.
pub const SECTIONS: &[Section] = &[
    section(&["server"], "Server", process::server),
    section(&["clients"], "Clients", process::clients),
    section(&["memory"], "Memory", process::memory),
    section(&["persistence"], "Persistence", |call, text| {
        write_persistence(call.scope.shared, call.scope.state, text);
    }),
    section(&["stats"], "Stats", statistics::stats),
    section(&["replication"], "Replication", replication),
    section(&["cpu"], "CPU", process::cpu),
    section(&["module_list", "modules"], "Modules", |_, _| {}),
    extra(&["commandstats"], "Commandstats", true, statistics::commands),
    section(&["errorstats"], "Errorstats", statistics::errors),
    extra(&["latencystats"], "Latencystats", true, statistics::latency),
    section(&["cluster"], "Cluster", |call, text| {
        text.flag("cluster_enabled", call.scope.shared.config.cluster.enabled);
    }),
    section(&["keyspace"], "Keyspace", keyspace),
    extra(&["debug"], "Debug", false, statistics::debug),
    extra(&["workers"], "Workers", false, workers),
];

fn replication(call: &mut ContextCall<'_, '_>, text: &mut Text) {
    let server = call.scope.shared;
    text.line("role", "master");
    text.line("connected_slaves", 0);
    text.line("master_failover_state", "no-failover");
    // Nobody has followed this run yet, so its id is as good as any.
    text.line("master_replid", &server.identity.run_id);
    text.line("master_replid2", "0".repeat(40));
    text.line("master_repl_offset", 0);
    text.line("second_repl_offset", -1);
    text.line("repl_backlog_active", 0);
    text.line("repl_backlog_size", server.config.replication.repl_backlog_size);
    text.line("repl_backlog_first_byte_offset", 0);
    text.line("repl_backlog_histlen", 0);
}

/// What serialises the workers: how often one of them stopped the others, for how long, and for what.
fn workers(call: &mut ContextCall<'_, '_>, text: &mut Text) {
    let (server, usec) = (call.scope.shared, |nanos: u64| nanos / 1000);
    let exclusive = &server.exclusive;
    text.line("workers", server.workers());
    text.line("exclusive_turns", exclusive.entered);
    text.line("exclusive_waited_usec", usec(exclusive.waited_nanos));
    text.line("exclusive_held_usec", usec(exclusive.held_nanos));
    for (command, (turns, nanos)) in &exclusive.by_command {
        let name = &server.commands.get(*command).full_name;
        text.line(format_args!("exclusive_{name}"), format_args!("turns={turns},held_usec={}", usec(*nanos)));
    }
}

/// What is counted of a database.
#[derive(Default)]
struct DbFigures {
    keys: usize,
    expires: usize,
    /// Milliseconds that some of the keys have to live, and how many keys these are.
    ttls: (i64, i64),
    /// Steps that were taken to find them.
    steps: usize,
}

impl DbFigures {
    /// Adds the keys of one shard.
    fn add(&mut self, part: &Db, now: UnixMs) {
        const SAMPLES: i64 = 20;
        const STEPS: usize = 100;
        self.keys += part.table.len();
        self.expires += part.table.counted();
        let mut cursor = 0;
        while part.table.counted() > 0 && self.ttls.1 < SAMPLES && self.steps < STEPS {
            self.steps += 1;
            cursor = part.table.scan(cursor, |entry| {
                if let Some(at) = entry.expiry().filter(|at| at.0 > now.0) {
                    self.ttls = (self.ttls.0 + at.0 - now.0, self.ttls.1 + 1);
                }
            });
            if cursor == 0 {
                break;
            }
        }
    }
}

fn keyspace(call: &mut ContextCall<'_, '_>, text: &mut Text) {
    let (server, now) = (call.scope.shared, call.now());
    let mut dbs: Vec<DbFigures> = Vec::new();
    dbs.resize_with(server.settings.databases as usize, DbFigures::default);
    call.scope.each_shard(|shard| {
        for (db, figures) in (0..).map(DbIndex).zip(&mut dbs) {
            shard.db(db).into_iter().for_each(|part| figures.add(part, now));
        }
    });
    for (db, DbFigures { keys, expires, ttls, .. }) in dbs.iter().enumerate().filter(|(_, db)| db.keys > 0) {
        let average = ttls.0 / ttls.1.max(1);
        text.line(format_args!("db{db}"), format_args!("keys={keys},expires={expires},avg_ttl={average}"));
    }
}
