//! HSET, HMSET, HSETNX: set fields of a hash.

use super::limits;
use crate::command::*;
use crate::value::Hash;

const PAIR: &[Arg] = &[Arg::string("field"), Arg::string("value")];

/// Declaration of HSET.
pub static HSET: Command = Command::new("hset", Group::Hash, -4, hset)
    .since("2.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | UPDATE)])
    .summary("Sets fields of a hash; returns how many are new.")
    .complexity("O(1) for each field")
    .history(&[("4.0.0", "Several pairs of `field` and `value`.")])
    .args(&[Arg::key("key"), Arg::block("data", PAIR).multiple()]);

/// Declaration of HMSET.
pub static HMSET: Command = Command::new("hmset", Group::Hash, -4, hmset)
    .since("2.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | UPDATE)])
    .deprecated("4.0.0", "`HSET` with several pairs of field and value")
    .summary("Sets fields of a hash.")
    .complexity("O(1) for each field")
    .args(&[Arg::key("key"), Arg::block("data", PAIR).multiple()]);

/// Declaration of HSETNX.
pub static HSETNX: Command = Command::new("hsetnx", Group::Hash, 4, hsetnx)
    .since("2.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | INSERT)])
    .summary("Sets a field of a hash unless it exists.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::string("field"), Arg::string("value")]);

fn hset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let created = set_fields(ctx, args)?;
    ctx.reply.count(created);
    Ok(())
}

fn hmset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_fields(ctx, args)?;
    ctx.reply.ok();
    Ok(())
}

/// Sets all pairs from argument 2 on; returns how many fields are new.
fn set_fields(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result<usize, Error> {
    if args.len() % 2 == 1 {
        return Err(Error::arity(ctx.name));
    }
    let (key, limits) = (ctx.key(args, 1), limits(ctx));
    let mut hash = ctx.keys.create::<Hash>(key)?;
    hash.expect(args.from(2).iter(), &limits);
    let mut created = 0;
    for at in (2..args.len()).step_by(2) {
        created += usize::from(hash.set(args.get(at), args.get(at + 1), &limits));
    }
    drop(hash);
    ctx.changed(key, EventClasses::HASH, "hset", (args.len() as u64 - 2) / 2);
    Ok(created)
}

fn hsetnx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, limits) = (ctx.key(args, 1), limits(ctx));
    let mut hash = ctx.keys.create::<Hash>(key)?;
    let is_new = !hash.contains(args.get(2));
    if is_new {
        hash.expect(args.from(2).iter(), &limits);
        hash.set(args.get(2), args.get(3), &limits);
    }
    drop(hash);
    if is_new {
        ctx.changed(key, EventClasses::HASH, "hset", 1);
    }
    ctx.reply.count(usize::from(is_new));
    Ok(())
}
