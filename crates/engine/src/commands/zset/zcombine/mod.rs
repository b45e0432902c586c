//! ZUNION, ZINTER, ZDIFF, ZINTERCARD, and the variants that store their result.
//!
//! Sets take part as sorted sets whose scores are all 1.

mod combine;
mod request;

use super::reply::reply_members;
use super::store::store;
use crate::command::*;
use crate::encoding::listpack::Item;
use crate::sorted::ScoredMember;
use combine::combine;
use request::{Operation, Request};

/// Declaration of `ZUNION numkeys key [key ...] [WEIGHTS ...] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]`.
pub static ZUNION: Command = Command::new("zunion", Group::SortedSet, -3, zunion)
    .since("6.2.0")
    .flags(READONLY | MOVABLE_KEYS)
    .keys(&[KeySpec::counted(1, RO | ACCESS)])
    .summary("Returns the union of sorted sets.")
    .complexity("O(N)+O(M*log(M)) for N members in all and M in the union")
    .args(&[
        Arg::integer("numkeys"),
        Arg::key("key").multiple(),
        Arg::integer("weight").token("WEIGHTS").optional().multiple(),
        Arg::one_of(
            "aggregate",
            &[Arg::word("sum", "SUM"), Arg::word("min", "MIN"), Arg::word("max", "MAX")],
        )
        .token("AGGREGATE")
        .optional(),
        Arg::word("withscores", "WITHSCORES").optional(),
    ]);

/// Declaration of `ZINTER numkeys key [key ...] [WEIGHTS ...] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]`.
pub static ZINTER: Command = Command::new("zinter", Group::SortedSet, -3, zinter)
    .since("6.2.0")
    .flags(READONLY | MOVABLE_KEYS)
    .keys(&[KeySpec::counted(1, RO | ACCESS)])
    .summary("Returns the intersection of sorted sets.")
    .complexity("O(N*K)+O(M*log(M)) for K sets, N members in the smallest, M in the intersection")
    .args(&[
        Arg::integer("numkeys"),
        Arg::key("key").multiple(),
        Arg::integer("weight").token("WEIGHTS").optional().multiple(),
        Arg::one_of(
            "aggregate",
            &[Arg::word("sum", "SUM"), Arg::word("min", "MIN"), Arg::word("max", "MAX")],
        )
        .token("AGGREGATE")
        .optional(),
        Arg::word("withscores", "WITHSCORES").optional(),
    ]);

/// Declaration of `ZDIFF numkeys key [key ...] [WITHSCORES]`.
pub static ZDIFF: Command = Command::new("zdiff", Group::SortedSet, -3, zdiff)
    .since("6.2.0")
    .flags(READONLY | MOVABLE_KEYS)
    .keys(&[KeySpec::counted(1, RO | ACCESS)])
    .summary("Returns the members of the first sorted set that are in none of the others.")
    .complexity("O(N*K) for K sets and N members in the first")
    .args(&[
        Arg::integer("numkeys"),
        Arg::key("key").multiple(),
        Arg::word("withscores", "WITHSCORES").optional(),
    ]);

/// Declaration of `ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS ...] [AGGREGATE SUM|MIN|MAX]`.
pub static ZUNIONSTORE: Command = Command::new("zunionstore", Group::SortedSet, -4, zunionstore)
    .since("2.0.0")
    .flags(WRITE | DENYOOM | MOVABLE_KEYS)
    .keys(&[KeySpec::at(1, OW | UPDATE), KeySpec::counted(2, RO | ACCESS)])
    .summary("Stores the union of sorted sets.")
    .complexity("O(N)+O(M*log(M)) for N members in all and M in the union")
    .args(&[
        Arg::key("destination"),
        Arg::integer("numkeys"),
        Arg::key_of("key", 1).multiple(),
        Arg::integer("weight").token("WEIGHTS").optional().multiple(),
        Arg::one_of(
            "aggregate",
            &[Arg::word("sum", "SUM"), Arg::word("min", "MIN"), Arg::word("max", "MAX")],
        )
        .token("AGGREGATE")
        .optional(),
    ]);

