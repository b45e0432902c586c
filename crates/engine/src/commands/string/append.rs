//! APPEND and STRLEN: strings that grow, and their length.

use super::store::stored;
use super::{checked_len, max_len};
use crate::command::*;
use crate::keyspace::Ttl;

/// Declaration of APPEND.
pub static APPEND: Command = Command::new("append", Group::String, 3, append)
    .since("2.0.0")
    .flags(WRITE | DENYOOM | FAST)
    .keys(&[KeySpec::at(1, RW | INSERT)])
    .summary("Adds bytes to the end of a string; a missing key is made.")
    .complexity("O(1), amortised: the string grows in steps.")
    .args(&[Arg::key("key"), Arg::string("value")]);

fn append(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, tail) = (ctx.key(args, 1), args.get(2));
    let limit = max_len(ctx);
    let len = if let Some(mut string) = ctx.keys.edit_str(key)? {
        let len = checked_len(string.get().len(), tail.len(), limit)?;
        string.append(tail);
        len
    } else {
        ctx.keys.set_str(key, stored(args, 2), Ttl::Clear);
        tail.len()
    };
    ctx.changed(key, EventClasses::STRING, "append", 1);
    ctx.reply.count(len);
    Ok(())
}

/// Declaration of STRLEN.
pub static STRLEN: Command = Command::new("strlen", Group::String, 2, strlen)
    .since("2.2.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO)])
    .summary("Returns the length of a string.")
    .complexity("O(1)")
    .args(&[Arg::key("key")]);

fn strlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let len = ctx.keys.read_str(key)?.map_or(0, |string| string.len());
    ctx.reply.count(len);
    Ok(())
}
