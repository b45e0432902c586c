//! LLEN, LINDEX and LRANGE.

use super::reply::{write_item, write_range};
use crate::command::*;
use crate::commands::number::int;
use crate::value::{End, List};

/// Declaration of LLEN.
pub static LLEN: Command = Command::new("llen", Group::List, 2, llen)
    .since("1.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO)])
    .summary("Returns the number of elements of a list.")
    .complexity("O(1)")
    .args(&[Arg::key("key")]);

/// Declaration of LINDEX.
pub static LINDEX: Command = Command::new("lindex", Group::List, 3, lindex)
    .since("1.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the element of a list at an index.")
    .complexity("O(N) for an element N nodes away from the nearer end; O(1) at the ends.")
    .args(&[Arg::key("key"), Arg::integer("index")]);

/// Declaration of LRANGE.
pub static LRANGE: Command = Command::new("lrange", Group::List, 4, lrange)
    .since("1.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the elements of a list between two indexes.")
    .complexity("O(S+N) for N elements that start S nodes away from the nearer end.")
    .args(&[Arg::key("key"), Arg::integer("start"), Arg::integer("stop")]);

fn llen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let len = ctx.keys.read::<List>(key)?.map_or(0, |list| list.len());
    ctx.reply.count(len);
    Ok(())
}

fn lindex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let Some(list) = ctx.keys.read::<List>(key)? else {
        ctx.reply.null();
        return Ok(());
    };
    let index = list.index(int(args.get(2))?);
    let reply = &mut ctx.reply;
    if index.and_then(|index| list.with(index, |item| write_item(reply, item))).is_none() {
        reply.null();
    }
    Ok(())
}

fn lrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (start, stop) = (int(args.get(2))?, int(args.get(3))?);
    let key = ctx.key(args, 1);
    let list = ctx.keys.read::<List>(key)?;
    match list.as_ref().and_then(|list| Some((list, list.range(start, stop)?))) {
        Some((list, (start, count))) => write_range(&mut ctx.reply, list, start, count, End::Front),
        None => ctx.reply.array(0),
    }
    Ok(())
}
