//! CLIENT PAUSE, UNPAUSE and UNBLOCK: beginning and ending waits of clients.

use super::{USUAL, sub};
use crate::exec::{Handler, ServerCall, ServerCommand};
use crate::pause::Paused;
use crate::waiting::Wake;
use ochre_engine::command::flags::*;
use ochre_engine::command::{Arg, Args, Error, Outcome};
use ochre_engine::keyspace::ClientId;
use ochre_engine::level::Level;
use ochre_resp::digits::parse_i64;
use std::time::Duration;

pub(super) const PAUSE: ServerCommand = sub("pause", -3, Handler::exclusive(pause))
    .since("3.0.0")
    .flags(USUAL | ADMIN)
    .summary("Holds commands back for some time.")
    .history(&[("6.2.0", "Can hold back only commands that write.")])
    .args(&[
        Arg::integer("timeout"),
        Arg::one_of("mode", &[Arg::word("write", "WRITE"), Arg::word("all", "ALL")])
            .optional()
            .since("6.2.0"),
    ]);

pub(super) const UNPAUSE: ServerCommand = sub("unpause", 2, Handler::exclusive(unpause))
    .since("6.2.0")
    .flags(USUAL | ADMIN)
    .summary("Ends a pause.")
    .complexity("O(N) with N connections held back");

pub(super) const UNBLOCK: ServerCommand = sub("unblock", -3, Handler::exclusive(unblock))
    .since("5.0.0")
    .flags(USUAL | ADMIN)
    .summary("Ends the waiting of a blocked connection.")
    .complexity("O(log N) with N connections")
    .args(&[
        Arg::integer("client-id"),
        Arg::one_of("unblock-type", &[Arg::word("timeout", "TIMEOUT"), Arg::word("error", "ERROR")])
            .optional(),
    ]);

fn pause(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let what = match args.try_get(3) {
        _ if args.len() > 4 => return Err(call.subcommand_syntax(args)),
        Some(_) if call.scope.shared.settings.level < Level::V6_2 => return Err(call.subcommand_syntax(args)),
        None => Paused::All,
        Some(mode) if mode.eq_ignore_ascii_case(b"all") => Paused::All,
        Some(mode) if mode.eq_ignore_ascii_case(b"write") => Paused::Writes,
        Some(_) => return Err(Error::fixed("ERR CLIENT PAUSE mode must be WRITE or ALL")),
    };
    let timeout =
        parse_i64(args.get(2)).ok_or(Error::fixed("ERR timeout is not an integer or out of range"))?;
    if timeout < 0 {
        return Err(Error::fixed("ERR timeout is negative"));
    }
    // Redis keeps the end as milliseconds since 1970, and refuses an end that is out of range.
    call.scope.now().0.checked_add(timeout).ok_or(Error::fixed("ERR timeout is out of range"))?;
    call.scope.pause(what, call.scope.state.tick + Duration::from_millis(timeout.unsigned_abs()));
    call.reply().ok();
    Ok(())
}

fn unpause(call: &mut ServerCall<'_>, _args: Args<'_>) -> Outcome {
    call.scope.unpause();
    call.reply().ok();
    Ok(())
}

fn unblock(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let why = match args.try_get(3) {
        _ if args.len() > 4 => return Err(call.subcommand_syntax(args)),
        None => Wake::Timeout,
        Some(reason) if reason.eq_ignore_ascii_case(b"timeout") => Wake::Timeout,
        Some(reason) if reason.eq_ignore_ascii_case(b"error") => Wake::Error,
        Some(_) => return Err(Error::fixed("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")),
    };
    let id = parse_i64(args.get(2)).ok_or(Error::NOT_INTEGER)?;
    let woken = call.scope.wake(ClientId(id as u64), why);
    call.reply().int(i64::from(woken));
    Ok(())
}
