//! LSET, LINSERT, LREM and LTRIM: changes in the middle of a list.

use super::pop;
use crate::command::*;
use crate::commands::number::int;
use crate::text::eq_ignore_case;
use crate::value::{End, List};

/// Declaration of LSET.
pub static LSET: Command = Command::new("lset", Group::List, 4, lset)
    .since("1.0.0")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::at(1, RW | UPDATE)])
    .summary("Replaces the element of a list at an index.")
    .complexity("O(N) for an element N nodes away from the nearer end; O(1) at the ends.")
    .args(&[Arg::key("key"), Arg::integer("index"), Arg::string("element")]);

/// Declaration of LINSERT.
pub static LINSERT: Command = Command::new("linsert", Group::List, 5, linsert)
    .since("2.2.0")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::at(1, RW | INSERT)])
    .summary("Puts an element before or after the first one that equals a given value.")
    .complexity("O(N) for N elements up to that one.")
    .args(&[
        Arg::key("key"),
        Arg::one_of("where", &[Arg::word("before", "BEFORE"), Arg::word("after", "AFTER")]),
        Arg::string("pivot"),
        Arg::string("element"),
    ]);

/// Declaration of LREM.
pub static LREM: Command = Command::new("lrem", Group::List, 4, lrem)
    .since("1.0.0")
    .flags(WRITE)
    .keys(&[KeySpec::at(1, RW | DELETE)])
    .summary("Removes elements that equal a given value, from either end on.")
    .complexity("O(N) for a list of N elements.")
    .args(&[Arg::key("key"), Arg::integer("count"), Arg::string("element")]);

/// Declaration of LTRIM.
pub static LTRIM: Command = Command::new("ltrim", Group::List, 4, ltrim)
    .since("1.0.0")
    .flags(WRITE)
    .keys(&[KeySpec::at(1, RW | DELETE)])
    .summary("Keeps only the elements of a list between two indexes.")
    .complexity("O(N) for N elements removed.")
    .args(&[Arg::key("key"), Arg::integer("start"), Arg::integer("stop")]);

fn lset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, element) = (ctx.key(args, 1), args.get(3));
    let mut list = ctx.keys.write::<List>(key)?.ok_or(Error::NO_SUCH_KEY)?;
    let index = int(args.get(2))?;
    list.grow(element.len(), 1, ctx.settings);
    let index = list.index(index).ok_or(Error::INDEX_OUT_OF_RANGE)?;
    list.set(index, element);
    list.shrink(ctx.settings);
    drop(list);
    ctx.changed(key, EventClasses::LIST, "lset", 1);
    ctx.reply.ok();
    Ok(())
}

fn linsert(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let side = match args.get(2) {
        word if eq_ignore_case(word, b"before") => End::Front,
        word if eq_ignore_case(word, b"after") => End::Back,
        _ => return Err(Error::SYNTAX),
    };
    let (key, element) = (ctx.key(args, 1), args.get(4));
    let Some(mut list) = ctx.keys.write::<List>(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    list.grow(element.len(), 1, ctx.settings);
    let Some(index) = list.find(args.get(3)) else {
        ctx.reply.int(-1);
        return Ok(());
    };
    list.insert(index, side, element);
    let len = list.len();
    drop(list);
    ctx.changed(key, EventClasses::LIST, "linsert", 1);
    ctx.reply.count(len);
    Ok(())
}

fn lrem(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let count = int(args.get(2))?;
    let key = ctx.key(args, 1);
    let Some(mut list) = ctx.keys.write::<List>(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let limit = if count == 0 { usize::MAX } else { count.unsigned_abs() as usize };
    let from = if count < 0 { End::Back } else { End::Front };
    let removed = list.remove_equal(args.get(3), limit, from);
    if removed > 0 {
        list.shrink(ctx.settings);
        let emptied = list.is_empty();
        drop(list);
        ctx.changed(key, EventClasses::LIST, "lrem", removed as u64);
        if emptied {
            pop::remove(ctx, key);
        }
    }
    ctx.reply.count(removed);
    Ok(())
}

fn ltrim(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (start, stop) = (int(args.get(2))?, int(args.get(3))?);
    let key = ctx.key(args, 1);
    let Some(mut list) = ctx.keys.write::<List>(key)? else {
        ctx.reply.ok();
        return Ok(());
    };
    let (start, count) = list.range(start, stop).unwrap_or((0, 0));
    let removed = list.delete_range(start + count, usize::MAX) + list.delete_range(0, start);
    list.shrink(ctx.settings);
    let emptied = list.is_empty();
    drop(list);
    ctx.changed(key, EventClasses::LIST, "ltrim", removed as u64);
    if emptied {
        pop::remove(ctx, key);
    }
    ctx.reply.ok();
    Ok(())
}
