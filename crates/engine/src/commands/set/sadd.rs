//! SADD: adds members to a set.

use super::limits::limits;
use crate::command::*;
use crate::value::Set;

/// Declaration of SADD.
pub static SADD: Command = Command::new("sadd", Group::Set, -3, sadd)
    .since("1.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | INSERT)])
    .summary("Adds members to a set; returns how many are new.")
    .complexity("O(1) for each member")
    .history(&[("2.4.0", "Several `member` arguments.")])
    .args(&[Arg::key("key"), Arg::string("member").multiple()]);

fn sadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, limits) = (ctx.key(args, 1), limits(ctx));
    let expected = args.len() - 2;
    let mut set = ctx.keys.create::<Set>(key)?;
    if set.is_empty() {
        *set = Set::beginning_with(args.get(2), expected, &limits);
    } else {
        set.expect(expected, &limits);
    }
    let added = args.from(2).iter().filter(|member| set.add(member, &limits)).count();
    drop(set);
    if added > 0 {
        ctx.changed(key, EventClasses::SET, "sadd", added as u64);
    }
    ctx.reply.count(added);
    Ok(())
}
