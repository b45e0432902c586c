//! PFCOUNT: estimates how many distinct elements were added.

use super::encoding_of;
use crate::command::{ACCESS, Arg, Args, Command, Ctx, Group, KeySpec, MAY_REPLICATE, Outcome, READONLY, RW};
use crate::hyperloglog::{self as hll, Registers};

/// Declaration of `PFCOUNT key [key ...]`.
pub static PFCOUNT: Command = Command::new("pfcount", Group::HyperLogLog, -2, pfcount)
    .since("2.8.9")
    .flags(READONLY | MAY_REPLICATE)
    .keys(&[KeySpec::range(1, -1, 1, RW | ACCESS).notes("RW because the estimate is cached in the value")])
    .summary("Estimates the count of distinct elements in the union of HyperLogLogs.")
    .complexity("O(1) for one key whose count is cached, O(N) with a large constant for N keys.")
    .args(&[Arg::key("key").multiple()]);

fn pfcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if args.len() == 2 { count_one(ctx, args) } else { count_union(ctx, args) }
}

/// The cached estimate, or a new one, which is then cached in the value.
fn count_one(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let Some(value) = ctx.keys.read_str(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    encoding_of(&value)?;
    if let Some(count) = hll::cached_count(&value.bytes()) {
        ctx.reply.int(count as i64);
        return Ok(());
    }
    let count = hll::count(&value.bytes())?;
    if let Some(mut value) = ctx.keys.edit_str(key)? {
        hll::set_cached_count(&mut value.bytes_mut(), count);
    }
    ctx.keys.touched(key);
    ctx.keys.fx.dirty += 1;
    ctx.reply.int(count as i64);
    Ok(())
}

fn count_union(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let mut union = Registers::new();
    for at in 1..args.len() {
        let key = ctx.key(args, at);
        if let Some(value) = ctx.keys.read_str(key)? {
            encoding_of(&value)?;
            union.merge(&value.bytes())?;
        }
    }
    ctx.reply.int(union.count() as i64);
    Ok(())
}
