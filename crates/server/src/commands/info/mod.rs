//! INFO, TIME, LOLWUT, SHUTDOWN: what the server says about itself, and its end.

mod lolwut;
mod process;
mod sections;
mod shutdown;
mod statistics;
mod text;

use crate::exec::{ContextCall, Handler, ServerCommand};
use ochre_engine::command::*;
use sections::SECTIONS;
pub use text::Text;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[&INFO, &TIME, &lolwut::LOLWUT, &shutdown::SHUTDOWN];

static INFO: ServerCommand = ServerCommand::new("info", Group::Server, -1, Handler::survey(info))
    .flags(LOADING | STALE | SENTINEL)
    .categories(CAT_DANGEROUS)
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
    .summary("Returns facts and figures about the server.")
    .complexity("O(1)")
    .history(&[("7.0.0", "Takes several sections.")])
    .args(&[Arg::string("section").optional().multiple()]);

fn info(call: &mut ContextCall<'_, '_>, args: Args<'_>) -> Outcome {
    let asked: Vec<&[u8]> = args.iter().skip(1).collect();
    let mut text = Text::default();
    for section in SECTIONS {
        if is_asked(section, &asked) {
            text.section(section.title);
            (section.write)(call, &mut text);
        }
    }
    call.reply().verbatim(b"txt", text.finish());
    Ok(())
}

/// Whether a section belongs to what was asked for.
fn is_asked(section: &sections::Section, asked: &[&[u8]]) -> bool {
    asked.is_empty() && section.in_default
        || asked.iter().any(|word| match word.to_ascii_lowercase().as_slice() {
            b"default" => section.in_default,
            b"all" | b"everything" => section.in_all,
            name => section.names.iter().any(|own| own.as_bytes() == name),
        })
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
