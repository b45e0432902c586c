//! HINCRBY, HINCRBYFLOAT: add to the number in a field.

use super::limits;
use crate::command::*;
use crate::commands::number::int;
use crate::encoding::listpack::Item;
use crate::text::Extended;
use crate::value::Hash;

/// Declaration of HINCRBY.
pub static HINCRBY: Command = Command::new("hincrby", Group::Hash, 4, hincrby)
    .since("2.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | ACCESS | UPDATE)])
    .summary("Adds to the integer in a field of a hash; a missing field counts as 0.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::string("field"), Arg::integer("increment")]);

/// Declaration of HINCRBYFLOAT.
pub static HINCRBYFLOAT: Command = Command::new("hincrbyfloat", Group::Hash, 4, hincrbyfloat)
    .since("2.6.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | ACCESS | UPDATE)])
    .summary("Adds to the floating-point number in a field of a hash; a missing field counts as 0.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::string("field"), Arg::double("increment")]);

fn hincrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let increment = int(args.get(3))?;
    let (key, field, limits) = (ctx.key(args, 1), args.get(2), limits(ctx));
    let mut hash = ctx.keys.create::<Hash>(key)?;
    let old = match hash.get(field) {
        Some(value) => value.as_integer().ok_or(Error::fixed("ERR hash value is not an integer"))?,
        None => 0,
    };
    let new = old.checked_add(increment).ok_or(Error::OVERFLOW)?;
    hash.set(field, itoa::Buffer::new().format(new).as_bytes(), &limits);
    drop(hash);
    ctx.changed(key, EventClasses::HASH, "hincrby", 1);
    ctx.reply.int(new);
    Ok(())
}

fn hincrbyfloat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let increment = Extended::parse(args.get(3)).ok_or(Error::NOT_FLOAT)?;
    if !increment.is_finite() {
        return Err(Error::fixed("ERR value is NaN or Infinity"));
    }
    let (key, field, limits) = (ctx.key(args, 1), args.get(2), limits(ctx));
    let mut hash = ctx.keys.create::<Hash>(key)?;
    let sum = match hash.get(field) {
        Some(value) => number(value).ok_or(Error::fixed("ERR hash value is not a float"))? + increment,
        None => increment,
    };
    if !sum.is_finite() {
        return Err(Error::fixed("ERR increment would produce NaN or Infinity"));
    }
    let text = sum.to_human();
    hash.set(field, &text, &limits);
    drop(hash);
    ctx.changed(key, EventClasses::HASH, "hincrbyfloat", 1);
    ctx.reply.bulk(&text);
    // The result, not the sum: replicas must not depend on how they round.
    let words = [&b"HSET"[..], key.bytes, field, &text];
    ctx.propagate(|| vec![words.map(<[u8]>::to_vec).to_vec()]);
    Ok(())
}

fn number(item: Item<'_>) -> Option<Extended> {
    Extended::parse(item.text(&mut itoa::Buffer::new()))
}
