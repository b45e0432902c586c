//! TTL, PTTL, EXPIRETIME, PEXPIRETIME: how long a key lives, relative or absolute.

use crate::command::*;

const KEYS: &[KeySpec] = &[KeySpec::at(1, RO | ACCESS)];
const HISTORY: &[(&str, &str)] = &[("2.8.0", "A missing key answers -2.")];
const ARGS: &[Arg] = &[Arg::key("key")];

/// Declaration of `TTL key`.
pub static TTL: Command = Command::new("ttl", Group::Generic, 2, ttl)
    .since("1.0.0")
    .flags(READONLY | FAST)
    .keys(KEYS)
    .summary("Returns the seconds until a key expires.")
    .complexity("O(1)")
    .history(HISTORY)
    .tips(&["nondeterministic_output"])
    .args(ARGS);

fn ttl(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    answer(ctx, args, ctx.now.0, rounded_seconds)
}

/// Declaration of `PTTL key`.
pub static PTTL: Command = Command::new("pttl", Group::Generic, 2, pttl)
    .since("2.6.0")
    .flags(READONLY | FAST)
    .keys(KEYS)
    .summary("Returns the milliseconds until a key expires.")
    .complexity("O(1)")
    .history(HISTORY)
    .tips(&["nondeterministic_output"])
    .args(ARGS);

fn pttl(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    answer(ctx, args, ctx.now.0, |ms| ms)
}

/// Declaration of `EXPIRETIME key`.
pub static EXPIRETIME: Command = Command::new("expiretime", Group::Generic, 2, expiretime)
    .since("7.0.0")
    .flags(READONLY | FAST)
    .keys(KEYS)
    .summary("Returns the time at which a key expires, in seconds.")
    .complexity("O(1)")
    .args(ARGS);

fn expiretime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    answer(ctx, args, 0, rounded_seconds)
}

/// Declaration of `PEXPIRETIME key`.
pub static PEXPIRETIME: Command = Command::new("pexpiretime", Group::Generic, 2, pexpiretime)
    .since("7.0.0")
    .flags(READONLY | FAST)
    .keys(KEYS)
    .summary("Returns the time at which a key expires, in milliseconds.")
    .complexity("O(1)")
    .args(ARGS);

fn pexpiretime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    answer(ctx, args, 0, |ms| ms)
}

fn rounded_seconds(ms: i64) -> i64 {
    // Not by adding first, which the last representable time would not survive.
    ms / 1000 + i64::from(ms % 1000 >= 500)
}

fn answer(ctx: &mut Ctx<'_>, args: Args<'_>, base: i64, unit: fn(i64) -> i64) -> Outcome {
    let key = ctx.key(args, 1);
    let number = match ctx.keys.look(key).map(|entry| entry.expiry()) {
        None => -2,
        Some(None) => -1,
        Some(Some(at)) => unit((at.0 - base).max(0)),
    };
    ctx.reply.int(number);
    Ok(())
}
