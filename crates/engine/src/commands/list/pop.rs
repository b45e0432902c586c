//! LPOP, RPOP and the variants that wait for an element, BLPOP and BRPOP.

use super::arguments::at_least;
use super::reply::{write_item, write_range};
use crate::command::effects::Nothing;
use crate::command::*;
use crate::commands::timeout;
use crate::value::{End, List, Type};
use ochre_resp::reply::Reply;

const POP_KEYS: &[KeySpec] = &[KeySpec::at(1, RW | ACCESS | DELETE)];
const POP_ARGS: &[Arg] = &[Arg::key("key"), Arg::integer("count").optional().since("6.2.0")];
const POP_HISTORY: &[(&str, &str)] = &[("6.2.0", "Takes a number of elements.")];

/// Declaration of LPOP.
pub static LPOP: Command = Command::new("lpop", Group::List, -2, |ctx, args| pop(ctx, args, End::Front))
    .arity_before("6.2.0", 2)
    .since("1.0.0")
    .flags(WRITE | FAST)
    .keys(POP_KEYS)
    .summary("Takes elements from the front of a list and returns them.")
    .complexity("O(N) for N elements")
    .history(POP_HISTORY)
    .args(POP_ARGS);

/// Declaration of RPOP.
pub static RPOP: Command = Command::new("rpop", Group::List, -2, |ctx, args| pop(ctx, args, End::Back))
    .arity_before("6.2.0", 2)
    .since("1.0.0")
    .flags(WRITE | FAST)
    .keys(POP_KEYS)
    .summary("Takes elements from the end of a list and returns them.")
    .complexity("O(N) for N elements")
    .history(POP_HISTORY)
    .args(POP_ARGS);

const BLOCKING_KEYS: &[KeySpec] = &[KeySpec::range(1, -2, 1, RW | ACCESS | DELETE)];
const BLOCKING_ARGS: &[Arg] = &[Arg::key("key").multiple(), Arg::double("timeout")];
const BLOCKING_HISTORY: &[(&str, &str)] = &[("6.0.0", "The timeout may be a fraction.")];

/// Declaration of BLPOP.
pub static BLPOP: Command =
    Command::new("blpop", Group::List, -3, |ctx, args| pop_or_wait(ctx, args, End::Front))
        .flags_before("7.2.0", NOSCRIPT)
        .since("2.0.0")
        .flags(WRITE | BLOCKING)
        .keys(BLOCKING_KEYS)
        .summary("Takes the first element of the first list that has one, or waits for one.")
        .complexity("O(N) for N keys")
        .history(BLOCKING_HISTORY)
        .args(BLOCKING_ARGS);

/// Declaration of BRPOP.
pub static BRPOP: Command =
    Command::new("brpop", Group::List, -3, |ctx, args| pop_or_wait(ctx, args, End::Back))
        .flags_before("7.2.0", NOSCRIPT)
        .since("2.0.0")
        .flags(WRITE | BLOCKING)
        .keys(BLOCKING_KEYS)
        .summary("Takes the last element of the first list that has one, or waits for one.")
        .complexity("O(N) for N keys")
        .history(BLOCKING_HISTORY)
        .args(BLOCKING_ARGS);

fn pop(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    if args.len() > 3 {
        return Err(Error::arity(ctx.name));
    }
    let count = args.try_get(2).map(|arg| at_least(arg, 0, Error::NOT_POSITIVE)).transpose()?;
    let key = ctx.key(args, 1);
    let Some(mut list) = ctx.keys.write::<List>(key)? else {
        // A missing list answers in the shape that was asked for.
        if count.is_some() {
            ctx.reply.null_array();
        } else {
            ctx.reply.null();
        }
        return Ok(());
    };
    let popped = match count {
        None => take_one(&mut list, end, &mut ctx.reply),
        Some(count) => take_many(&mut list, end, count, &mut ctx.reply),
    };
    if popped == 0 {
        return Ok(());
    }
    list.shrink(ctx.settings);
    let emptied = list.is_empty();
    drop(list);
    report(ctx, key, end, popped, emptied);
    Ok(())
}

fn pop_or_wait(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let last = args.len() - 1;
    let timeout_ms = timeout::seconds(ctx, args.get(last))?;
    for at in 1..last {
        let key = ctx.key(args, at);
        let Some(mut list) = ctx.keys.write::<List>(key)? else { continue };
        ctx.reply.array(2);
        ctx.reply.bulk(key.bytes);
        take_one(&mut list, end, &mut ctx.reply);
        list.shrink(ctx.settings);
        let emptied = list.is_empty();
        drop(list);
        report(ctx, key, end, 1, emptied);
        ctx.propagate(|| vec![vec![command_name(end).into(), key.bytes.to_vec()]]);
        return Ok(());
    }
    timeout::wait(ctx, args.range(1, last), Type::List, timeout_ms, Nothing::NullArray);
    Ok(())
}

/// Moves one element from the list to the reply.
#[inline]
fn take_one(list: &mut List, end: End, reply: &mut Reply<'_>) -> usize {
    match list.peek(end) {
        Some(item) => write_item(reply, item),
        None => reply.null(),
    }
    usize::from(list.pop(end))
}

/// Moves up to `count` elements from the list to the reply; returns how many.
pub(super) fn take_many(list: &mut List, end: End, count: usize, reply: &mut Reply<'_>) -> usize {
    let len = list.len();
    let count = count.min(len);
    let (first, start) = if end == End::Front { (0, 0) } else { (len - 1, len - count) };
    write_range(reply, list, first, count, end);
    list.delete_range(start, count)
}

/// Reports that `count` elements were taken from one end of a list, which is removed if it is empty.
#[inline]
pub(super) fn report(ctx: &mut Ctx<'_>, key: Key<'_>, end: End, count: usize, emptied: bool) {
    let event = if end == End::Front { "lpop" } else { "rpop" };
    ctx.changed(key, EventClasses::LIST, event, count as u64);
    if emptied {
        remove(ctx, key);
    }
}

/// Removes a list that has become empty.
pub(super) fn remove(ctx: &mut Ctx<'_>, key: Key<'_>) {
    if ctx.keys.remove_if_empty::<List>(key) {
        ctx.event(key, EventClasses::GENERIC, "del");
    }
}

/// The command that takes elements from this end without waiting.
pub(super) fn command_name(end: End) -> &'static str {
    if end == End::Front { "LPOP" } else { "RPOP" }
}
