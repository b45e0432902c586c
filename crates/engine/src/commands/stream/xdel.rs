//! XDEL: removes entries by id.

use super::arguments::strict_ids;
use crate::command::{
    Arg, Args, Command, Ctx, DELETE, EventClasses, FAST, Group, KeySpec, Outcome, RW, WRITE,
};
use crate::stream::Stream;

/// Declaration of `XDEL key id [id ...]`.
pub static XDEL: Command = Command::new("xdel", Group::Stream, -3, xdel)
    .since("5.0.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | DELETE)])
    .summary("Removes entries of a stream and counts those that were there.")
    .complexity("O(1) for each id.")
    .args(&[Arg::key("key"), Arg::string("ID").multiple()]);

fn xdel(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let Some(mut stream) = ctx.keys.write::<Box<Stream>>(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let ids = strict_ids(args, 2)?;
    let deleted = ids.into_iter().filter(|id| stream.log.delete(*id)).count();
    drop(stream);
    if deleted > 0 {
        ctx.changed(key, EventClasses::STREAM, "xdel", deleted as u64);
    }
    ctx.reply.count(deleted);
    Ok(())
}
