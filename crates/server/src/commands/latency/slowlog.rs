//! SLOWLOG GET, LEN, RESET.

use crate::exec::{ContextCall, Handler, ServerCommand};
use ochre_engine::command::*;
use ochre_engine::text::parse_i64;

const GROUP: Group = Group::Server;
const FLAGS: Flags = ADMIN | LOADING | STALE;

/// The default number of entries that GET returns.
const DEFAULT_COUNT: usize = 10;

pub(super) static SLOWLOG: ServerCommand = ServerCommand::container(
    "slowlog",
    GROUP,
    &[
        ServerCommand::sub("slowlog", "get", GROUP, -2, Handler::local(get))
            .since("2.2.12")
            .flags(FLAGS)
            .tips(&["request_policy:all_nodes", "nondeterministic_output"])
            .summary("Returns the newest entries of the slow log.")
            .complexity("O(N) where N is the number of entries returned")
            .history(&[("4.0.0", "Entries tell address and name of the client.")])
            .args(&[Arg::integer("count").optional()]),
        ServerCommand::sub("slowlog", "len", GROUP, 2, Handler::local(len))
            .since("2.2.12")
            .flags(FLAGS)
            .tips(&["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"])
            .summary("Returns the number of entries in the slow log.")
            .complexity("O(1)"),
        ServerCommand::sub("slowlog", "reset", GROUP, 2, Handler::local(reset))
            .since("2.2.12")
            .flags(FLAGS)
            .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
            .summary("Forgets all entries of the slow log.")
            .complexity("O(N) where N is the number of entries in the slowlog"),
        ServerCommand::sub("slowlog", "help", GROUP, 2, Handler::local(slowlog_help))
            .since("6.2.0")
            .flags(LOADING | STALE)
            .summary("Lists the subcommands.")
            .complexity("O(1)"),
    ],
)
.since("2.2.12")
.summary("Groups the commands on the slow log.")
.complexity("Depends on subcommand.");

fn get(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    const BAD_COUNT: Error = Error::fixed("ERR count should be greater than or equal to -1");
    if args.len() > 3 {
        return Err(call.scope.shared.setup().subcommand_syntax(call.command, args));
    }
    let log = call.scope.shared.notes.slowlog.lock();
    let count = match args.try_get(2) {
        None => DEFAULT_COUNT,
        Some(text) => match parse_i64(text).ok_or(BAD_COUNT)? {
            -1 => log.len(),
            count => usize::try_from(count).map_err(|_| BAD_COUNT)?,
        },
    };
    let mut reply = call.client.reply();
    reply.array(count.min(log.len()));
    for entry in log.iter().take(count) {
        reply.array(6);
        reply.int(entry.id as i64);
        reply.int(entry.unix_seconds);
        reply.int(entry.micros as i64);
        reply.array(entry.args.len());
        entry.args.iter().for_each(|arg| reply.bulk(arg));
        reply.bulk(&*entry.address);
        reply.bulk(&entry.client_name);
    }
    Ok(())
}

fn len(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    let len = call.scope.shared.notes.slowlog.lock().len();
    call.reply().count(len);
    Ok(())
}

fn reset(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    call.scope.shared.notes.slowlog.lock().clear();
    call.reply().ok();
    Ok(())
}

fn slowlog_help(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    call.help(&[
        "GET [<count>]",
        "    Return the newest <count> entries (default: 10, -1 means all). An entry is",
        "    its id, when it was made, how many microseconds the command took, the",
        "    arguments, address and name of the client.",
        "LEN",
        "    Return the number of entries.",
        "RESET",
        "    Forget all entries.",
    ])
}
