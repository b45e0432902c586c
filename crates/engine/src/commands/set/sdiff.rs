//! SDIFF, SDIFFSTORE: what is in the first of several sets and in no other.

use super::limits::limits;
use super::sources::{Sources, check, open, store};
use crate::command::*;
use crate::commands::items::reply_item;
use crate::value::Set;

/// Declaration of SDIFF.
pub static SDIFF: Command = Command::new("sdiff", Group::Set, -2, sdiff)
    .since("1.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::range(1, -1, 1, RO | ACCESS)])
    .summary("Returns the members of a set that no other set has.")
    .complexity("O(N) for N members of all sets together")
    .tips(&["nondeterministic_output_order"])
    .args(&[Arg::key("key").multiple()]);

/// Declaration of SDIFFSTORE.
pub static SDIFFSTORE: Command = Command::new("sdiffstore", Group::Set, -3, sdiffstore)
    .since("1.0.0")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::at(1, OW | UPDATE), KeySpec::range(2, -1, 1, RO | ACCESS)])
    .summary("Stores the members of a set that no other set has.")
    .complexity("O(N) for N members of all sets together")
    .args(&[Arg::key_of("destination", 0), Arg::key_of("key", 1).multiple()]);

fn sdiff(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let rest = difference(ctx, args.from(1))?;
    ctx.reply.set(rest.len());
    rest.iter().for_each(|item| reply_item(&mut ctx.reply, item));
    Ok(())
}

fn sdiffstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let target = ctx.key(args, 1);
    let rest = difference(ctx, args.from(2))?;
    store(ctx, target, rest, "sdiffstore");
    Ok(())
}

fn difference(ctx: &mut Ctx<'_>, keys: Args<'_>) -> Result<Set, Error> {
    check(ctx, keys)?;
    if keys.iter().skip(1).any(|key| key == keys.get(0)) {
        return Ok(Set::ints());
    }
    let (limits, mut rest) = (limits(ctx), Set::ints());
    let mut sets = open(&ctx.keys, keys)?;
    let others = sets.split_off(1);
    let Some(first) = sets.pop().flatten() else { return Ok(rest) };
    if asking_is_cheaper(&first, &others) {
        let others = descending(others);
        let kept = first.iter().filter(|item| !others.iter().any(|set| set.contains_item(*item)));
        kept.for_each(|item| _ = rest.add_item(item, &limits));
        return Ok(rest);
    }
    first.iter().for_each(|item| _ = rest.add_item(item, &limits));
    for other in others.into_iter().flatten() {
        other.iter().for_each(|item| _ = rest.remove_item(item));
        if rest.is_empty() {
            break;
        }
    }
    Ok(rest)
}

/// Is asking all others for each member of the first set cheaper than removing all members of the
/// others from a copy of it? Asking does less for each member, so it may ask twice as often.
fn asking_is_cheaper(first: &Set, others: &Sources<'_>) -> bool {
    let others = || others.iter().flatten();
    let asked = first.len() * (1 + others().count());
    let removed = first.len() + others().map(|set| set.len()).sum::<usize>();
    asked / 2 <= removed
}

/// The others, largest first: it is the likeliest to have a member.
fn descending(others: Sources<'_>) -> Vec<impl std::ops::Deref<Target = Set>> {
    let mut others: Vec<_> = others.into_iter().flatten().collect();
    others.sort_by_key(|set| std::cmp::Reverse(set.len()));
    others
}