/// Declaration of `ZINTERSTORE destination numkeys key [key ...] [WEIGHTS ...] [AGGREGATE SUM|MIN|MAX]`.
pub static ZINTERSTORE: Command = Command::new("zinterstore", Group::SortedSet, -4, zinterstore)
    .since("2.0.0")
    .flags(WRITE | DENYOOM | MOVABLE_KEYS)
    .keys(&[KeySpec::at(1, OW | UPDATE), KeySpec::counted(2, RO | ACCESS)])
    .summary("Stores the intersection of sorted sets.")
    .complexity("O(N*K)+O(M*log(M)) for K sets, N members in the smallest, M in the intersection")
    .args(&[
        Arg::key("destination"),
        Arg::integer("numkeys"),
        Arg::key_of("key", 1).multiple(),
        Arg::integer("weight").token("WEIGHTS").optional().multiple(),
        Arg::one_of(
            "aggregate",
            &[Arg::word("sum", "SUM"), Arg::word("min", "MIN"), Arg::word("max", "MAX")],
        )
        .token("AGGREGATE")
        .optional(),
    ]);

/// Declaration of `ZDIFFSTORE destination numkeys key [key ...]`.
pub static ZDIFFSTORE: Command = Command::new("zdiffstore", Group::SortedSet, -4, zdiffstore)
    .since("6.2.0")
    .flags(WRITE | DENYOOM | MOVABLE_KEYS)
    .keys(&[KeySpec::at(1, OW | UPDATE), KeySpec::counted(2, RO | ACCESS)])
    .summary("Stores the members of the first sorted set that are in none of the others.")
    .complexity("O(N*K) for K sets and N members in the first")
    .args(&[Arg::key("destination"), Arg::integer("numkeys"), Arg::key_of("key", 1).multiple()]);

/// Declaration of `ZINTERCARD numkeys key [key ...] [LIMIT limit]`.
pub static ZINTERCARD: Command = Command::new("zintercard", Group::SortedSet, -3, zintercard)
    .since("7.0.0")
    .flags(READONLY | MOVABLE_KEYS)
    .keys(&[KeySpec::counted(1, RO | ACCESS)])
    .summary("Counts the members of an intersection of sorted sets.")
    .complexity("O(N*K) for K sets and N members in the smallest")
    .args(&[
        Arg::integer("numkeys"),
        Arg::key("key").multiple(),
        Arg::integer("limit").token("LIMIT").optional(),
    ]);

fn zunion(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, Operation::Union)
}

fn zinter(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, Operation::Inter)
}

fn zdiff(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply(ctx, args, Operation::Diff)
}

fn zunionstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store_at(ctx, args, Operation::Union, "zunionstore")
}

fn zinterstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store_at(ctx, args, Operation::Inter, "zinterstore")
}

fn zdiffstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store_at(ctx, args, Operation::Diff, "zdiffstore")
}

fn zintercard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let request = Request::parse(ctx, args, 1, Operation::InterCard)?;
    let mut count = 0;
    combine::intersect(&ctx.keys, &request, |_, _| {
        count += 1;
        request.limit == 0 || count < request.limit
    })?;
    ctx.reply.count(count);
    Ok(())
}

fn reply(ctx: &mut Ctx<'_>, args: Args<'_>, operation: Operation) -> Outcome {
    let request = Request::parse(ctx, args, 1, operation)?;
    let mut members = combine(&ctx.keys, &request)?;
    members.sort_unstable_by(ScoredMember::order);
    let pairs = members.iter().map(|member| (Item::Str(member.key()), member.score()));
    reply_members(&mut ctx.reply, ctx.settings.level, request.with_scores, members.len(), pairs);
    Ok(())
}

fn store_at(ctx: &mut Ctx<'_>, args: Args<'_>, operation: Operation, event: &'static str) -> Outcome {
    let request = Request::parse(ctx, args, 2, operation.stored())?;
    let members = combine(&ctx.keys, &request)?;
    let target = ctx.key(args, 1);
    let count = store(ctx, target, members, event, 1);
    ctx.reply.count(count);
    Ok(())
}
