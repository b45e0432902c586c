//! MEMORY: the memory of keys, and the use of memory in all.

mod usage;

use crate::exec::{ContextCall, Handler, ServerCommand};
use crate::memory::{DbOverhead, MemoryUse};
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
    /// Bytes in use below which ratios mean nothing.
    const LEAST: usize = 5 << 20;
    let memory = MemoryUse::gather(call.scope, crate::alloc::used());
    let complaints = memory.complaints();
    let text = if memory.used < LEAST {
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

fn stats(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    let figures = figures(&MemoryUse::gather(call.scope, crate::alloc::used()));
    let style = DoubleStyle::at(call.scope.shared.settings.level);
    let mut reply = call.reply();
    reply.map(figures.len());
    for (name, figure) in figures {
        reply.bulk(name);
        match figure {
            Figure::Integer(number) => reply.int(number),
            Figure::Ratio(ratio) => reply.double(DoubleText::reply(ratio, style).as_bytes()),
            Figure::Tables(bytes) => {
                // There are no tables for expiries, which are kept with their keys, and none for slots.
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

/// A figure of MEMORY STATS.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Figure {
    Integer(i64),
    Ratio(f64),
    /// Bytes that the tables of a database cost.
    Tables(usize),
}

impl From<usize> for Figure {
    fn from(number: usize) -> Figure {
        Figure::Integer(number as i64)
    }
}

/// All figures, in the order of Redis.
fn figures(memory: &MemoryUse) -> Vec<(String, Figure)> {
    let mut all = Vec::with_capacity(32);
    let mut add = |name: &str, figure: Figure| all.push((name.to_owned(), figure));
    add("peak.allocated", memory.peak.into());
    add("total.allocated", memory.used.into());
    add("startup.allocated", memory.startup.into());
    add("replication.backlog", 0.into());
    add("clients.slaves", 0.into());
    add("clients.normal", memory.clients.into());
    add("cluster.links", 0.into());
    add("aof.buffer", memory.log_buffer.into());
    add("lua.caches", 0.into());
    add("functions.caches", 0.into());
    for DbOverhead { db, table_bytes } in &memory.dbs {
        add(&format!("db.{db}"), Figure::Tables(*table_bytes));
    }
    add("overhead.total", memory.overhead.into());
    add("keys.count", memory.keys.into());
    add("keys.bytes-per-key", memory.net().checked_div(memory.keys).unwrap_or(0).into());
    add("dataset.bytes", memory.dataset().into());
    add("dataset.percentage", Figure::Ratio(memory.dataset_percent()));
    add("peak.percentage", Figure::Ratio(memory.peak_percent()));
    add("allocator.allocated", memory.allocator.allocated.into());
    add("allocator.active", memory.allocator.active.into());
    add("allocator.resident", memory.allocator.resident.into());
    for (name, separator, ratio) in [
        ("allocator-fragmentation", ".ratio", memory.allocator_fragmentation()),
        ("allocator-rss", ".ratio", memory.allocator_rss()),
        ("rss-overhead", ".ratio", memory.rss_overhead()),
        // This name is older than the scheme of the others.
        ("fragmentation", "", memory.fragmentation()),
    ] {
        add(&format!("{name}{separator}"), Figure::Ratio(ratio.ratio));
        add(&format!("{name}.bytes"), Figure::Integer(ratio.bytes));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_stand_between_the_caches_and_the_sum() {
        let dbs = vec![DbOverhead { db: 0, table_bytes: 64 }, DbOverhead { db: 9, table_bytes: 128 }];
        let all = figures(&MemoryUse { keys: 4, used: 4000, overhead: 200, dbs, ..MemoryUse::default() });
        let at = |name: &str| all.iter().position(|(own, _)| own == name).unwrap();
        assert_eq!(at("db.0"), at("functions.caches") + 1);
        assert_eq!(all[at("db.9")].1, Figure::Tables(128));
        assert_eq!(at("db.9") + 1, at("overhead.total"));
        assert_eq!(all[at("keys.bytes-per-key")].1, Figure::Integer(1000));
        assert_eq!(all[at("dataset.bytes")].1, Figure::Integer(3800));
    }
}
