//! XSETID: sets the counters of a stream, as replicas and restored files need it.

use super::arguments::{integer, strict_id};
use super::change::changed_quietly;
use crate::command::{
    Arg, Args, Command, Ctx, DENYOOM, Error, FAST, Group, KeySpec, Outcome, RW, UPDATE, WRITE,
};
use crate::level::Level;
use crate::stream::{Stream, StreamId, StreamLog};
use crate::text::eq_ignore_case;

/// Declaration of `XSETID key last-id [ENTRIESADDED count] [MAXDELETEDID id]`.
pub static XSETID: Command = Command::new("xsetid", Group::Stream, -3, xsetid)
    .arity_before("7.0.0", 3)
    .since("5.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | UPDATE)])
    .summary("Sets the last id and the counters of a stream; meant for internal use.")
    .complexity("O(1)")
    .history(&[("7.0.0", "ENTRIESADDED and MAXDELETEDID are new.")])
    .args(&[
        Arg::key("key"),
        Arg::string("last-id"),
        Arg::integer("entries-added").token("ENTRIESADDED").optional().since("7.0.0"),
        Arg::string("max-deleted-id").token("MAXDELETEDID").optional().since("7.0.0"),
    ]);

struct Wanted {
    last_id: StreamId,
    entries_added: Option<u64>,
    max_deleted_id: StreamId,
}

fn xsetid(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let level = ctx.level();
    let wanted = parse(args)?;
    let key = ctx.key(args, 1);
    let mut stream = ctx.keys.write::<Box<Stream>>(key)?.ok_or(Error::NO_SUCH_KEY)?;
    check(&wanted, &stream.log, level)?;
    stream.log.set_last_id(wanted.last_id);
    if let Some(added) = wanted.entries_added {
        stream.log.set_entries_added(added);
    }
    if !wanted.max_deleted_id.is_zero() {
        stream.log.set_max_deleted_id(wanted.max_deleted_id);
    }
    drop(stream);
    ctx.reply.ok();
    changed_quietly(ctx, key, "xsetid");
    Ok(())
}

fn parse(args: Args<'_>) -> Result<Wanted, Error> {
    let mut wanted =
        Wanted { last_id: strict_id(args.get(2))?, entries_added: None, max_deleted_id: StreamId::MIN };
    let mut at = 3;
    while at < args.len() {
        let word = args.get(at);
        if at + 1 == args.len() {
            return Err(Error::SYNTAX);
        } else if eq_ignore_case(word, b"entriesadded") {
            let added = u64::try_from(integer(args.get(at + 1))?);
            wanted.entries_added =
                Some(added.map_err(|_| Error::fixed("ERR entries_added must be positive"))?);
        } else if eq_ignore_case(word, b"maxdeletedid") {
            wanted.max_deleted_id = strict_id(args.get(at + 1))?;
            if wanted.last_id < wanted.max_deleted_id {
                return Err(Error::fixed(
                    "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
                ));
            }
        } else {
            return Err(Error::SYNTAX);
        }
        at += 2;
    }
    Ok(wanted)
}

fn check(wanted: &Wanted, log: &StreamLog, level: Level) -> Result<(), Error> {
    if level >= Level::V7_2 && wanted.last_id < log.max_deleted_id() {
        return Err(Error::fixed(
            "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id",
        ));
    }
    let Some(top) = log.last_entry_id() else { return Ok(()) };
    if wanted.last_id < top {
        return Err(Error::fixed(
            "ERR The ID specified in XSETID is smaller than the target stream top item",
        ));
    }
    if wanted.entries_added.is_some_and(|added| added < log.len()) {
        return Err(Error::fixed(
            "ERR The entries_added specified in XSETID is smaller than the target stream length",
        ));
    }
    Ok(())
}
