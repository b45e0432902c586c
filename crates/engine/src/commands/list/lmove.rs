//! LMOVE, its older form RPOPLPUSH, and the variants of both that wait for an element.

use super::arguments::{ENDS, end_named};
use super::{pop, push};
use crate::command::effects::{Nothing, Words};
use crate::command::*;
use crate::commands::timeout;
use crate::encoding::listpack::Item;
use crate::level::Level;
use crate::value::{End, List, Type};

const KEYS: &[KeySpec] = &[KeySpec::at(1, RW | ACCESS | DELETE), KeySpec::at(2, RW | INSERT)];
const HISTORY: &[(&str, &str)] = &[("6.0.0", "The timeout may be a fraction.")];

/// Declaration of LMOVE.
pub static LMOVE: Command = Command::new("lmove", Group::List, 5, lmove)
    .since("6.2.0")
    .flags(WRITE | DENYOOM)
    .keys(KEYS)
    .summary("Moves an element from one end of a list to one end of another and returns it.")
    .complexity("O(1)")
    .args(&[
        Arg::key("source"),
        Arg::key_of("destination", 1),
        Arg::one_of("wherefrom", ENDS),
        Arg::one_of("whereto", ENDS),
    ]);

/// Declaration of BLMOVE.
pub static BLMOVE: Command = Command::new("blmove", Group::List, 6, blmove)
    .flags_before("7.2.0", NOSCRIPT)
    .since("6.2.0")
    .flags(WRITE | DENYOOM | BLOCKING)
    .keys(KEYS)
    .summary("Moves an element from one list to another and returns it, or waits for one.")
    .complexity("O(1)")
    .args(&[
        Arg::key("source"),
        Arg::key_of("destination", 1),
        Arg::one_of("wherefrom", ENDS),
        Arg::one_of("whereto", ENDS),
        Arg::double("timeout"),
    ]);

/// Declaration of RPOPLPUSH.
pub static RPOPLPUSH: Command = Command::new("rpoplpush", Group::List, 3, rpoplpush)
    .since("1.2.0")
    .deprecated("6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments")
    .flags(WRITE | DENYOOM)
    .keys(KEYS)
    .summary("Moves the last element of a list to the front of another and returns it.")
    .complexity("O(1)")
    .args(&[Arg::key("source"), Arg::key_of("destination", 1)]);

/// Declaration of BRPOPLPUSH.
pub static BRPOPLPUSH: Command = Command::new("brpoplpush", Group::List, 4, brpoplpush)
    .flags_before("7.2.0", NOSCRIPT)
    .since("2.2.0")
    .deprecated("6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments")
    .flags(WRITE | DENYOOM | BLOCKING)
    .keys(KEYS)
    .summary("Moves the last element of a list to the front of another, or waits for one.")
    .complexity("O(1)")
    .history(HISTORY)
    .args(&[Arg::key("source"), Arg::key_of("destination", 1), Arg::double("timeout")]);

fn lmove(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (from, to) = (end_named(args.get(3))?, end_named(args.get(4))?);
    if !relocate(ctx, args, from, to)? {
        ctx.reply.null();
    }
    Ok(())
}

fn rpoplpush(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if !relocate(ctx, args, End::Back, End::Front)? {
        ctx.reply.null();
    }
    Ok(())
}

fn blmove(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (from, to) = (end_named(args.get(3))?, end_named(args.get(4))?);
    let timeout_ms = timeout::seconds(ctx, args.get(5))?;
    if relocate(ctx, args, from, to)? {
        // Up to 7.0 other code served those who waited (t_list.c: serveClientBlockedOnList).
        let lower = ctx.caller.unblocked && ctx.level() < Level::V7_2;
        ctx.propagate(|| {
            let mut words = words("LMOVE", args.range(1, 5));
            if lower {
                words[3..].iter_mut().for_each(|word| word.make_ascii_lowercase());
            }
            vec![words]
        });
    } else {
        wait(ctx, args, timeout_ms);
    }
    Ok(())
}

fn brpoplpush(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let timeout_ms = timeout::seconds(ctx, args.get(3))?;
    if relocate(ctx, args, End::Back, End::Front)? {
        ctx.propagate(|| vec![words("RPOPLPUSH", args.range(1, 3))]);
    } else {
        wait(ctx, args, timeout_ms);
    }
    Ok(())
}

/// A wait in vain is answered by a null array, but refused waiting by a null (blmoveGenericCommand).
fn wait(ctx: &mut Ctx<'_>, args: Args<'_>, timeout_ms: Option<u64>) {
    let nothing = if ctx.caller.no_blocking { Nothing::Null } else { Nothing::NullArray };
    timeout::wait(ctx, args.range(1, 2), Type::List, timeout_ms, nothing);
}

fn words(name: &str, rest: Args<'_>) -> Words {
    std::iter::once(name.as_bytes()).chain(rest.iter()).map(<[u8]>::to_vec).collect()
}

/// Moves an element between the lists in arguments 1 and 2, which may be the same, and replies
/// with it. False, without a reply, if there is nothing to move.
fn relocate(ctx: &mut Ctx<'_>, args: Args<'_>, from: End, to: End) -> Result<bool, Error> {
    let (source, target) = (ctx.key(args, 1), ctx.key(args, 2));
    if ctx.keys.write::<List>(source)?.is_none() {
        return Ok(false);
    }
    // Both types must fit before anything changes.
    ctx.keys.write::<List>(target)?;
    let Some(mut list) = ctx.keys.write::<List>(source)? else { return Ok(false) };
    let element = list.peek(from).map(Item::to_vec).unwrap_or_default();
    list.pop(from);
    if source.bytes == target.bytes {
        list.grow(element.len(), 1, ctx.settings);
        list.push(to, &element);
    }
    list.shrink(ctx.settings);
    let emptied = list.is_empty();
    drop(list);
    if source.bytes != target.bytes {
        let mut list = ctx.keys.create::<List>(target)?;
        list.grow(element.len(), 1, ctx.settings);
        list.push(to, &element);
    }
    push::report(ctx, target, to, 0);
    ctx.reply.bulk(&element);
    pop::report(ctx, source, from, 1, emptied);
    Ok(true)
}
