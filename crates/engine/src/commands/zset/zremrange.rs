//! ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX: members out by range.

use super::range::{lex_range, ranks_between, score_range};
use super::store::removed;
use crate::command::*;
use crate::commands::number::int;
use crate::value::Zset;
use std::ops::Range;

/// Declaration of `ZREMRANGEBYRANK key start stop`.
pub static ZREMRANGEBYRANK: Command = Command::new("zremrangebyrank", Group::SortedSet, 4, zremrangebyrank)
    .since("2.0.0")
    .flags(WRITE)
    .keys(&[KeySpec::at(1, RW | DELETE)])
    .summary("Removes the members between two ranks.")
    .complexity("O(log(N)+M) for M of N members")
    .args(&[Arg::key("key"), Arg::integer("start"), Arg::integer("stop")]);

/// Declaration of `ZREMRANGEBYSCORE key min max`.
pub static ZREMRANGEBYSCORE: Command =
    Command::new("zremrangebyscore", Group::SortedSet, 4, zremrangebyscore)
        .since("1.2.0")
        .flags(WRITE)
        .keys(&[KeySpec::at(1, RW | DELETE)])
        .summary("Removes the members between two scores.")
        .complexity("O(log(N)+M) for M of N members")
        .args(&[Arg::key("key"), Arg::double("min"), Arg::double("max")]);

/// Declaration of `ZREMRANGEBYLEX key min max`.
pub static ZREMRANGEBYLEX: Command = Command::new("zremrangebylex", Group::SortedSet, 4, zremrangebylex)
    .since("2.8.9")
    .flags(WRITE)
    .keys(&[KeySpec::at(1, RW | DELETE)])
    .summary("Removes the members between two texts; all scores are equal.")
    .complexity("O(log(N)+M) for M of N members")
    .args(&[Arg::key("key"), Arg::string("min"), Arg::string("max")]);

fn zremrangebyrank(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (start, stop) = (int(args.get(2))?, int(args.get(3))?);
    remove(ctx, args, "zremrangebyrank", |zset| ranks_between(start, stop, zset.len()))
}

fn zremrangebyscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let range = score_range(args.get(2), args.get(3))?;
    remove(ctx, args, "zremrangebyscore", |zset| zset.ranks_by_score(&range))
}

fn zremrangebylex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let range = lex_range(args.get(2), args.get(3))?;
    remove(ctx, args, "zremrangebylex", |zset| zset.ranks_by_lex(&range))
}

fn remove(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    event: &'static str,
    choose: impl FnOnce(&Zset) -> Range<usize>,
) -> Outcome {
    let key = ctx.key(args, 1);
    let mut count = 0;
    if let Some(mut zset) = ctx.keys.write::<Zset>(key)? {
        let ranks = choose(&zset);
        count = ranks.len();
        zset.remove_ranks(ranks);
    }
    if count > 0 {
        removed(ctx, key, event, count as u64);
    }
    ctx.reply.count(count);
    Ok(())
}
