//! DEL, UNLINK, EXISTS, TOUCH: whole keys, several at once.

use crate::command::*;

const SUM: &[&str] = &["request_policy:multi_shard", "response_policy:agg_sum"];

/// Declaration of `DEL key [key ...]`.
pub static DEL: Command = Command::new("del", Group::Generic, -2, del)
    .since("1.0.0")
    .flags(WRITE)
    .keys(&[KeySpec::range(1, -1, 1, RM | DELETE)])
    .summary("Deletes keys.")
    .complexity("O(N) where N is the number of keys; O(M) more for each collection of M elements")
    .tips(SUM)
    .args(&[Arg::key("key").multiple()]);

fn del(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    remove_all(ctx, args, ctx.settings.lazyfree_lazy_user_del)
}

/// Declaration of `UNLINK key [key ...]`.
pub static UNLINK: Command = Command::new("unlink", Group::Generic, -2, unlink)
    .since("4.0.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::range(1, -1, 1, RM | DELETE)])
    .summary("Deletes keys and leaves freeing large values to a background thread.")
    .complexity("O(1) for each key; freeing takes place elsewhere")
    .tips(SUM)
    .args(&[Arg::key("key").multiple()]);

fn unlink(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    remove_all(ctx, args, true)
}

fn remove_all(ctx: &mut Ctx<'_>, args: Args<'_>, lazy: bool) -> Outcome {
    let mut removed = 0;
    for at in 1..args.len() {
        let key = ctx.key(args, at);
        if ctx.keys.remove_with(key, lazy) {
            ctx.changed(key, EventClasses::GENERIC, "del", 1);
            removed += 1;
        }
    }
    ctx.reply.int(removed);
    Ok(())
}

/// Declaration of `EXISTS key [key ...]`.
pub static EXISTS: Command = Command::new("exists", Group::Generic, -2, exists)
    .since("1.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::range(1, -1, 1, RO)])
    .summary("Counts how many of the keys exist.")
    .complexity("O(N) where N is the number of keys")
    .history(&[("3.0.3", "Takes several keys.")])
    .tips(SUM)
    .args(&[Arg::key("key").multiple()]);

fn exists(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let found = (1..args.len()).filter(|&at| ctx.keys.look(ctx.key(args, at)).is_some()).count();
    ctx.reply.count(found);
    Ok(())
}

/// Declaration of `TOUCH key [key ...]`.
pub static TOUCH: Command = Command::new("touch", Group::Generic, -2, touch)
    .since("3.2.1")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::range(1, -1, 1, RO)])
    .summary("Marks keys as used now and counts how many of them exist.")
    .complexity("O(N) where N is the number of keys")
    .tips(SUM)
    .args(&[Arg::key("key").multiple()]);

fn touch(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let found = (1..args.len()).filter(|&at| ctx.keys.touch(ctx.key(args, at))).count();
    ctx.reply.count(found);
    Ok(())
}
