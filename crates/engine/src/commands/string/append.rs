//! APPEND: adds to the end of a string.

use crate::command::*;

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
    let limit = ctx.settings.proto_max_bulk_len;
    let mut string = ctx.keys.create_str(key)?;
    let len = string.get().len() + tail.len();
    if len > limit {
        return Err(Error::STRING_TOO_LONG);
    }
    string.append(tail);
    drop(string);
    ctx.changed(key, EventClasses::STRING, "append", 1);
    ctx.reply.count(len);
    Ok(())
}
