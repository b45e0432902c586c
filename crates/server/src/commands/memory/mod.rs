//! MEMORY: what keys cost, and where the memory goes.

mod usage;

use crate::exec::{ContextCall, Handler, ServerCommand};
use crate::memory::Report;
use crate::table::Reach;
use ochre_engine::command::*;
use ochre_engine::text::{DoubleStyle, DoubleText};

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[&MEMORY];

const GROUP: Group = Group::Server;
const TIPS: &[&str] = &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];

const fn sub(name: &'static str, arity: i16, handler: Handler) -> ServerCommand {
    ServerCommand::sub("memory", name, GROUP, arity, handler).since("4.0.0").complexity("O(1)")
}

static MEMORY: ServerCommand = ServerCommand::container(
    "memory",
    GROUP,
    &[
        sub("doctor", 2, Handler::survey(doctor))
            .tips(TIPS)
            .summary("Tells what is wrong with the use of memory."),
        sub("help", 2, Handler::local(memory_help)).flags(LOADING | STALE).summary("Lists the subcommands."),
        sub("malloc-stats", 2, Handler::local(malloc_stats))
            .tips(TIPS)
            .summary("Returns the figures of the allocator.")
            .complexity("Depends on how much memory is allocated, could be slow"),
        sub("purge", 2, Handler::local(purge))
            .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
            .summary("Gives unused memory back to the system.")
            .complexity("Depends on how much memory is allocated, could be slow"),
        sub("stats", 2, Handler::survey(stats)).tips(TIPS).summary("Returns where the memory goes."),
        sub("usage", -3, Handler::over(Reach::OneKey, usage::usage))
            .flags(READONLY)
            .keys(&[KeySpec::at(2, RO)])
            .summary("Returns what a key costs, its value included.")
            .complexity("O(N) where N is the number of samples.")
            .args(&[Arg::key("key"), Arg::integer("count").token("SAMPLES").optional()]),
    ],
)
.since("4.0.0")
.summary("Groups the commands on memory.")
.complexity("Depends on subcommand.");

fn doctor(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    /// With less in use, ratios mean nothing.
    const LEAST: usize = 5 << 20;
    let report = Report::take(call.scope);
    let complaints = report.complaints(call.scope.shared.counts.clients());
    let text = if report.used < LEAST {
        "There is so little in memory that nothing can be said about its use.\n".to_owned()
    } else if complaints.is_empty() {
        "Nothing is wrong with the use of memory.\n".to_owned()
    } else {
        complaints.iter().map(|complaint| format!(" * {complaint}\n\n")).collect()
    };
    call.reply().verbatim(b"txt", text);
    Ok(())
}

fn malloc_stats(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    let figures = crate::alloc::figures();
    let text = format!(
        "{}\nallocated: {}\nactive: {}\nresident: {}\nretained: {}\n",
        crate::process::about::allocator(),
        figures.allocated,
        figures.active,
        figures.resident,
        figures.retained
    );
    call.reply().verbatim(b"txt", text);
    Ok(())
}

fn purge(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    crate::alloc::purge();
    call.reply().ok();
    Ok(())
}

/// A figure of MEMORY STATS.
#[derive(Clone, Copy)]
enum Figure {
    Bytes(i64),
    Ratio(f64),
    /// What the tables of a database cost.
    Tables(usize),
}

fn stats(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    let report = Report::take(call.scope);
    let style = DoubleStyle::at(call.scope.shared.settings.level);
    let mut figures: Vec<(String, Figure)> = figures(&report);
    let tables = report.dbs.iter().map(|db| (format!("db.{}", db.db), Figure::Tables(db.table_bytes)));
    figures.splice(BEFORE_TABLES..BEFORE_TABLES, tables);
    let mut reply = call.client.reply();
    reply.map(figures.len());
    for (name, figure) in figures {
        reply.bulk(name);
        match figure {
            Figure::Bytes(bytes) => reply.int(bytes),
            Figure::Ratio(ratio) => reply.double(DoubleText::reply(ratio, style).as_bytes()),
            Figure::Tables(bytes) => {
                // Expiries are kept with their keys, and slots need no map.
                reply.map(3);
                reply.bulk("overhead.hashtable.main");
                reply.count(bytes);
                reply.bulk("overhead.hashtable.expires");
                reply.int(0);
                reply.bulk("overhead.hashtable.slot-to-keys");
                reply.int(0);
            }
        }
    }
    Ok(())
}

/// How many figures stand before those of the databases.
const BEFORE_TABLES: usize = 10;

fn figures(report: &Report) -> Vec<(String, Figure)> {
    let mut all = Vec::with_capacity(32);
    let mut bytes = |name: &str, bytes: usize| all.push((name.to_owned(), Figure::Bytes(bytes as i64)));
    bytes("peak.allocated", report.peak);
    bytes("total.allocated", report.used);
    bytes("startup.allocated", report.startup);
    bytes("replication.backlog", 0);
    bytes("clients.slaves", 0);
    bytes("clients.normal", report.clients);
    bytes("cluster.links", 0);
    bytes("aof.buffer", 0);
    bytes("lua.caches", 0);
    bytes("functions.caches", 0);
    bytes("overhead.total", report.overhead);
    bytes("keys.count", report.keys);
    bytes("keys.bytes-per-key", report.net().checked_div(report.keys).unwrap_or(0));
    bytes("dataset.bytes", report.dataset());
    let mut ratio = |name: &str, ratio: f64| all.push((name.to_owned(), Figure::Ratio(ratio)));
    ratio("dataset.percentage", report.dataset_percent());
    ratio("peak.percentage", report.peak_percent());
    let mut bytes = |name: &str, bytes: usize| all.push((name.to_owned(), Figure::Bytes(bytes as i64)));
    bytes("allocator.allocated", report.allocator.allocated);
    bytes("allocator.active", report.allocator.active);
    bytes("allocator.resident", report.allocator.resident);
    for (name, separator, ratio) in [
        ("allocator-fragmentation", ".ratio", report.allocator_fragmentation()),
        ("allocator-rss", ".ratio", report.allocator_rss()),
        ("rss-overhead", ".ratio", report.rss_overhead()),
        // This name is older than the others.
        ("fragmentation", "", report.fragmentation()),
    ] {
        all.push((format!("{name}{separator}"), Figure::Ratio(ratio.ratio)));
        all.push((format!("{name}.bytes"), Figure::Bytes(ratio.bytes)));
    }
    all
}

fn memory_help(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    call.help(&[
        "DOCTOR",
        "    Tell what is wrong with the use of memory.",
        "MALLOC-STATS",
        "    Return the figures of the allocator.",
        "PURGE",
        "    Give unused memory back to the system.",
        "STATS",
        "    Return where the memory goes.",
        "USAGE <key> [SAMPLES <count>]",
        "    Return the bytes that <key> and its value cost. Of a large value <count> parts",
        "    are looked at (default: 5, 0 means all).",
    ])
}
