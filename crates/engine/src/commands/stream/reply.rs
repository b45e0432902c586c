//! Replies that several stream commands give: entries, lines of help, the errors about groups.

use crate::command::Error;
use crate::stream::Entry;
use ochre_resp::reply::Reply;

/// An entry with its fields, as every command shows it.
pub(super) fn reply_entry(reply: &mut Reply<'_>, entry: &Entry<'_>) {
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
pub(super) fn reply_entries<'a>(reply: &mut Reply<'_>, entries: impl Iterator<Item = Entry<'a>>) {
    let len = reply.deferred();
    let mut count = 0;
    for entry in entries {
        reply_entry(reply, &entry);
        count += 1;
    }
    reply.set_array_len(len, count);
}

/// `NOGROUP` in the words of XCLAIM, XAUTOCLAIM and XPENDING.
pub(super) fn no_key_or_group(key: &[u8], group: &[u8]) -> Error {
    Error::quoting(&[b"NOGROUP No such key '", key, b"' or consumer group '", group, b"'"])
}

/// `NOGROUP` in the words of XGROUP and XINFO.
pub(super) fn no_group_for_key(key: &[u8], group: &[u8]) -> Error {
    Error::quoting(&[b"NOGROUP No such consumer group '", group, b"' for key name '", key, b"'"])
}

/// The answer of a HELP subcommand.
pub(super) fn reply_help(reply: &mut Reply<'_>, container: &str, lines: &[&str]) {
    reply.array(lines.len() + 3);
    reply.simple(&format!("{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    lines.iter().for_each(|line| reply.simple(line));
    reply.simple("HELP");
    reply.simple("    Prints this help.");
}
