//! ZREVRANGE, ZRANGEBYSCORE, ZREVRANGEBYSCORE, ZRANGEBYLEX, ZREVRANGEBYLEX: what ZRANGE does by
//! options since 6.2, each under a name of its own.

use super::zrange::{By, Form, range};
use crate::command::*;

/// Declaration of `ZREVRANGE key start stop [WITHSCORES]`.
pub static ZREVRANGE: Command = Command::new("zrevrange", Group::SortedSet, -4, zrevrange)
    .since("1.2.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .deprecated("6.2.0", "`ZRANGE` with the `REV` argument")
    .summary("Returns the members between two ranks, by descending score.")
    .complexity("O(log(N)+M) for M of N members")
    .args(&[
        Arg::key("key"),
        Arg::integer("start"),
        Arg::integer("stop"),
        Arg::word("withscores", "WITHSCORES").optional(),
    ]);

/// Declaration of `ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]`.
pub static ZRANGEBYSCORE: Command = Command::new("zrangebyscore", Group::SortedSet, -4, zrangebyscore)
    .since("1.0.5")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .deprecated("6.2.0", "`ZRANGE` with the `BYSCORE` argument")
    .summary("Returns the members between two scores.")
    .complexity("O(log(N)+M) for M of N members")
    .history(&[("2.0.0", "The option WITHSCORES.")])
    .args(&[
        Arg::key("key"),
        Arg::double("min"),
        Arg::double("max"),
        Arg::word("withscores", "WITHSCORES").optional().since("2.0.0"),
        Arg::block("limit", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT").optional(),
    ]);

/// Declaration of `ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]`.
pub static ZREVRANGEBYSCORE: Command =
    Command::new("zrevrangebyscore", Group::SortedSet, -4, zrevrangebyscore)
        .since("2.2.0")
        .flags(READONLY)
        .keys(&[KeySpec::at(1, RO | ACCESS)])
        .deprecated("6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments")
        .summary("Returns the members between two scores, in descending order.")
        .complexity("O(log(N)+M) for M of N members")
        .history(&[("2.1.6", "Exclusive ends.")])
        .args(&[
            Arg::key("key"),
            Arg::double("max"),
            Arg::double("min"),
            Arg::word("withscores", "WITHSCORES").optional(),
            Arg::block("limit", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT").optional(),
        ]);

/// Declaration of `ZRANGEBYLEX key min max [LIMIT offset count]`.
pub static ZRANGEBYLEX: Command = Command::new("zrangebylex", Group::SortedSet, -4, zrangebylex)
    .since("2.8.9")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .deprecated("6.2.0", "`ZRANGE` with the `BYLEX` argument")
    .summary("Returns the members between two texts; all scores are equal.")
    .complexity("O(log(N)+M) for M of N members")
    .args(&[
        Arg::key("key"),
        Arg::string("min"),
        Arg::string("max"),
        Arg::block("limit", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT").optional(),
    ]);

/// Declaration of `ZREVRANGEBYLEX key max min [LIMIT offset count]`.
pub static ZREVRANGEBYLEX: Command = Command::new("zrevrangebylex", Group::SortedSet, -4, zrevrangebylex)
    .since("2.8.9")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .deprecated("6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments")
    .summary("Returns the members between two texts, in descending order.")
    .complexity("O(log(N)+M) for M of N members")
    .args(&[
        Arg::key("key"),
        Arg::string("max"),
        Arg::string("min"),
        Arg::block("limit", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT").optional(),
    ]);

fn zrevrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    range(ctx, args, Form { by: Some(By::Rank), reverse: Some(true) })
}

fn zrangebyscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    range(ctx, args, Form { by: Some(By::Score), reverse: Some(false) })
}

fn zrevrangebyscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    range(ctx, args, Form { by: Some(By::Score), reverse: Some(true) })
}

fn zrangebylex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    range(ctx, args, Form { by: Some(By::Lex), reverse: Some(false) })
}

fn zrevrangebylex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    range(ctx, args, Form { by: Some(By::Lex), reverse: Some(true) })
}
