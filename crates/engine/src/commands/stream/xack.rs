//! XACK: entries are done, they are no longer pending.

use super::arguments::strict_ids;
use super::change::write_after_read;
use crate::command::{Arg, Args, Command, Ctx, FAST, Group, KeySpec, Outcome, RW, UPDATE, WRITE};

/// Declaration of `XACK key group id [id ...]`.
pub static XACK: Command = Command::new("xack", Group::Stream, -4, xack)
    .since("5.0.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | UPDATE)])
    .summary("Acknowledges entries of a consumer group and counts those that were pending.")
    .complexity("O(1) for each id.")
    .args(&[Arg::key("key"), Arg::string("group"), Arg::string("ID").multiple()]);

fn xack(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let mut done = 0;
    if let Some(mut stream) = write_after_read(&mut ctx.keys, key)?
        && let Some((_, group)) = stream.group_mut(args.get(2))
    {
        for id in strict_ids(args, 3)? {
            done += usize::from(group.settle(id).is_some());
        }
    }
    ctx.keys.fx.dirty += done as u64;
    ctx.reply.count(done);
    Ok(())
}
