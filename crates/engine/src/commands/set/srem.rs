//! SREM: removes members of a set.

use crate::command::*;
use crate::value::Set;

/// Declaration of SREM.
pub static SREM: Command = Command::new("srem", Group::Set, -3, srem)
    .since("1.0.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | DELETE)])
    .summary("Removes members of a set; returns how many there were.")
    .complexity("O(1) for each member")
    .history(&[("2.4.0", "Several `member` arguments.")])
    .args(&[Arg::key("key"), Arg::string("member").multiple()]);

fn srem(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let Some(mut set) = ctx.keys.write::<Set>(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let removed = args.from(2).iter().filter(|member| set.remove(member)).count();
    drop(set);
    if removed > 0 {
        ctx.changed(key, EventClasses::SET, "srem", removed as u64);
        if ctx.keys.remove_if_empty::<Set>(key) {
            ctx.event(key, EventClasses::GENERIC, "del");
        }
    }
    ctx.reply.count(removed);
    Ok(())
}
