//! SRANDMEMBER: members of a set at random.

use crate::command::*;
use crate::commands::items::{reply_item, reply_item_or_null};
use crate::commands::random_count::RandomCount;
use crate::value::Set;

/// Declaration of SRANDMEMBER.
pub static SRANDMEMBER: Command = Command::new("srandmember", Group::Set, -2, srandmember)
    .since("1.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns members of a set at random.")
    .complexity("O(N) for N members returned")
    .history(&[("2.6.0", "The optional `count`.")])
    .tips(&["nondeterministic_output"])
    .args(&[Arg::key("key"), Arg::integer("count").optional().since("2.6.0")]);

fn srandmember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    if args.len() > 3 {
        return Err(Error::SYNTAX);
    }
    let Some(count) = args.try_get(2) else {
        let set = ctx.keys.read::<Set>(key)?;
        reply_item_or_null(&mut ctx.reply, set.as_ref().and_then(|set| set.random(ctx.rng)));
        return Ok(());
    };
    let count = RandomCount::parse(count)?;
    let Some(set) = ctx.keys.read::<Set>(key)? else {
        ctx.reply.array(0);
        return Ok(());
    };
    let (rng, reply) = (&mut *ctx.rng, &mut ctx.reply);
    let n = count.of(set.len());
    reply.array(n);
    if count.repeats() {
        for item in (0..n).filter_map(|_| set.random(rng)) {
            reply_item(reply, item);
            if reply.ends_repeats() {
                break;
            }
        }
    } else {
        set.random_distinct(rng, n, |item| reply_item(reply, item));
    }
    Ok(())
}
