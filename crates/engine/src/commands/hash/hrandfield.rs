//! HRANDFIELD: fields of a hash at random.

use crate::command::*;
use crate::commands::items::reply_item;
use crate::commands::random_count::RandomCount;
use crate::text::eq_ignore_case;
use crate::value::{Hash, Pair};
use ochre_resp::reply::Reply;

/// Declaration of HRANDFIELD.
pub static HRANDFIELD: Command = Command::new("hrandfield", Group::Hash, -2, hrandfield)
    .since("6.2.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns fields of a hash at random.")
    .complexity("O(N) for N fields returned")
    .tips(&["nondeterministic_output"])
    .args(&[
        Arg::key("key"),
        Arg::block("options", &[Arg::integer("count"), Arg::word("withvalues", "WITHVALUES").optional()])
            .optional(),
    ]);

fn hrandfield(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    if args.len() > 2 {
        return several(ctx, args);
    }
    match ctx.keys.read::<Hash>(key)? {
        Some(hash) => hash.random(ctx.rng, 1, |(field, _)| reply_item(&mut ctx.reply, field)),
        None => ctx.reply.null(),
    }
    Ok(())
}

/// The form with a count: a negative one allows repetitions, a positive one is the largest number of
/// different fields.
fn several(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let count = RandomCount::parse(args.get(2))?;
    let with_values = match args.try_get(3) {
        Some(word) if args.len() == 4 && eq_ignore_case(word, b"withvalues") => true,
        Some(_) => return Err(Error::SYNTAX),
        None => false,
    };
    if with_values && count.number() > i64::MAX as usize / 2 {
        return Err(Error::fixed("ERR value is out of range"));
    }
    let key = ctx.key(args, 1);
    let Some(hash) = ctx.keys.read::<Hash>(key)? else {
        ctx.reply.array(0);
        return Ok(());
    };
    let (rng, reply) = (&mut *ctx.rng, &mut ctx.reply);
    let n = count.of(hash.len());
    begin(reply, n, with_values);
    let emit = |reply: &mut Reply<'_>, (field, value): Pair<'_>| {
        if with_values && reply.is_resp3() {
            reply.array(2);
        }
        reply_item(reply, field);
        if with_values {
            reply_item(reply, value);
        }
    };
    if count.repeats() {
        let mut left = n;
        while left > 0 && !reply.ends_repeats() {
            let step = left.min(REPEATS_AT_ONCE);
            hash.random(rng, step, |pair| emit(reply, pair));
            left -= step;
        }
    } else {
        hash.random_distinct(rng, n, |pair| emit(reply, pair));
    }
    Ok(())
}

/// Repeated fields written before looking whether the client is worth going on.
const REPEATS_AT_ONCE: usize = 1000;

/// RESP3 pairs fields and values in arrays of two, RESP2 has one flat array.
fn begin(reply: &mut Reply<'_>, n: usize, with_values: bool) {
    let flat = with_values && !reply.is_resp3();
    reply.array(if flat { n * 2 } else { n });
}
