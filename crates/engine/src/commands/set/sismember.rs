//! SISMEMBER, SMISMEMBER: is this a member?

use crate::command::*;
use crate::value::Set;

/// Declaration of SISMEMBER.
pub static SISMEMBER: Command = Command::new("sismember", Group::Set, 3, sismember)
    .since("1.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO)])
    .summary("Tells whether something is a member of a set.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::string("member")]);

/// Declaration of SMISMEMBER.
pub static SMISMEMBER: Command = Command::new("smismember", Group::Set, -3, smismember)
    .since("6.2.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Tells for several things whether they are members of a set.")
    .complexity("O(N) for N members asked for")
    .args(&[Arg::key("key"), Arg::string("member").multiple()]);

fn sismember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let found = ctx.keys.read::<Set>(key)?.is_some_and(|set| set.contains(args.get(2)));
    ctx.reply.count(usize::from(found));
    Ok(())
}

fn smismember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let set = ctx.keys.read::<Set>(key)?;
    ctx.reply.array(args.len() - 2);
    for member in args.from(2).iter() {
        let found = set.as_ref().is_some_and(|set| set.contains(member));
        ctx.reply.count(usize::from(found));
    }
    Ok(())
}
