//! COMMAND: the list of commands, from their declarations.

mod docs;
mod info;
mod keys;
mod list;

use crate::exec::{ContextCall, Handler, ServerCommand};
use crate::table::{CommandId, CommandTable};
use ochre_engine::command::*;
use ochre_resp::reply::Reply;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[&COMMAND];

const GROUP: Group = Group::Server;
const FLAGS: Flags = LOADING | STALE;
const UNORDERED: &[&str] = &["nondeterministic_output_order"];
const NAMES: &[Arg] = &[Arg::string("command-name").optional().multiple()];
const CALL: &[Arg] = &[Arg::string("command"), Arg::string("arg").optional().multiple()];

const fn sub(name: &'static str, arity: i16, handler: Handler) -> ServerCommand {
    ServerCommand::sub("command", name, GROUP, arity, handler)
        .since("2.8.13")
        .flags(FLAGS)
        .categories(CAT_CONNECTION)
}

static COMMAND: ServerCommand = Spec {
    subcommands: &[
        sub("count", 2, Handler::local(list::count))
            .summary("Returns the number of commands.")
            .complexity("O(1)"),
        sub("docs", -2, Handler::local(docs::docs))
            .since("7.0.0")
            .tips(UNORDERED)
            .summary("Returns the documentation of some or all commands.")
            .complexity("O(N) where N is the number of commands to look up")
            .args(NAMES),
        sub("getkeys", -3, Handler::local(keys::getkeys))
            .arity_before("7.2.0", -4)
            .summary("Returns the keys among the arguments of a call.")
            .complexity("O(N) where N is the number of arguments to the command")
            .args(CALL),
        sub("getkeysandflags", -3, Handler::local(keys::getkeysandflags))
            .arity_before("7.2.0", -4)
            .since("7.0.0")
            .summary("Returns the keys among the arguments of a call, and what happens to them.")
            .complexity("O(N) where N is the number of arguments to the command")
            .args(CALL),
        sub("help", 2, Handler::local(command_help))
            .since("5.0.0")
            .summary("Lists the subcommands.")
            .complexity("O(1)"),
        sub("info", -2, Handler::local(info::info))
            .tips(UNORDERED)
            .summary("Returns properties of some or all commands.")
            .complexity("O(N) where N is the number of commands to look up")
            .history(&[("7.0.0", "Without names, tells about all commands.")])
            .args(NAMES),
        sub("list", -2, Handler::local(list::list))
            .since("7.0.0")
            .tips(UNORDERED)
            .summary("Returns the names of commands.")
            .complexity("O(N) where N is the total number of Redis commands")
            .args(&[Arg::one_of(
                "filterby",
                &[
                    Arg::string("module-name").token("MODULE"),
                    Arg::string("category").token("ACLCAT"),
                    Arg::pattern("pattern").token("PATTERN"),
                ],
            )
            .token("FILTERBY")
            .optional()]),
    ],
    ..ServerCommand::new("command", GROUP, -1, Handler::local(info::all))
        .since("2.8.13")
        .flags(FLAGS)
        .categories(CAT_CONNECTION)
        .tips(UNORDERED)
        .summary("Returns properties of all commands.")
        .complexity("O(N) where N is the total number of Redis commands")
};

/// Writes the names of flags as a set of statuses.
fn write_flags<T: Copy>(reply: &mut Reply<'_>, names: &[(T, &str)], is_set: impl Fn(T) -> bool) {
    let set: Vec<&str> = names.iter().filter(|(flag, _)| is_set(*flag)).map(|(_, name)| *name).collect();
    reply.set(set.len());
    set.iter().for_each(|name| reply.simple(name));
}

/// The subcommands of a command, in an order that does not change.
fn subcommands(table: &CommandTable, id: CommandId) -> Vec<CommandId> {
    let mut ids: Vec<CommandId> = table.get(id).subcommands.values().copied().collect();
    ids.sort_unstable();
    ids
}

fn command_help(call: &mut ContextCall<'_, '_>, _: Args<'_>) -> Outcome {
    call.help(&[
        "(no subcommand)",
        "    Return properties of all commands.",
        "COUNT",
        "    Return the number of commands.",
        "LIST",
        "    Return the names of all commands.",
        "INFO [<command-name> ...]",
        "    Return properties of some commands (default: of all).",
        "DOCS [<command-name> ...]",
        "    Return the documentation of some commands (default: of all).",
        "GETKEYS <full-command>",
        "    Return the keys of a call.",
        "GETKEYSANDFLAGS <full-command>",
        "    Return the keys of a call, and what happens to them.",
    ])
}
