//! Stream commands. The value itself, which knows no command, is [`crate::stream`].
//!
//! What several rooms share stands here: reading ids, the reply of an entry, and the commands that
//! replicas get instead of the ones clients sent, because deliveries depend on the moment.

mod propagate;
mod trim;
mod xack;
mod xadd;
mod xautoclaim;
mod xclaim;
mod xdel;
mod xgroup;
mod xinfo;
mod xpending;
mod xrange;
mod xread;
mod xsetid;

use crate::command::{Args, Command, Ctx, Error, EventClasses, Key};
use crate::keyspace::{Keys, Mut};
use crate::stream::{BoundError, ConsumerId, Entry, Group, Stream, StreamId};
use crate::text::parse_i64;
use ochre_resp::reply::Reply;

/// The commands of the group.
pub const COMMANDS: &[&Command] = &[
    &xack::XACK,
    &xadd::XADD,
    &xautoclaim::XAUTOCLAIM,
    &xclaim::XCLAIM,
    &xdel::XDEL,
    &xgroup::XGROUP,
    &xinfo::XINFO,
    &xrange::XLEN,
    &xpending::XPENDING,
    &xrange::XRANGE,
    &xread::XREAD,
    &xread::XREADGROUP,
    &xrange::XREVRANGE,
    &xsetid::XSETID,
    &xadd::XTRIM,
];

const INVALID_ID: Error = Error::fixed("ERR Invalid stream ID specified as stream command argument");

/// An id where `-` and `+` have no meaning; a missing sequence is 0.
fn strict_id(arg: &[u8]) -> Result<StreamId, Error> {
    StreamId::parse_strict(arg, 0).ok_or(INVALID_ID)
}

/// All ids from argument `first` on. None of them is acted upon when one is invalid.
fn strict_ids(args: Args<'_>, first: usize) -> Result<Vec<StreamId>, Error> {
    args.from(first).iter().map(strict_id).collect()
}

/// The first id of a range.
fn range_start(arg: &[u8]) -> Result<StreamId, Error> {
    StreamId::parse_start(arg).map_err(|error| match error {
        BoundError::Invalid => INVALID_ID,
        BoundError::Empty => Error::fixed("ERR invalid start ID for the interval"),
    })
}

/// The last id of a range.
fn range_end(arg: &[u8]) -> Result<StreamId, Error> {
    StreamId::parse_end(arg).map_err(|error| match error {
        BoundError::Invalid => INVALID_ID,
        BoundError::Empty => Error::fixed("ERR invalid end ID for the interval"),
    })
}

fn integer(arg: &[u8]) -> Result<i64, Error> {
    parse_i64(arg).ok_or(Error::NOT_INTEGER)
}

/// An entry with its fields, as every command shows it.
fn reply_entry(reply: &mut Reply<'_>, entry: &Entry<'_>) {
    reply.array(2);
    reply.bulk(entry.id().text());
    reply.array(2 * entry.field_count());
    let (mut field_digits, mut value_digits) = (itoa::Buffer::new(), itoa::Buffer::new());
    for (field, value) in entry.fields() {
        reply.bulk(field.text(&mut field_digits));
        reply.bulk(value.text(&mut value_digits));
    }
}

/// Entries with their count in front, which is known only afterwards.
fn reply_entries<'a>(reply: &mut Reply<'_>, entries: impl Iterator<Item = Entry<'a>>) {
    let len = reply.deferred();
    let mut count = 0;
    for entry in entries {
        reply_entry(reply, &entry);
        count += 1;
    }
    reply.set_array_len(len, count);
}

/// A count where 0 means all.
fn most(count: u64) -> usize {
    if count == 0 { usize::MAX } else { usize::try_from(count).unwrap_or(usize::MAX) }
}

/// A stream to change in a command that Redis begins with a lookup for reading, which counts as a
/// hit or a miss.
fn write_after_read<'k>(keys: &'k mut Keys<'_>, key: Key<'_>) -> Result<Option<Mut<'k, Box<Stream>>>, Error> {
    if keys.exists(key) { keys.write(key) } else { Ok(None) }
}

/// `NOGROUP` in the words of XCLAIM, XAUTOCLAIM and XPENDING.
fn no_key_or_group(key: &[u8], group: &[u8]) -> Error {
    Error::quoting(&[b"NOGROUP No such key '", key, b"' or consumer group '", group, b"'"])
}

/// `NOGROUP` in the words of XGROUP and XINFO.
fn no_group_for_key(key: &[u8], group: &[u8]) -> Error {
    Error::quoting(&[b"NOGROUP No such consumer group '", group, b"' for key name '", key, b"'"])
}

/// The consumer of this name, seen now, and whether it had to be created.
fn seen_consumer(group: &mut Group, name: &[u8], now_ms: i64) -> (ConsumerId, bool) {
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
fn changed_quietly(ctx: &mut Ctx<'_>, key: Key<'_>, event: &'static str) {
    ctx.keys.fx.dirty += 1;
    ctx.event(key, EventClasses::STREAM, event);
}

/// Reports that a consumer came to be.
fn consumer_created(ctx: &mut Ctx<'_>, key: Key<'_>) {
    changed_quietly(ctx, key, "xgroup-createconsumer");
}

/// The answer to options that a subcommand does not know.
fn subcommand_syntax(args: Args<'_>, container: &str) -> Error {
    let sub = args.get(1);
    let shown = &sub[..sub.len().min(128)];
    let start: &[u8] = b"ERR unknown subcommand or wrong number of arguments for '";
    Error::quoting(&[start, shown, b"'. Try ", container.as_bytes(), b" HELP."])
}

/// The answer of a HELP subcommand.
fn reply_help(reply: &mut Reply<'_>, container: &str, lines: &[&str]) {
    reply.array(lines.len() + 3);
    reply.simple(&format!("{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    lines.iter().for_each(|line| reply.simple(line));
    reply.simple("HELP");
    reply.simple("    Prints this help.");
}
