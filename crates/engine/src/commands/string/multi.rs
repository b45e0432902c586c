//! MGET, MSET, MSETNX: several strings at once.

use super::get::reply_string;
use super::store::{store, stored};
use crate::command::*;
use crate::keyspace::Ttl;

const PAIRS: &[Arg] = &[Arg::block("data", &[Arg::key("key"), Arg::string("value")]).multiple()];

/// Declaration of MGET.
pub static MGET: Command = Command::new("mget", Group::String, -2, mget)
    .since("1.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::range(1, -1, 1, RO | ACCESS)])
    .summary("Returns the strings at several keys.")
    .complexity("O(N) where N is the number of keys")
    .tips(&["request_policy:multi_shard"])
    .args(&[Arg::key("key").multiple()]);

fn mget(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    ctx.reply.array(args.len() - 1);
    for at in 1..args.len() {
        let key = ctx.key(args, at);
        // What is no string is no error here.
        match ctx.keys.read_entry(key).and_then(|entry| entry.as_str()) {
            Some(string) => reply_string(&mut ctx.reply, &string),
            None => ctx.reply.null(),
        }
        if ctx.reply.is_over_limit() {
            break;
        }
    }
    Ok(())
}

/// Declaration of MSET.
pub static MSET: Command = Command::new("mset", Group::String, -3, mset)
    .since("1.0.1")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::range(1, -1, 2, OW | UPDATE)])
    .summary("Stores several strings.")
    .complexity("O(N) where N is the number of keys")
    .tips(&["request_policy:multi_shard", "response_policy:all_succeeded"])
    .args(PAIRS);

fn mset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    check_pairs(ctx, args)?;
    store_all(ctx, args);
    ctx.reply.ok();
    Ok(())
}

/// Declaration of MSETNX.
pub static MSETNX: Command = Command::new("msetnx", Group::String, -3, msetnx)
    .tips_before("7.2.0", &["request_policy:multi_shard", "response_policy:agg_min"])
    .since("1.0.1")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::range(1, -1, 2, OW | INSERT)])
    .summary("Stores several strings unless one of the keys exists.")
    .complexity("O(N) where N is the number of keys")
    .args(PAIRS);

fn msetnx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    check_pairs(ctx, args)?;
    for at in (1..args.len()).step_by(2) {
        let key = ctx.key(args, at);
        if ctx.keys.write_entry(key).is_some() {
            ctx.reply.int(0);
            return Ok(());
        }
    }
    store_all(ctx, args);
    ctx.reply.int(1);
    Ok(())
}

fn check_pairs(ctx: &Ctx<'_>, args: Args<'_>) -> Result<(), Error> {
    if args.len() % 2 == 1 { Ok(()) } else { Err(Error::arity(ctx.name)) }
}

fn store_all(ctx: &mut Ctx<'_>, args: Args<'_>) {
    for at in (1..args.len()).step_by(2) {
        let key = ctx.key(args, at);
        store(ctx, key, stored(args, at + 1), Ttl::Clear);
    }
}
