//! Changes of streams and their groups that several commands make, and what they report of them.

use crate::command::{Ctx, Error, EventClasses, Key};
use crate::keyspace::{Keys, Mut};
use crate::stream::{ConsumerId, Group, Stream};

/// A stream to change in a command that Redis begins with a lookup for reading, which counts as a
/// hit or a miss.
pub(super) fn write_after_read<'k>(
    keys: &'k mut Keys<'_>,
    key: Key<'_>,
) -> Result<Option<Mut<'k, Box<Stream>>>, Error> {
    if keys.exists(key) { keys.write(key) } else { Ok(None) }
}

/// The consumer of this name, seen now, and whether it had to be created.
pub(super) fn seen_consumer(group: &mut Group, name: &[u8], now_ms: i64) -> (ConsumerId, bool) {
    if let Some(found) = group.find_consumer(name) {
        group.consumer_mut(found).seen_ms = now_ms;
        return (found, false);
    }
    match group.create_consumer(name, now_ms) {
        Some(created) => (created, true),
        None => unreachable!("a name is free when nobody was found by it"),
    }
}

/// Reports a change that does not touch the entries: Redis neither breaks transactions that watch
/// the key nor wakes clients for it.
pub(super) fn changed_quietly(ctx: &mut Ctx<'_>, key: Key<'_>, event: &'static str) {
    ctx.keys.fx.dirty += 1;
    ctx.event(key, EventClasses::STREAM, event);
}

/// Reports that a consumer came to be.
pub(super) fn consumer_created(ctx: &mut Ctx<'_>, key: Key<'_>) {
    changed_quietly(ctx, key, "xgroup-createconsumer");
}
