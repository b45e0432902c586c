//! SMOVE: moves a member from one set to another.

use super::limits::limits;
use crate::command::*;
use crate::value::{Set, Type};

/// Declaration of SMOVE.
pub static SMOVE: Command = Command::new("smove", Group::Set, 4, smove)
    .since("1.0.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | ACCESS | DELETE), KeySpec::at(2, RW | INSERT)])
    .summary("Moves a member from one set to another.")
    .complexity("O(1)")
    .args(&[Arg::key_of("source", 0), Arg::key_of("destination", 1), Arg::string("member")]);

fn smove(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (source, target, member) = (ctx.key(args, 1), ctx.key(args, 2), args.get(3));
    // A missing source answers 0 whatever the destination holds.
    let types = [ctx.keys.type_of(source), ctx.keys.type_of(target)];
    if types[0].is_some() && types.into_iter().flatten().any(|found| found != Type::Set) {
        return Err(Error::WRONG_TYPE);
    }
    let moved = match ctx.keys.write::<Set>(source) {
        Ok(Some(set)) if source.bytes == target.bytes => {
            ctx.reply.count(usize::from(set.contains(member)));
            return Ok(());
        }
        Ok(Some(mut set)) => set.remove(member),
        _ => false,
    };
    if moved {
        ctx.changed(source, EventClasses::SET, "srem", 1);
        if ctx.keys.remove_if_empty::<Set>(source) {
            ctx.event(source, EventClasses::GENERIC, "del");
        }
        add(ctx, target, member)?;
    }
    ctx.reply.count(usize::from(moved));
    Ok(())
}

fn add(ctx: &mut Ctx<'_>, target: Key<'_>, member: &[u8]) -> Outcome {
    let limits = limits(ctx);
    let mut set = ctx.keys.create::<Set>(target)?;
    if set.is_empty() {
        *set = Set::beginning_with(member, 1, &limits);
    }
    let added = set.add(member, &limits);
    drop(set);
    if added {
        ctx.changed(target, EventClasses::SET, "sadd", 1);
    }
    Ok(())
}
