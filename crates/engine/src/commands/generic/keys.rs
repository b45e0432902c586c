//! KEYS and RANDOMKEY: keys of a whole database.

use crate::command::*;
use crate::text::glob_match;

/// Declaration of `KEYS pattern`.
pub static KEYS: Command = Command::new("keys", Group::Generic, 2, keys)
    .since("1.0.0")
    .flags(READONLY | WHOLE_WORLD)
    .categories(CAT_DANGEROUS)
    .summary("Returns all keys that match a pattern.")
    .complexity("O(N) where N is the number of keys in the database")
    .tips(&["request_policy:all_shards", "nondeterministic_output_order"])
    .args(&[Arg::pattern("pattern")]);

fn keys(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let pattern = args.get(1);
    // The pattern "*" alone also matches the empty key.
    let all = pattern == b"*";
    let reply = &mut ctx.reply;
    let (place, mut count) = (reply.deferred(), 0);
    ctx.keys.each(|entry| {
        if all || glob_match(pattern, entry.key()) {
            reply.bulk(entry.key());
            count += 1;
        }
    });
    reply.set_array_len(place, count);
    Ok(())
}

/// Declaration of `RANDOMKEY`.
pub static RANDOMKEY: Command = Command::new("randomkey", Group::Generic, 1, randomkey)
    .tips_before("7.2.0", &["nondeterministic_output", "request_policy:all_shards"])
    .since("1.0.0")
    .flags(READONLY | TOUCHES_ARBITRARY_KEYS | WHOLE_WORLD)
    .summary("Returns a key chosen at random.")
    .complexity("O(1)")
    .tips(&["request_policy:all_shards", "response_policy:special", "nondeterministic_output"]);

fn randomkey(ctx: &mut Ctx<'_>, _: Args<'_>) -> Outcome {
    /// If expired keys cannot be deleted, one of them is answered in the end.
    const TRIES: usize = 100;
    let mut chosen = None;
    for _ in 0..TRIES {
        chosen = ctx.keys.random_key(ctx.rng);
        let Some(key) = &chosen else { break };
        let key = ctx.keys.locate(key);
        ctx.keys.move_to(key);
        if !ctx.keys.expire(key) {
            break;
        }
    }
    match chosen {
        Some(key) => ctx.reply.bulk(key),
        None => ctx.reply.null(),
    }
    Ok(())
}
