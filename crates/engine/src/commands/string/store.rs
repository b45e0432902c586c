//! Storing a string: what SET and the commands have in common that do a part of it.

use crate::command::*;
use crate::keyspace::Ttl;
use crate::level::Level;
use crate::time::UnixMs;
use crate::value::StrValue;

/// The form in which an argument is stored: large ones are taken over, not copied.
pub(super) fn stored<'b>(args: Args<'b>, at: usize) -> StrValue<'b> {
    match args.shared(at) {
        Some(bytes) => StrValue::Shared(bytes),
        None => StrValue::encoded(args.get(at)),
    }
}

/// Stores a value and reports the events of that.
pub(super) fn store(ctx: &mut Ctx<'_>, key: Key<'_>, value: StrValue<'_>, ttl: Ttl) {
    ctx.keys.set_str(key, value, ttl);
    ctx.changed(key, EventClasses::STRING, "set", 1);
    if matches!(ttl, Ttl::At(_)) {
        ctx.event(key, EventClasses::GENERIC, "expire");
    }
}

/// Propagates a SET with its absolute time; before 6.2 that took two commands.
pub(super) fn propagate_at(ctx: &mut Ctx<'_>, key: Key<'_>, value: &[u8], at: UnixMs) {
    let in_one = ctx.level() >= Level::V6_2;
    ctx.propagate(|| {
        let time = at.0.to_string().into_bytes();
        let mut set = vec![b"SET".to_vec(), key.bytes.to_vec(), value.to_vec()];
        if in_one {
            set.extend([b"PXAT".to_vec(), time]);
            return vec![set];
        }
        vec![set, vec![b"PEXPIREAT".to_vec(), key.bytes.to_vec(), time]]
    });
}
