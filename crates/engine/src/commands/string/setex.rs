//! SETNX, SETEX, PSETEX: the forms of SET from before it had options.

use super::options::Form;
use super::store::{propagate_at, store, stored};
use crate::command::*;
use crate::keyspace::Ttl;

/// Declaration of SETNX.
pub static SETNX: Command = Command::new("setnx", Group::String, 3, setnx)
    .since("1.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, OW | INSERT)])
    .deprecated("2.6.12", "`SET` with the `NX` argument")
    .summary("Stores a string unless the key exists.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::string("value")]);

fn setnx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let free = ctx.keys.write_entry(key).is_none();
    if free {
        store(ctx, key, stored(args, 2), Ttl::Clear);
    }
    ctx.reply.int(i64::from(free));
    Ok(())
}

/// Declaration of SETEX.
pub static SETEX: Command = Command::new("setex", Group::String, 4, setex)
    .since("2.0.0")
    .flags(WRITE | DENYOOM | QUICK)
    .keys(&[KeySpec::at(1, OW | UPDATE)])
    .deprecated("2.6.12", "`SET` with the `EX` argument")
    .summary("Stores a string that expires after some seconds.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::integer("seconds"), Arg::string("value")]);

fn setex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_expiring(ctx, args, Form::Ex)
}

/// Declaration of PSETEX.
pub static PSETEX: Command = Command::new("psetex", Group::String, 4, psetex)
    .since("2.6.0")
    .flags(WRITE | DENYOOM | QUICK)
    .keys(&[KeySpec::at(1, OW | UPDATE)])
    .deprecated("2.6.12", "`SET` with the `PX` argument")
    .summary("Stores a string that expires after some milliseconds.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::integer("milliseconds"), Arg::string("value")]);

fn psetex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_expiring(ctx, args, Form::Px)
}

fn set_expiring(ctx: &mut Ctx<'_>, args: Args<'_>, form: Form) -> Outcome {
    let at = form.resolve(ctx, args.get(2))?;
    let key = ctx.key(args, 1);
    store(ctx, key, stored(args, 3), Ttl::At(at));
    propagate_at(ctx, key, args.get(3), at);
    ctx.reply.ok();
    Ok(())
}
