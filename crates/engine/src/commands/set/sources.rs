//! What SINTER, SUNION and SDIFF have in common: several sets to read, a key for the result.

use crate::command::*;
use crate::keyspace::{Keys, Read};
use crate::value::{RawValue, Set};

/// The sets of a command, `None` for keys that are missing.
pub type Sources<'k> = Vec<Option<Read<'k, Set>>>;

/// Looks the keys in all of `keys` up, in order: a hit, a miss, an error for another type.
/// [`open`] gives them out afterwards.
pub fn check(ctx: &mut Ctx<'_>, keys: Args<'_>) -> Outcome {
    for at in 0..keys.len() {
        let key = ctx.keys.locate(keys.get(at));
        ctx.keys.read::<Set>(key)?;
    }
    Ok(())
}

/// The sets of the keys, which [`check`] has passed.
pub fn open<'k>(view: &'k Keys<'_>, keys: Args<'_>) -> Result<Sources<'k>, Error> {
    keys.iter().map(|key| view.peek::<Set>(view.locate(key))).collect()
}

/// Stores the result of SINTERSTORE and its like, whatever `target` held; an empty set is no key.
pub fn store(ctx: &mut Ctx<'_>, target: Key<'_>, set: Set, event: &'static str) {
    let len = set.len();
    if len > 0 {
        ctx.keys.put(target, RawValue::new(set), None);
        ctx.changed(target, EventClasses::SET, event, 1);
    } else if ctx.keys.remove_with(target, ctx.settings.lazyfree_lazy_server_del) {
        ctx.changed(target, EventClasses::GENERIC, "del", 1);
    }
    ctx.reply.count(len);
}
