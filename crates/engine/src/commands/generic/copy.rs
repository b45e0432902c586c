//! COPY: a second key with the same value, expiry and encoding.

use super::{SAME_OBJECT, database};
use crate::command::*;
use crate::encoding::listpack::Listpack;
use crate::keyspace::{DbIndex, Keys};
use crate::settings::Settings;
use crate::stream::Stream;
use crate::table::Seed;
use crate::text::eq_ignore_case;
use crate::value::{Collection, Hash, List, RawValue, Set, StrRef, Type, Zset};
use bytes::Bytes;

/// Declaration of COPY.
pub static COPY: Command = Command::new("copy", Group::Generic, -3, copy)
    .since("6.2.0")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::at(1, RO | ACCESS), KeySpec::at(2, OW | UPDATE)])
    .summary("Copies the value of a key to another key.")
    .complexity("O(N) where N is the number of elements; O(1) for strings")
    .args(&[
        Arg::key("source"),
        Arg::key_of("destination", 1),
        Arg::integer("destination-db").token("DB").optional(),
        Arg::word("replace", "REPLACE").optional(),
    ]);

fn copy(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let source = ctx.keys.db();
    let (mut target, mut replace, mut at) = (source, false, 3);
    while at < args.len() {
        if eq_ignore_case(args.get(at), b"replace") {
            replace = true;
        } else if eq_ignore_case(args.get(at), b"db") && at + 1 < args.len() {
            at += 1;
            target = database(ctx, args.get(at))?;
        } else {
            return Err(Error::SYNTAX);
        }
        at += 1;
    }
    let (from, to) = (ctx.key(args, 1), ctx.key(args, 2));
    if source == target && from.bytes == to.bytes {
        return Err(SAME_OBJECT);
    }
    let Some(expiry) = ctx.keys.read_entry(from).map(|entry| entry.expiry()) else {
        ctx.reply.int(0);
        return Ok(());
    };
    let value = if replace || is_free(&mut ctx.keys, to, target) {
        duplicate(&ctx.keys, ctx.settings, from)
    } else {
        None
    };
    let copied = value.is_some();
    if let Some(value) = value {
        let is_raw = ctx.keys.peek_entry(from).and_then(|entry| entry.str_encoding()) == Some("raw");
        ctx.keys.select(target);
        ctx.keys.remove_with(to, ctx.settings.lazyfree_lazy_server_del);
        ctx.keys.put(to, value, expiry);
        // A string that is shown as "raw" stays so, however short.
        if is_raw && let Some(mut string) = ctx.keys.edit_str(to)? {
            string.bytes_mut();
        }
        ctx.changed(to, EventClasses::GENERIC, "copy_to", 1);
        ctx.keys.select(source);
    }
    ctx.reply.int(i64::from(copied));
    Ok(())
}

fn is_free(keys: &mut Keys<'_>, key: Key<'_>, target: DbIndex) -> bool {
    let source = keys.select(target);
    let free = keys.write_entry(key).is_none();
    keys.select(source);
    free
}

/// A copy of the value at a key, in the same encoding.
fn duplicate(keys: &Keys<'_>, settings: &Settings, key: Key<'_>) -> Option<RawValue> {
    let entry = keys.peek_entry(key)?;
    match Type::of(entry.kind()) {
        Type::String => Some(match entry.as_str()? {
            StrRef::Int(number) => RawValue::from_int(number),
            StrRef::Bytes(bytes) => RawValue::from_string(Bytes::copy_from_slice(bytes)),
            // Two keys share the bytes until one of them is edited.
            StrRef::Heap(bytes) => RawValue::from_string(bytes.clone()),
        }),
        Type::List => cloned::<List>(keys, key),
        Type::Set => cloned::<Set>(keys, key),
        Type::Hash => cloned::<Hash>(keys, key),
        Type::Stream => cloned::<Box<Stream>>(keys, key),
        Type::Zset => {
            let zset = keys.peek::<Zset>(key).ok()??;
            Some(RawValue::new(clone_zset(&zset, settings, keys.seed())))
        }
    }
}

fn cloned<T: Collection + Clone>(keys: &Keys<'_>, key: Key<'_>) -> Option<RawValue> {
    keys.peek::<T>(key).ok()?.map(|value| RawValue::new(T::clone(&value)))
}

fn clone_zset(zset: &Zset, settings: &Settings, seed: Seed) -> Zset {
    if let Zset::Packed(pack) = zset {
        return Zset::Packed(pack.clone());
    }
    let mut copy = Zset::Packed(Listpack::new());
    copy.expand(seed);
    for (member, score) in zset.iter() {
        let mut digits = itoa::Buffer::new();
        copy.update(member.text(&mut digits), settings, seed, |_| Some(score));
    }
    copy
}
