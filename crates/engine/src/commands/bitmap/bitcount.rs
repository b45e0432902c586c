//! BITCOUNT: how many bits are set.

use super::Unit;
use crate::bits::count_ones_in;
use crate::command::*;
use crate::commands::number::int;
use crate::level::Level;

/// Declaration of `BITCOUNT key [start end [BYTE | BIT]]`.
pub static BITCOUNT: Command = Command::new("bitcount", Group::Bitmap, -2, bitcount)
    .since("2.6.0")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Counts the bits that are set in a string or in a part of it.")
    .complexity("O(N)")
    .history(&[("7.0.0", "The range may be given in bits.")])
    .args(&[Arg::key("key"), Arg::block("range", RANGE).optional()]);

const RANGE: &[Arg] =
    &[Arg::integer("start"), Arg::integer("end"), Arg::one_of("unit", Unit::ARGS).optional().since("7.0.0")];

fn bitcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = ctx.key(args, 1);
    let level = ctx.level();
    // A missing key answers before the range is looked at.
    let Some(string) = ctx.keys.read_str(key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let data = string.bytes();
    let count = match args.len() {
        2 => count_ones_in(&data, 0..u64::MAX),
        4 | 5 => count_range(&data, args, level)?,
        _ => return Err(Error::SYNTAX),
    };
    ctx.reply.int(count as i64);
    Ok(())
}

fn count_range(data: &[u8], args: Args<'_>, level: Level) -> Result<u64, Error> {
    let (start, end) = (int(args.get(2))?, int(args.get(3))?);
    if start < 0 && end < 0 && start > end {
        return Ok(0);
    }
    let unit = match args.try_get(4) {
        None => Unit::Byte,
        Some(text) => Unit::parse(text, level)?,
    };
    let range = unit.resolve(start, end, data.len());
    Ok(range.map_or(0, |range| count_ones_in(data, range)))
}
