//! INFO, TIME, LOLWUT, SHUTDOWN: facts about the server, and its end. The content of INFO is gathered and rendered in
//! `report`.

mod lolwut;
mod shutdown;

use crate::exec::{ContextCall, Handler, ServerCommand};
use crate::report::{Report, Source};
use ochre_engine::command::*;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[&INFO, &TIME, &lolwut::LOLWUT, &shutdown::SHUTDOWN];

static INFO: ServerCommand = ServerCommand::new("info", Group::Server, -1, Handler::survey(info))
    .flags(LOADING | STALE)
    .categories(CAT_DANGEROUS)
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
    .summary("Returns facts and figures about the server.")
    .complexity("O(1)")
    .history(&[("7.0.0", "Takes several sections.")])
    .args(&[Arg::string("section").optional().multiple()]);

fn info(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let words: Vec<&[u8]> = args.iter().skip(1).collect();
    let text = Report::gather(&mut Source::new(call.scope), &words).text();
    call.reply().verbatim(b"txt", text);
    Ok(())
}

static TIME: ServerCommand = ServerCommand::new("time", Group::Server, 1, Handler::local(time))
    .since("2.6.0")
    .flags(LOADING | STALE | FAST)
    .tips(&["nondeterministic_output"])
    .summary("Returns the time of the server.")
    .complexity("O(1)");

fn time(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    let micros = call.scope.state.clock.unix_us(call.scope.state.tick);
    let mut reply = call.reply();
    reply.array(2);
    reply.bulk_int(micros / 1_000_000);
    reply.bulk_int(micros % 1_000_000);
    Ok(())
}
