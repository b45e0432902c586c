//! LATENCY: slow events, and the distribution of the durations of commands.

use crate::exec::{ContextCall, Handler, ServerCommand};
use crate::latency::{Distribution, doctor, graph};
use crate::table::CommandId;
use ochre_engine::command::*;

const GROUP: Group = Group::Server;
const FLAGS: Flags = ADMIN | NOSCRIPT | LOADING | STALE;
const TIPS: &[&str] = &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];

const fn sub(name: &'static str, arity: i16, handler: Handler) -> ServerCommand {
    ServerCommand::sub("latency", name, GROUP, arity, handler).since("2.8.13").flags(FLAGS).complexity("O(1)")
}

pub(super) static LATENCY: ServerCommand = ServerCommand::container(
    "latency",
    GROUP,
    &[
        sub("doctor", 2, Handler::local(report))
            .tips(TIPS)
            .summary("Explains the slow events and gives advice."),
        sub("graph", 3, Handler::local(draw))
            .tips(TIPS)
            .summary("Draws the slow moments of an event.")
            .args(&[Arg::string("event")]),
        sub("histogram", -2, Handler::local(histogram))
            .since("7.0.0")
            .tips(TIPS)
            .summary("Returns how the times of commands are distributed.")
            .complexity("O(N) where N is the number of commands with latency information being retrieved.")
            .args(&[Arg::string("COMMAND").optional().multiple()]),
        sub("history", 3, Handler::local(history))
            .tips(TIPS)
            .summary("Returns the slow moments of an event.")
            .args(&[Arg::string("event")]),
        sub("latest", 2, Handler::local(latest))
            .tips(TIPS)
            .summary("Returns the last slow moment of each event."),
        sub("reset", -2, Handler::local(reset))
            .tips_before("7.2.0", &["request_policy:all_nodes", "response_policy:all_succeeded"])
            .tips(&["request_policy:all_nodes", "response_policy:agg_sum"])
            .summary("Forgets the slow moments of some or all events.")
            .args(&[Arg::string("event").optional().multiple()]),
        sub("help", 2, Handler::local(latency_help)).flags(LOADING | STALE).summary("Lists the subcommands."),
    ],
)
.since("2.8.13")
.summary("Groups the commands on latency.")
.complexity("Depends on subcommand.");

fn history(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let mut reply = call.client.reply();
    let monitor = call.scope.shared.notes.monitor.lock();
    let Some((_, series)) = monitor.get(args.get(2)) else {
        reply.array(0);
        return Ok(());
    };
    reply.array(series.len());
    for sample in series.iter() {
        reply.array(2);
        reply.int(sample.unix_seconds);
        reply.int(sample.millis as i64);
    }
    Ok(())
}

fn latest(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    let mut reply = call.client.reply();
    let monitor = call.scope.shared.notes.monitor.lock();
    reply.array(monitor.len());
    for (event, series) in monitor.iter() {
        let sample = series.latest();
        reply.array(4);
        reply.bulk(event);
        reply.int(sample.unix_seconds);
        reply.int(sample.millis as i64);
        reply.int(series.max_millis() as i64);
    }
    Ok(())
}

fn reset(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let is_named = |event: &str| {
        args.len() == 2 || args.iter().skip(2).any(|arg| arg.eq_ignore_ascii_case(event.as_bytes()))
    };
    let forgotten = call.scope.shared.notes.monitor.lock().forget(is_named);
    call.reply().count(forgotten);
    Ok(())
}

fn draw(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let seconds = call.now().seconds();
    let text = match call.scope.shared.notes.monitor.lock().get(args.get(2)) {
        Some((event, series)) => graph(event, series, seconds),
        None => {
            return Err(Error::quoting(&[b"ERR No samples available for event '", args.get(2), b"'"]));
        }
    };
    call.reply().verbatim(b"txt", text);
    Ok(())
}

fn report(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    let diagnostics = &call.scope.shared.config.diagnostics;
    let text = doctor(
        &call.scope.shared.notes.monitor.lock(),
        diagnostics.latency_monitor_threshold,
        diagnostics.slowlog_log_slower_than,
        call.now().seconds(),
    );
    call.reply().verbatim(b"txt", text);
    Ok(())
}

fn histogram(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let commands = &call.scope.shared.commands;
    let ids: Vec<CommandId> = if args.len() == 2 {
        commands.entries().map(|(id, _)| id).collect()
    } else {
        args.iter()
            .skip(2)
            .filter_map(|name| commands.find_full(name))
            .flat_map(|id| family(call, id))
            .collect()
    };
    let (server, client) = (call.scope.shared, &mut *call.client);
    let counted: Vec<(CommandId, Distribution)> = ids
        .into_iter()
        .map(|id| (id, server.tally().latency(id)))
        .filter(|(_, latency)| latency.total() > 0)
        .collect();
    let mut reply = client.reply();
    reply.map(counted.len());
    for (id, latency) in counted {
        reply.bulk(&*server.commands.get(id).full_name);
        reply.map(2);
        reply.bulk("calls");
        reply.int(latency.total() as i64);
        reply.bulk("histogram_usec");
        let steps = latency.cumulative();
        reply.map(steps.len());
        for (nanos, count) in steps {
            reply.int((nanos / 1000) as i64);
            reply.int(count as i64);
        }
    }
    Ok(())
}

/// A command and its subcommands, in an order that does not change.
fn family(call: &ContextCall<'_, '_>, id: CommandId) -> Vec<CommandId> {
    let mut all: Vec<CommandId> = call.scope.shared.commands.get(id).subcommands.values().copied().collect();
    all.sort_unstable();
    all.insert(0, id);
    all
}

fn latency_help(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    call.help(&[
        "DOCTOR",
        "    Explain the slow events in words.",
        "GRAPH <event>",
        "    Draw the slow moments of <event>.",
        "HISTORY <event>",
        "    Return the slow moments of <event>.",
        "LATEST",
        "    Return the last slow moment of each event.",
        "RESET [<event> ...]",
        "    Forget the slow moments of some events (default: of all).",
        "HISTOGRAM [COMMAND ...]",
        "    Return how the times of commands are distributed (default: of all commands).",
    ])
}
