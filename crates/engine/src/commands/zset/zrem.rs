//! ZREM: members out by name.

use super::store::removed;
use crate::command::*;
use crate::value::Zset;

/// Declaration of `ZREM key member [member ...]`.
pub static ZREM: Command = Command::new("zrem", Group::SortedSet, -3, zrem)
    .since("1.2.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | DELETE)])
    .summary("Removes members from a sorted set.")
    .complexity("O(M*log(N)) for M members removed")
    .history(&[("2.4.0", "Several members at once.")])
    .args(&[Arg::key("key"), Arg::string("member").multiple()]);

fn zrem(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let mut count = 0;
    if let Some(mut zset) = ctx.keys.write::<Zset>(key)? {
        for member in args.from(2).iter() {
            count += u64::from(zset.remove(member));
        }
    }
    if count > 0 {
        removed(ctx, key, "zrem", count);
    }
    ctx.reply.int(count as i64);
    Ok(())
}
