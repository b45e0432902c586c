//! INCR, DECR, INCRBY, DECRBY: strings as 64-bit counters.

use crate::command::*;
use crate::commands::number::int;
use crate::keyspace::Ttl;
use crate::value::StrValue;

const KEYS: &[KeySpec] = &[KeySpec::at(1, RW | ACCESS | UPDATE)];

/// Declaration of INCR.
pub static INCR: Command = Command::new("incr", Group::String, 2, incr)
    .since("1.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(KEYS)
    .summary("Adds one to the integer at a key; a missing key counts as 0.")
    .complexity("O(1)")
    .args(&[Arg::key("key")]);

fn incr(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    add(ctx, args, 1)
}

/// Declaration of DECR.
pub static DECR: Command = Command::new("decr", Group::String, 2, decr)
    .since("1.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(KEYS)
    .summary("Subtracts one from the integer at a key; a missing key counts as 0.")
    .complexity("O(1)")
    .args(&[Arg::key("key")]);

fn decr(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    add(ctx, args, -1)
}

/// Declaration of INCRBY.
pub static INCRBY: Command = Command::new("incrby", Group::String, 3, incrby)
    .since("1.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(KEYS)
    .summary("Adds to the integer at a key; a missing key counts as 0.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::integer("increment")]);

fn incrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let increment = int(args.get(2))?;
    add(ctx, args, increment)
}

/// Declaration of DECRBY.
pub static DECRBY: Command = Command::new("decrby", Group::String, 3, decrby)
    .since("1.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(KEYS)
    .summary("Subtracts from the integer at a key; a missing key counts as 0.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::integer("decrement")]);

fn decrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let decrement = int(args.get(2))?;
    let negated = decrement.checked_neg().ok_or(Error::fixed("ERR decrement would overflow"))?;
    add(ctx, args, negated)
}

#[inline]
fn add(ctx: &mut Ctx<'_>, args: Args<'_>, increment: i64) -> Outcome {
    let key = ctx.key(args, 1);
    let sum = if let Some(mut string) = ctx.keys.edit_str(key)? {
        let old = string.get().as_i64().ok_or(Error::NOT_INTEGER)?;
        let sum = old.checked_add(increment).ok_or(Error::OVERFLOW)?;
        string.set(StrValue::Int(sum));
        sum
    } else {
        ctx.keys.set_str(key, StrValue::Int(increment), Ttl::Clear);
        increment
    };
    ctx.changed(key, EventClasses::STRING, "incrby", 1);
    ctx.reply.int(sum);
    Ok(())
}
