//! SUNION, SUNIONSTORE: what is in any of several sets.

use super::limits::limits;
use super::sources::{check, open, store};
use crate::command::*;
use crate::commands::items::reply_item;
use crate::value::Set;

/// Declaration of SUNION.
pub static SUNION: Command = Command::new("sunion", Group::Set, -2, sunion)
    .since("1.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::range(1, -1, 1, RO | ACCESS)])
    .summary("Returns the members that any of several sets has.")
    .complexity("O(N) for N members of all sets together")
    .tips(&["nondeterministic_output_order"])
    .args(&[Arg::key("key").multiple()]);

/// Declaration of SUNIONSTORE.
pub static SUNIONSTORE: Command = Command::new("sunionstore", Group::Set, -3, sunionstore)
    .since("1.0.0")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::at(1, OW | UPDATE), KeySpec::range(2, -1, 1, RO | ACCESS)])
    .summary("Stores the members that any of several sets has.")
    .complexity("O(N) for N members of all sets together")
    .args(&[Arg::key_of("destination", 0), Arg::key_of("key", 1).multiple()]);

fn sunion(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let all = union(ctx, args.from(1))?;
    ctx.reply.set(all.len());
    all.iter().for_each(|item| reply_item(&mut ctx.reply, item));
    Ok(())
}

fn sunionstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let target = ctx.key(args, 1);
    let all = union(ctx, args.from(2))?;
    store(ctx, target, all, "sunionstore");
    Ok(())
}

fn union(ctx: &mut Ctx<'_>, keys: Args<'_>) -> Result<Set, Error> {
    check(ctx, keys)?;
    let (limits, mut all) = (limits(ctx), Set::ints());
    for set in open(&ctx.keys, keys)?.into_iter().flatten() {
        set.iter().for_each(|item| _ = all.add_item(item, &limits));
    }
    Ok(all)
}
