//! Changes of whole sorted sets, and what the commands report of them.

use crate::command::{Ctx, EventClasses, Key};
use crate::sorted::ScoredMember;
use crate::value::{RawValue, Zset};

/// Stores a result at a key, or deletes the key if there is none; returns how many members it has.
pub(in crate::commands) fn store(
    ctx: &mut Ctx<'_>,
    key: Key<'_>,
    members: Vec<ScoredMember>,
    event: &'static str,
    dirty: u64,
) -> usize {
    let count = members.len();
    if count > 0 {
        let zset = Zset::from_members(members, ctx.settings, ctx.keys.seed());
        ctx.keys.put(key, RawValue::new(zset), None);
        ctx.changed(key, EventClasses::ZSET, event, dirty);
    } else if ctx.keys.remove_with(key, ctx.settings.lazyfree_lazy_server_del) {
        ctx.changed(key, EventClasses::GENERIC, "del", 1);
    }
    count
}

/// Reports that members were removed, and the end of the key if none is left.
pub(super) fn removed(ctx: &mut Ctx<'_>, key: Key<'_>, event: &'static str, count: u64) {
    ctx.changed(key, EventClasses::ZSET, event, count);
    if ctx.keys.remove_if_empty::<Zset>(key) {
        ctx.event(key, EventClasses::GENERIC, "del");
    }
}
