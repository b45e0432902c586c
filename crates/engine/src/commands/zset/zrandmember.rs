//! ZRANDMEMBER: members at random.

use super::reply::{begin_members, reply_member, reply_members};
use crate::command::*;
use crate::commands::number::int_in;
use crate::text::eq_ignore_case;
use crate::value::Zset;
use rand::seq::index;

/// Declaration of `ZRANDMEMBER key [count [WITHSCORES]]`.
pub static ZRANDMEMBER: Command = Command::new("zrandmember", Group::SortedSet, -2, zrandmember)
    .since("6.2.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns random members of a sorted set.")
    .complexity("O(M*log(N)) for M members returned")
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key"),
        Arg::block("options", &[Arg::integer("count"), Arg::word("withscores", "WITHSCORES").optional()])
            .optional(),
    ]);

fn zrandmember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let Some(count) = args.try_get(2) else {
        match ctx.keys.read::<Zset>(key)?.as_ref().and_then(|zset| zset.random(ctx.rng)) {
            Some((member, _)) => ctx.reply.bulk(member.text(&mut itoa::Buffer::new())),
            None => ctx.reply.null(),
        }
        return Ok(());
    };
    let count = int_in(count, -i64::MAX..=i64::MAX)?;
    let with_scores = match args.len() {
        3 => false,
        4 if eq_ignore_case(args.get(3), b"withscores") => true,
        _ => return Err(Error::SYNTAX),
    };
    if with_scores && !(-(i64::MAX / 2)..=i64::MAX / 2).contains(&count) {
        return Err(Error::fixed("ERR value is out of range"));
    }
    let Some(zset) = ctx.keys.read::<Zset>(key)? else {
        ctx.reply.array(0);
        return Ok(());
    };
    let (level, wanted) = (ctx.settings.level, count.unsigned_abs() as usize);
    if count < 0 {
        begin_members(&mut ctx.reply, with_scores, wanted);
        for pick in std::iter::repeat_with(|| zset.random(ctx.rng)).take(wanted).flatten() {
            reply_member(&mut ctx.reply, level, with_scores, pick);
            if ctx.reply.ends_repeats() {
                break;
            }
        }
    } else if wanted >= zset.len() {
        // All of them, the greatest first, as Redis happens to answer.
        let all = 0..zset.len();
        reply_members(&mut ctx.reply, level, with_scores, zset.len(), zset.range_rev(all));
    } else {
        let ranks = index::sample(ctx.rng, zset.len(), wanted);
        let picks = ranks.iter().flat_map(|rank| zset.range(rank..rank + 1));
        reply_members(&mut ctx.reply, level, with_scores, wanted, picks);
    }
    Ok(())
}
