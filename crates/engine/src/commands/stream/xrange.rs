//! XRANGE and XREVRANGE: entries between two ids, and XLEN: how many there are.

use super::arguments::{integer, most, range_end, range_start};
use super::reply::reply_entries;
use crate::command::{ACCESS, Arg, Args, Command, Ctx, Error, FAST, Group, KeySpec, Outcome, READONLY, RO};
use crate::stream::Stream;
use crate::text::eq_ignore_case;

const SINCE_6_2: &[(&str, &str)] = &[("6.2.0", "A bound behind `(` is excluded.")];

/// Declaration of `XRANGE key start end [COUNT count]`.
pub static XRANGE: Command = Command::new("xrange", Group::Stream, -4, xrange)
    .since("5.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the entries of a stream between two ids.")
    .complexity("O(N) for N entries returned.")
    .history(SINCE_6_2)
    .args(&[
        Arg::key("key"),
        Arg::string("start"),
        Arg::string("end"),
        Arg::integer("count").token("COUNT").optional(),
    ]);

/// Declaration of `XREVRANGE key end start [COUNT count]`.
pub static XREVRANGE: Command = Command::new("xrevrange", Group::Stream, -4, xrevrange)
    .since("5.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the entries of a stream between two ids, the latest first.")
    .complexity("O(N) for N entries returned.")
    .history(SINCE_6_2)
    .args(&[
        Arg::key("key"),
        Arg::string("end"),
        Arg::string("start"),
        Arg::integer("count").token("COUNT").optional(),
    ]);

/// Declaration of `XLEN key`.
pub static XLEN: Command = Command::new("xlen", Group::Stream, 2, xlen)
    .since("5.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO)])
    .summary("Counts the entries of a stream.")
    .complexity("O(1)")
    .args(&[Arg::key("key")]);

fn xrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    range(ctx, args, false)
}

fn xrevrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    range(ctx, args, true)
}

fn range(ctx: &mut Ctx<'_>, args: Args<'_>, reverse: bool) -> Outcome {
    let (start_at, end_at) = if reverse { (3, 2) } else { (2, 3) };
    let start = range_start(args.get(start_at))?;
    let end = range_end(args.get(end_at))?;
    let count = count_option(args, 4)?;
    let key = ctx.key(args, 1);
    let Some(stream) = ctx.keys.read::<Box<Stream>>(key)? else {
        ctx.reply.array(0);
        return Ok(());
    };
    let limit = match count {
        // Asked for nothing: Redis answers nil, though only if the key is there.
        Some(0) => {
            ctx.reply.null_array();
            return Ok(());
        }
        count => most(count.unwrap_or(0)),
    };
    if reverse {
        reply_entries(&mut ctx.reply, stream.log.range_rev(start, end).take(limit));
    } else {
        reply_entries(&mut ctx.reply, stream.log.range(start, end).take(limit));
    }
    Ok(())
}

fn count_option(args: Args<'_>, first: usize) -> Result<Option<u64>, Error> {
    let mut count = None;
    let mut at = first;
    while at < args.len() {
        if !eq_ignore_case(args.get(at), b"count") || at + 1 == args.len() {
            return Err(Error::SYNTAX);
        }
        count = Some(integer(args.get(at + 1))?.max(0) as u64);
        at += 2;
    }
    Ok(count)
}

fn xlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let len = ctx.keys.read::<Box<Stream>>(key)?.map_or(0, |stream| stream.log.len());
    ctx.reply.int(len as i64);
    Ok(())
}
