//! SPOP: takes random members out of a set.
//!
//! What was taken goes to replicas as SREM (all of a set: as DEL), since they draw other lots.

use super::limits::limits;
use crate::command::effects::Words;
use crate::command::*;
use crate::commands::items::reply_item;
use crate::encoding::listpack::Item;
use crate::level::Level;
use crate::text::parse_i64;
use crate::value::{Set, SetLimits};
use rand::rngs::SmallRng;

/// If this many times fewer than are taken would remain, what remains is drawn instead.
const MOVE_SHARE: usize = 5;

/// Members of one propagated SREM.
const BATCH: usize = 1024;

/// Declaration of SPOP.
pub static SPOP: Command = Command::new("spop", Group::Set, -2, spop)
    .since("1.0.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | ACCESS | DELETE)])
    .summary("Takes random members out of a set and returns them.")
    .complexity("O(1) for each member")
    .history(&[("3.2.0", "The argument `count`.")])
    .tips(&["nondeterministic_output"])
    .args(&[Arg::key("key"), Arg::integer("count").optional().since("3.2.0")]);

fn spop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    match args.len() {
        2 => pop_one(ctx, ctx.key(args, 1)),
        3 => pop_many(ctx, ctx.key(args, 1), args.get(2)),
        _ => Err(Error::SYNTAX),
    }
}

fn pop_one(ctx: &mut Ctx<'_>, key: Key<'_>) -> Outcome {
    let Some(mut set) = ctx.keys.write::<Set>(key)? else {
        ctx.reply.null();
        return Ok(());
    };
    let taken = set.random(ctx.rng).map(Item::to_vec).unwrap_or_default();
    set.remove(&taken);
    drop(set);
    ctx.changed(key, EventClasses::SET, "spop", 1);
    drop_if_empty(ctx, key);
    ctx.reply.bulk(&taken);
    ctx.propagate(|| removals(key.bytes, &[taken]));
    Ok(())
}

fn pop_many(ctx: &mut Ctx<'_>, key: Key<'_>, count: &[u8]) -> Outcome {
    let count = match parse_i64(count) {
        Some(count @ 0..) => count as usize,
        _ => return Err(Error::NOT_POSITIVE),
    };
    let limits = limits(ctx);
    let Some(mut set) = ctx.keys.write::<Set>(key)?.filter(|_| count > 0) else {
        ctx.reply.set(0);
        return Ok(());
    };
    let size = set.len();
    if count >= size {
        let all = std::mem::replace(&mut *set, Set::ints());
        drop(set);
        ctx.reply.set(size);
        all.iter().for_each(|item| reply_item(&mut ctx.reply, item));
        ctx.changed(key, EventClasses::SET, "spop", size as u64);
        drop_if_empty(ctx, key);
        let lazy = ctx.settings.lazyfree_lazy_server_del && ctx.level() >= Level::V7_2;
        let word: &[u8] = if lazy { b"UNLINK" } else { b"DEL" };
        ctx.propagate(|| vec![vec![word.to_vec(), key.bytes.to_vec()]]);
        return Ok(());
    }
    let taken = take(&mut set, count, ctx.rng, &limits);
    drop(set);
    ctx.reply.set(count);
    taken.iter().for_each(|member| ctx.reply.bulk(member));
    ctx.changed(key, EventClasses::SET, "spop", count as u64);
    ctx.propagate(|| removals(key.bytes, &taken));
    Ok(())
}

/// Takes `count` random members, fewer than there are.
fn take(set: &mut Set, count: usize, rng: &mut SmallRng, limits: &SetLimits) -> Vec<Vec<u8>> {
    let remaining = set.len() - count;
    let mut taken = Vec::new();
    if remaining * MOVE_SHARE > count {
        set.random_distinct(rng, count, |item| taken.push(item.to_vec()));
        taken.iter().for_each(|member| _ = set.remove(member));
        return taken;
    }
    // Few remain: they move to a set of their own, which is then as small as it can be.
    let mut rest = match set {
        Set::Ints(_) => Set::ints(),
        _ => Set::texts(limits),
    };
    set.random_distinct(rng, remaining, |item| _ = rest.add_item(item, limits));
    let taken = set.iter().filter(|item| !rest.contains_item(*item)).map(Item::to_vec).collect();
    *set = rest;
    taken
}

fn drop_if_empty(ctx: &mut Ctx<'_>, key: Key<'_>) {
    if ctx.keys.remove_if_empty::<Set>(key) {
        ctx.event(key, EventClasses::GENERIC, "del");
    }
}

/// Commands SREM for all of these members, a limited number in each.
fn removals(key: &[u8], members: &[Vec<u8>]) -> Vec<Words> {
    let removal = |batch: &[Vec<u8>]| {
        let mut words = vec![b"SREM".to_vec(), key.to_vec()];
        words.extend_from_slice(batch);
        words
    };
    members.chunks(BATCH).map(removal).collect()
}
