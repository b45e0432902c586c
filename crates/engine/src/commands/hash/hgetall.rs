//! HGETALL, HKEYS, HVALS: all of a hash.

use crate::command::*;
use crate::commands::items::reply_item;
use crate::value::Hash;

const ORDER: &[&str] = &["nondeterministic_output_order"];

/// Declaration of HGETALL.
pub static HGETALL: Command = Command::new("hgetall", Group::Hash, 2, hgetall)
    .since("2.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns all fields of a hash with their values.")
    .complexity("O(N) for N fields")
    .tips(ORDER)
    .args(&[Arg::key("key")]);

/// Declaration of HKEYS.
pub static HKEYS: Command = Command::new("hkeys", Group::Hash, 2, hkeys)
    .since("2.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns all fields of a hash.")
    .complexity("O(N) for N fields")
    .tips(ORDER)
    .args(&[Arg::key("key")]);

/// Declaration of HVALS.
pub static HVALS: Command = Command::new("hvals", Group::Hash, 2, hvals)
    .since("2.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns all values of a hash.")
    .complexity("O(N) for N fields")
    .tips(ORDER)
    .args(&[Arg::key("key")]);

fn hgetall(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let hash = ctx.keys.read::<Hash>(key)?;
    let reply = &mut ctx.reply;
    reply.map(hash.as_ref().map_or(0, |hash| hash.len()));
    hash.iter().flat_map(|hash| hash.iter()).for_each(|(field, value)| {
        reply_item(reply, field);
        reply_item(reply, value);
    });
    Ok(())
}

fn hkeys(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let hash = ctx.keys.read::<Hash>(key)?;
    let reply = &mut ctx.reply;
    reply.array(hash.as_ref().map_or(0, |hash| hash.len()));
    hash.iter().flat_map(|hash| hash.iter()).for_each(|(field, _)| reply_item(reply, field));
    Ok(())
}

fn hvals(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let hash = ctx.keys.read::<Hash>(key)?;
    let reply = &mut ctx.reply;
    reply.array(hash.as_ref().map_or(0, |hash| hash.len()));
    hash.iter().flat_map(|hash| hash.iter()).for_each(|(_, value)| reply_item(reply, value));
    Ok(())
}
