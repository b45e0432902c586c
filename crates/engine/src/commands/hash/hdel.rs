//! HDEL: removes fields of a hash.

use crate::command::*;
use crate::value::Hash;

/// Declaration of HDEL.
pub static HDEL: Command = Command::new("hdel", Group::Hash, -3, hdel)
    .since("2.0.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | DELETE)])
    .summary("Removes fields of a hash; returns how many there were.")
    .complexity("O(1) for each field")
    .history(&[("2.4.0", "Several `field` arguments.")])
    .args(&[Arg::key("key"), Arg::string("field").multiple()]);

fn hdel(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let Some(mut hash) = ctx.keys.write::<Hash>(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let removed = args.from(2).iter().filter(|field| hash.remove(field)).count();
    drop(hash);
    if removed > 0 {
        ctx.changed(key, EventClasses::HASH, "hdel", removed as u64);
        if ctx.keys.remove_if_empty::<Hash>(key) {
            ctx.event(key, EventClasses::GENERIC, "del");
        }
    }
    ctx.reply.count(removed);
    Ok(())
}
