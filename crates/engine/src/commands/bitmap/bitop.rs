//! BITOP: strings combined bit by bit into another.

use crate::bits::{BitOp, combine};
use crate::command::*;
use crate::keyspace::Ttl;
use crate::text::eq_ignore_case;
use crate::value::StrValue;
use std::borrow::Cow;

/// Declaration of `BITOP <AND | OR | XOR | NOT> destkey key [key ...]`.
pub static BITOP: Command = Command::new("bitop", Group::Bitmap, -4, bitop)
    .since("2.6.0")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::at(2, OW | UPDATE), KeySpec::range(3, -1, 1, RO | ACCESS)])
    .summary("Combines strings bit by bit and stores the result.")
    .complexity("O(N)")
    .args(&[Arg::one_of("operation", OPERATIONS), Arg::key("destkey"), Arg::key_of("key", 1).multiple()]);

const OPERATIONS: &[Arg] =
    &[Arg::word("and", "AND"), Arg::word("or", "OR"), Arg::word("xor", "XOR"), Arg::word("not", "NOT")];

const NAMES: [(&[u8], BitOp); 4] =
    [(b"and", BitOp::And), (b"or", BitOp::Or), (b"xor", BitOp::Xor), (b"not", BitOp::Not)];

fn bitop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let name = args.get(1);
    let op = NAMES.iter().find(|(known, _)| eq_ignore_case(name, known)).ok_or(Error::SYNTAX)?.1;
    if op == BitOp::Not && args.len() != 4 {
        return Err(Error::fixed("ERR BITOP NOT must be called with a single source key."));
    }
    // First with the side effects of a read, then all together.
    for at in 3..args.len() {
        let key = ctx.key(args, at);
        ctx.keys.read_str(key)?;
    }
    let mut sources = Vec::with_capacity(args.len() - 3);
    for at in 3..args.len() {
        let key = ctx.key(args, at);
        sources.push(ctx.keys.peek_str(key)?.map_or(Cow::Borrowed(&b""[..]), |string| string.bytes()));
    }
    let slices: Vec<&[u8]> = sources.iter().map(|source| &**source).collect();
    let result = combine(op, &slices);
    drop(sources);
    let (target, len) = (ctx.key(args, 2), result.len());
    if len > 0 {
        ctx.keys.set_str(target, StrValue::Shared(result.into()), Ttl::Clear);
        // Bytes that were calculated are shown as "raw", however few.
        if let Some(mut string) = ctx.keys.edit_str(target)? {
            string.bytes_mut();
        }
        ctx.changed(target, EventClasses::STRING, "set", 1);
    } else if ctx.keys.remove_with(target, ctx.settings.lazyfree_lazy_server_del) {
        ctx.changed(target, EventClasses::GENERIC, "del", 1);
    }
    ctx.reply.count(len);
    Ok(())
}
