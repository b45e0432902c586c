//! ZSCORE and ZMSCORE: scores of members.

use super::reply::reply_score;
use crate::command::*;
use crate::value::Zset;

/// Declaration of `ZSCORE key member`.
pub static ZSCORE: Command = Command::new("zscore", Group::SortedSet, 3, zscore)
    .since("1.2.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the score of a member.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::string("member")]);

/// Declaration of `ZMSCORE key member [member ...]`.
pub static ZMSCORE: Command = Command::new("zmscore", Group::SortedSet, -3, zmscore)
    .since("6.2.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the scores of several members.")
    .complexity("O(N) for N members asked for")
    .args(&[Arg::key("key"), Arg::string("member").multiple()]);

fn zscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    match ctx.keys.read::<Zset>(key)?.and_then(|zset| zset.score(args.get(2))) {
        Some(score) => reply_score(&mut ctx.reply, ctx.settings.level, score),
        None => ctx.reply.null(),
    }
    Ok(())
}

fn zmscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let zset = ctx.keys.read::<Zset>(key)?;
    let members = args.from(2);
    ctx.reply.array(members.len());
    for member in members.iter() {
        match zset.as_ref().and_then(|zset| zset.score(member)) {
            Some(score) => reply_score(&mut ctx.reply, ctx.settings.level, score),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}
