//! ZCARD, ZCOUNT, ZLEXCOUNT: how many members there are.

use super::range::{lex_range, score_range};
use crate::command::*;
use crate::value::Zset;

/// Declaration of `ZCARD key`.
pub static ZCARD: Command = Command::new("zcard", Group::SortedSet, 2, zcard)
    .since("1.2.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO)])
    .summary("Counts the members of a sorted set.")
    .complexity("O(1)")
    .args(&[Arg::key("key")]);

/// Declaration of `ZCOUNT key min max`.
pub static ZCOUNT: Command = Command::new("zcount", Group::SortedSet, 4, zcount)
    .since("2.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Counts the members between two scores.")
    .complexity("O(log(N)) for N members")
    .args(&[Arg::key("key"), Arg::double("min"), Arg::double("max")]);

/// Declaration of `ZLEXCOUNT key min max`.
pub static ZLEXCOUNT: Command = Command::new("zlexcount", Group::SortedSet, 4, zlexcount)
    .since("2.8.9")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Counts the members between two texts; all scores are equal.")
    .complexity("O(log(N)) for N members")
    .args(&[Arg::key("key"), Arg::string("min"), Arg::string("max")]);

fn zcard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    count(ctx, args, Zset::len)
}

fn zcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let range = score_range(args.get(2), args.get(3))?;
    count(ctx, args, |zset| zset.ranks_by_score(&range).len())
}

fn zlexcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let range = lex_range(args.get(2), args.get(3))?;
    count(ctx, args, |zset| zset.ranks_by_lex(&range).len())
}

fn count(ctx: &mut Ctx<'_>, args: Args<'_>, of: impl FnOnce(&Zset) -> usize) -> Outcome {
    let key = ctx.key(args, 1);
    let count = ctx.keys.read::<Zset>(key)?.map_or(0, |zset| of(&zset));
    ctx.reply.count(count);
    Ok(())
}
