//! ZRANK and ZREVRANK: the place of a member.

use super::reply::reply_score;
use crate::command::*;
use crate::level::Level;
use crate::text::eq_ignore_case;
use crate::value::Zset;

/// Declaration of `ZRANK key member [WITHSCORE]`.
pub static ZRANK: Command = Command::new("zrank", Group::SortedSet, -3, zrank)
    .arity_before("7.2.0", 3)
    .since("2.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the rank of a member, by ascending score.")
    .complexity("O(log(N)) for N members")
    .history(&[("7.2.0", "The option WITHSCORE.")])
    .args(&[Arg::key("key"), Arg::string("member"), Arg::word("withscore", "WITHSCORE").optional()]);

/// Declaration of `ZREVRANK key member [WITHSCORE]`.
pub static ZREVRANK: Command = Command::new("zrevrank", Group::SortedSet, -3, zrevrank)
    .arity_before("7.2.0", 3)
    .since("2.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the rank of a member, by descending score.")
    .complexity("O(log(N)) for N members")
    .history(&[("7.2.0", "The option WITHSCORE.")])
    .args(&[Arg::key("key"), Arg::string("member"), Arg::word("withscore", "WITHSCORE").optional()]);

fn zrank(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    rank(ctx, args, false)
}

fn zrevrank(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    rank(ctx, args, true)
}

fn rank(ctx: &mut Ctx<'_>, args: Args<'_>, reverse: bool) -> Outcome {
    let most = if ctx.level() >= Level::V7_2 { 4 } else { 3 };
    if args.len() > most {
        return Err(Error::arity(ctx.name));
    }
    let with_score = args.len() == 4;
    if with_score && !eq_ignore_case(args.get(3), b"withscore") {
        return Err(Error::SYNTAX);
    }
    let key = ctx.key(args, 1);
    let found = ctx.keys.read::<Zset>(key)?.and_then(|zset| {
        let (rank, score) = zset.rank(args.get(2))?;
        Some((if reverse { zset.len() - 1 - rank } else { rank }, score))
    });
    match found {
        Some((rank, score)) if with_score => {
            ctx.reply.array(2);
            ctx.reply.count(rank);
            reply_score(&mut ctx.reply, ctx.settings.level, score);
        }
        Some((rank, _)) => ctx.reply.count(rank),
        None if with_score => ctx.reply.null_array(),
        None => ctx.reply.null(),
    }
    Ok(())
}
