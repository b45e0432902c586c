//! SETBIT and GETBIT: one bit.

use super::bit_offset;
use crate::bits::{get_bit, set_bit};
use crate::command::*;
use crate::text::parse_i64;

/// Declaration of `SETBIT key offset value`.
pub static SETBIT: Command = Command::new("setbit", Group::Bitmap, 4, setbit)
    .since("2.2.0")
    .flags(WRITE | DENYOOM | QUICK)
    .keys(&[KeySpec::at(1, RW | ACCESS | UPDATE)])
    .summary("Sets or clears one bit of a string, which grows if needed.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::integer("offset"), Arg::integer("value")]);

fn setbit(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let offset = bit_offset(args.get(2), ctx.settings, ctx.caller.trusted)?;
    let on = match parse_i64(args.get(3)) {
        Some(bit @ 0..=1) => bit == 1,
        _ => return Err(Error::fixed("ERR bit is not an integer or out of range")),
    };
    let key = ctx.key(args, 1);
    let (old, changed) = ctx.keys.edit_or_create_str(key, |string, existed| {
        let grows = string.get().len() as u64 <= offset >> 3;
        if grows {
            string.resize((offset >> 3) as usize + 1);
        }
        let old = set_bit(&mut string.bytes_mut(), offset, on);
        (old, !existed || grows || old != on)
    })?;
    if changed {
        ctx.changed(key, EventClasses::STRING, "setbit", 1);
    }
    ctx.reply.int(i64::from(old));
    Ok(())
}

/// Declaration of `GETBIT key offset`.
pub static GETBIT: Command = Command::new("getbit", Group::Bitmap, 3, getbit)
    .since("2.2.0")
    .flags(READONLY | FAST)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Returns one bit of a string.")
    .complexity("O(1)")
    .args(&[Arg::key("key"), Arg::integer("offset")]);

fn getbit(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let offset = bit_offset(args.get(2), ctx.settings, ctx.caller.trusted)?;
    let key = ctx.key(args, 1);
    let bit = match ctx.keys.read_str(key)? {
        Some(string) => get_bit(&string.bytes(), offset),
        None => false,
    };
    ctx.reply.int(i64::from(bit));
    Ok(())
}
