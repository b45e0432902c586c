//! GET, GETDEL, GETSET: the string at a key, and what becomes of it.

use super::store::stored;
use crate::command::*;
use crate::keyspace::Ttl;
use crate::value::StrRef;
use ochre_resp::reply::Reply;

/// Declaration of GET.
pub static GET: Command = Command::new("get", Group::String, 2, get)
    .since("1.0.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns the string stored at a key.")
    .complexity("O(1)")
    .args(&[Arg::key("key")]);

fn get(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    reply_value(ctx, key)
}

/// Answers the string at a key, or null.
#[inline]
pub(super) fn reply_value(ctx: &mut Ctx<'_>, key: Key<'_>) -> Outcome {
    match ctx.keys.read_str(key)? {
        Some(string) => reply_string(&mut ctx.reply, &string),
        None => ctx.reply.null(),
    }
    Ok(())
}

/// Writes a string as a bulk reply; large ones are shared, not copied.
pub(super) fn reply_string(reply: &mut Reply<'_>, string: &StrRef<'_>) {
    match string {
        StrRef::Bytes(bytes) => reply.bulk(bytes),
        StrRef::Int(n) => reply.bulk_int(*n),
        StrRef::Heap(bytes) => reply.bulk_shared(bytes),
    }
}

/// Declaration of GETDEL.
pub static GETDEL: Command = Command::new("getdel", Group::String, 2, getdel)
    .since("6.2.0")
    .flags(WRITE | FAST)
    .keys(&[KeySpec::at(1, RW | ACCESS | DELETE)])
    .summary("Returns the string at a key and deletes the key.")
    .complexity("O(1)")
    .args(&[Arg::key("key")]);

fn getdel(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    reply_value(ctx, key)?;
    if ctx.keys.remove_with(key, false) {
        ctx.propagate(|| vec![vec![b"DEL".to_vec(), key.bytes.to_vec()]]);
        ctx.changed(key, EventClasses::GENERIC, "del", 1);
    }
    Ok(())
}

/// Declaration of GETSET.
pub static GETSET: Command = Command::new("getset", Group::String, 3, getset)
    .since("1.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | ACCESS | UPDATE)])
    .deprecated("6.2.0", "`SET` with the `!GET` argument")
    .summary("Returns the string at a key and stores another.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::string("value")]);

fn getset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    reply_value(ctx, key)?;
    ctx.keys.set_str(key, stored(args, 2), Ttl::Clear);
    ctx.propagate(|| vec![vec![b"SET".to_vec(), key.bytes.to_vec(), args.get(2).to_vec()]]);
    ctx.changed(key, EventClasses::STRING, "set", 1);
    Ok(())
}
