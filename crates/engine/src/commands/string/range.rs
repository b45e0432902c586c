//! GETRANGE, SUBSTR, SETRANGE: parts of strings.

use super::{checked_len, max_len};
use crate::command::*;
use crate::commands::number::int;

const PART: &[Arg] = &[Arg::key("key"), Arg::integer("start"), Arg::integer("end")];

/// Declaration of GETRANGE.
pub static GETRANGE: Command = Command::new("getrange", Group::String, 4, getrange)
    .since("2.4.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns a part of a string.")
    .complexity("O(N) where N is the length of the part")
    .args(PART);

/// Declaration of SUBSTR.
pub static SUBSTR: Command = Command::new("substr", Group::String, 4, getrange)
    .since("1.0.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .deprecated("2.0.0", "`GETRANGE`")
    .summary("Returns a part of a string.")
    .complexity("O(N) where N is the length of the part")
    .args(PART);

fn getrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (start, end) = (int(args.get(2))?, int(args.get(3))?);
    let key = ctx.key(args, 1);
    match ctx.keys.read_str(key)? {
        Some(string) => ctx.reply.bulk(part(&string.bytes(), start, end)),
        None => ctx.reply.bulk(b""),
    }
    Ok(())
}

/// From `start` to `end`, both inclusive, negative ones counted from the end.
fn part(bytes: &[u8], start: i64, end: i64) -> &[u8] {
    let len = bytes.len() as i64;
    if start < 0 && end < 0 && start > end {
        return b"";
    }
    let resolve = |index: i64| if index < 0 { (index + len).max(0) } else { index };
    let (start, end) = (resolve(start), resolve(end).min(len - 1));
    if start > end { b"" } else { &bytes[start as usize..=end as usize] }
}

/// Declaration of SETRANGE.
pub static SETRANGE: Command = Command::new("setrange", Group::String, 4, setrange)
    .since("2.2.0")
    .flags(WRITE | DENYOOM)
    .keys(&[KeySpec::at(1, RW | UPDATE)])
    .summary("Overwrites a part of a string, which grows if needed.")
    .complexity("O(M) where M is the length of the part; growing may copy the string")
    .args(&[Arg::key("key"), Arg::integer("offset"), Arg::string("value")]);

fn setrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let offset =
        usize::try_from(int(args.get(2))?).map_err(|_| Error::fixed("ERR offset is out of range"))?;
    let (key, value) = (ctx.key(args, 1), args.get(3));
    if value.is_empty() {
        let len = ctx.keys.edit_str(key)?.map_or(0, |string| string.get().len());
        ctx.reply.count(len);
        return Ok(());
    }
    let Ok(end) = checked_len(offset, value.len(), max_len(ctx)) else {
        // The wrong type is the more important mistake.
        ctx.keys.edit_str(key)?;
        return Err(Error::STRING_TOO_LONG);
    };
    let len = ctx.keys.edit_or_create_str(key, |string, _| {
        let old = string.get().len();
        if end > old {
            string.resize(end);
        }
        string.bytes_mut()[offset..end].copy_from_slice(value);
        old.max(end)
    })?;
    ctx.changed(key, EventClasses::STRING, "setrange", 1);
    ctx.reply.count(len);
    Ok(())
}
