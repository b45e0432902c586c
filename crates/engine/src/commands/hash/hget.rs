//! HGET, HMGET, HEXISTS, HSTRLEN, HLEN: look at fields of a hash.

use crate::command::*;
use crate::commands::items::reply_item_or_null;
use crate::encoding::listpack::Item;
use crate::value::Hash;

/// Declaration of HGET.
pub static HGET: Command = Command::new("hget", Group::Hash, 3, hget)
    .since("2.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the value of a field of a hash.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::string("field")]);

/// Declaration of HMGET.
pub static HMGET: Command = Command::new("hmget", Group::Hash, -3, hmget)
    .since("2.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the values of several fields of a hash.")
    .complexity("O(1) for each field")
    .args(&[Arg::key("key"), Arg::string("field").multiple()]);

/// Declaration of HEXISTS.
pub static HEXISTS: Command = Command::new("hexists", Group::Hash, 3, hexists)
    .since("2.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO)])
    .summary("Tells whether a field exists in a hash.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::string("field")]);

/// Declaration of HSTRLEN.
pub static HSTRLEN: Command = Command::new("hstrlen", Group::Hash, 3, hstrlen)
    .since("3.2.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO)])
    .summary("Returns the length of the value of a field.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::string("field")]);

/// Declaration of HLEN.
pub static HLEN: Command = Command::new("hlen", Group::Hash, 2, hlen)
    .since("2.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO)])
    .summary("Returns the number of fields of a hash.")
    .complexity("O(1)")
    .args(&[Arg::key("key")]);

fn hget(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let hash = ctx.keys.read::<Hash>(key)?;
    reply_item_or_null(&mut ctx.reply, hash.as_ref().and_then(|hash| hash.get(args.get(2))));
    Ok(())
}

fn hmget(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let hash = ctx.keys.read::<Hash>(key)?;
    ctx.reply.array(args.len() - 2);
    for field in args.from(2).iter() {
        reply_item_or_null(&mut ctx.reply, hash.as_ref().and_then(|hash| hash.get(field)));
        if ctx.reply.is_over_limit() {
            break;
        }
    }
    Ok(())
}

fn hexists(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let exists = ctx.keys.read::<Hash>(key)?.is_some_and(|hash| hash.contains(args.get(2)));
    ctx.reply.count(usize::from(exists));
    Ok(())
}

fn hstrlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let hash = ctx.keys.read::<Hash>(key)?;
    ctx.reply.count(hash.as_ref().and_then(|hash| hash.get(args.get(2))).map_or(0, Item::len));
    Ok(())
}

fn hlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let len = ctx.keys.read::<Hash>(key)?.map_or(0, |hash| hash.len());
    ctx.reply.count(len);
    Ok(())
}
