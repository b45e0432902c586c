//! SCARD: the number of members.

use crate::command::*;
use crate::value::Set;

/// Declaration of SCARD.
pub static SCARD: Command = Command::new("scard", Group::Set, 2, scard)
    .since("1.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO)])
    .summary("Returns the number of members of a set.")
    .complexity("O(1)")
    .args(&[Arg::key("key")]);

fn scard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let len = ctx.keys.read::<Set>(key)?.map_or(0, |set| set.len());
    ctx.reply.count(len);
    Ok(())
}
