//! The commands on the inside of the server, for tests: DEBUG.
//!
//! One command, as in Redis, so that statistics and the slow log show it as `debug`; its
//! subcommands are one table, from which HELP and the dispatch derive.

mod object;
mod populate;
mod process;
mod protocol;
mod reload;
mod switches;

use crate::exec::{Handler, ServerCall, ServerCommand, help};
use ochre_engine::command::*;
use std::ops::RangeInclusive;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[&DEBUG];

static DEBUG: ServerCommand = ServerCommand::new("debug", Group::Server, -2, Handler::exclusive(debug))
    .flags(ADMIN | NOSCRIPT | LOADING | STALE)
    .summary("Looks into the server and changes its inside, for tests.")
    .complexity("Depends on subcommand.")
    .system();

/// A subcommand of DEBUG.
struct Subcommand {
    /// The name in lower case.
    name: &'static str,
    /// The numbers of arguments that may follow the name.
    args: RangeInclusive<usize>,
    /// The texts of HELP: the arguments, and a description.
    help: (&'static str, &'static str),
    run: fn(&mut ServerCall<'_>, Args<'_>) -> Outcome,
}

const fn sub(
    name: &'static str,
    args: RangeInclusive<usize>,
    help: (&'static str, &'static str),
    run: fn(&mut ServerCall<'_>, Args<'_>) -> Outcome,
) -> Subcommand {
    Subcommand { name, args, help, run }
}

static SUBCOMMANDS: &[Subcommand] = &[
    sub(
        "aof-flush-sleep",
        1..=1,
        ("<microseconds>", "Waits so long before the append-only file is written."),
        switches::aof_flush_sleep,
    ),
    sub("assert", 0..=0, ("", "Ends the process with a failed assertion."), process::assert),
    sub("change-repl-id", 0..=0, ("", "Makes a new replication id."), switches::change_repl_id),
    sub("client-eviction", 0..=0, ("", "Shows what clients cost."), object::client_eviction),
    sub(
        "config-rewrite-force-all",
        0..=0,
        ("", "Rewrites the file with all directives."),
        switches::rewrite_all,
    ),
    sub("digest", 0..=0, ("", "Shows a digest of all data."), object::digest),
    sub("digest-value", 0..=usize::MAX, ("[<key> ...]", "Shows digests of values."), object::digest_value),
    sub("error", 1..=1, ("<text>", "Answers this error."), protocol::error),
    sub("htstats", 1..=2, ("<dbid> [full]", "Shows the tables of a database."), object::htstats),
    sub("htstats-key", 1..=2, ("<key> [full]", "Shows the table of a value."), object::htstats_key),
    sub("leak", 1..=1, ("<text>", "Loses memory."), process::leak),
    sub("listpack", 1..=1, ("<key>", "Tells whether a value is a listpack."), object::listpack),
    sub("loadaof", 0..=0, ("", "Empties and loads the append-only file."), reload::load_aof),
    sub("log", 1..=1, ("<text>", "Writes a line into the log."), process::log),
    sub("object", 1..=2, ("<key> [fast]", "Shows the inside of a value."), object::object),
    sub("panic", 0..=0, ("", "Ends the process with a panic."), process::panic),
    sub("pause-cron", 1..=1, ("<0|1>", "Stops the periodic work."), switches::pause_cron),
    sub("populate", 1..=3, ("<count> [<prefix>] [<size>]", "Makes keys."), populate::populate),
    sub("protocol", 1..=1, ("<type>", "Answers a value of this type of RESP."), protocol::protocol),
    sub("quicklist", 1..=2, ("<key> [<0|1>]", "Tells whether a value is a quicklist."), object::quicklist),
    sub(
        "quicklist-packed-threshold",
        1..=1,
        ("<size>", "Sets when an element gets a node of its own."),
        switches::packed_threshold,
    ),
    sub(
        "reload",
        0..=usize::MAX,
        ("[option ...]", "Saves, empties and loads. Options: NOSAVE, NOFLUSH, MERGE."),
        reload::reload,
    ),
    sub(
        "replybuffer",
        2..=2,
        ("<peak-reset-time|resizing> <value>", "Changes how reply buffers adapt."),
        switches::reply_buffer,
    ),
    sub("sdslen", 1..=1, ("<key>", "Shows the sizes of a key and its string."), object::sdslen),
    sub("segfault", 0..=0, ("", "Ends the process with an invalid access."), process::segfault),
    sub("set-active-expire", 1..=1, ("<0|1>", "Turns the expiry cycle off or on."), switches::active_expire),
    sub(
        "set-disable-deny-scripts",
        1..=1,
        ("<0|1>", "Lets scripts run commands that are denied to them."),
        switches::accepted,
    ),
    sub(
        "set-skip-checksum-validation",
        1..=1,
        ("<0|1>", "Skips checksums when loading."),
        switches::skip_checksum_validation,
    ),
    sub("sleep", 1..=1, ("<seconds>", "Does nothing for so long."), process::sleep),
    sub("stringmatch-len", 2..=2, ("<pattern> <text>", "Matches a pattern."), protocol::stringmatch),
    sub("structsize", 0..=0, ("", "Shows the sizes of structures."), object::structsize),
];

fn debug(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    const NOT_ALLOWED: Error = Error::fixed(
        "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run \
         it from a local connection, otherwise you need to set this option in the configuration file, and \
         then restart the server.",
    );
    if !call.is_allowed(call.scope.shared.config.network.enable_debug_command) {
        return Err(NOT_ALLOWED);
    }
    let name = args.get(1).to_ascii_lowercase();
    if name == b"help" && args.len() == 2 {
        return debug_help(call);
    }
    let found = SUBCOMMANDS.iter().find(|sub| sub.name.as_bytes() == name);
    match found.filter(|sub| sub.args.contains(&(args.len() - 2))) {
        Some(sub) => (sub.run)(call, args.from(2)),
        None => Err(unknown(args)),
    }
}

/// The error for a subcommand that does not exist, or not with these arguments.
fn unknown(args: Args<'_>) -> Error {
    let name = args.get(1);
    let shown = &name[..name.len().min(128)];
    let start: &[u8] = b"ERR unknown subcommand or wrong number of arguments for '";
    Error::quoting(&[start, shown, b"'. Try DEBUG HELP."])
}

fn debug_help(call: &mut ServerCall<'_>) -> Outcome {
    let lines: Vec<String> = SUBCOMMANDS
        .iter()
        .flat_map(|sub| {
            let (args, text) = sub.help;
            let head = format!("{} {args}", sub.name.to_ascii_uppercase());
            [head.trim_end().to_owned(), format!("    {text}")]
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let level = call.scope.shared.settings.level;
    help(&mut call.reply(), level, "DEBUG", &lines)
}

/// The number in an argument as C's atoi reads it: 0 if there is none.
fn switch(arg: &[u8]) -> i64 {
    i64::from(ochre_engine::text::integer::atoi(arg))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subcommands_are_in_order_and_unique() {
        assert!(SUBCOMMANDS.is_sorted_by(|a, b| a.name < b.name));
    }
}
