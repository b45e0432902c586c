//! BITPOS: where the first bit of a kind is.

use super::Unit;
use crate::bits::find_bit_in;
use crate::command::*;
use crate::commands::number::int;
use crate::level::Level;

/// Declaration of `BITPOS key bit [start [end [BYTE | BIT]]]`.
pub static BITPOS: Command = Command::new("bitpos", Group::Bitmap, -3, bitpos)
    .since("2.8.7")
    .flags(READONLY)
    .keys(&[KeySpec::at(1, RO | ACCESS)])
    .summary("Finds the first set or clear bit of a string.")
    .complexity("O(N)")
    .history(&[("7.0.0", "The range may be given in bits.")])
    .args(&[Arg::key("key"), Arg::integer("bit"), Arg::block("range", RANGE).optional()]);

const RANGE: &[Arg] = &[Arg::integer("start"), Arg::block("end-unit-block", END).optional()];
const END: &[Arg] = &[Arg::integer("end"), Arg::one_of("unit", Unit::ARGS).optional().since("7.0.0")];

fn bitpos(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let bit = match int(args.get(2))? {
        0 => false,
        1 => true,
        _ => return Err(Error::fixed("ERR The bit argument must be 1 or 0.")),
    };
    let key = ctx.key(args, 1);
    let level = ctx.level();
    let found = match ctx.keys.read_str(key)? {
        // A missing key is an endless row of zeros; its range is not looked at.
        None => (!bit).then_some(0),
        Some(string) => position(&string.bytes(), bit, args, level)?,
    };
    ctx.reply.int(found.map_or(-1, |offset| offset as i64));
    Ok(())
}

fn position(data: &[u8], bit: bool, args: Args<'_>, level: Level) -> Result<Option<u64>, Error> {
    if args.len() > 6 {
        return Err(Error::SYNTAX);
    }
    let start = args.try_get(3).map_or(Ok(0), int)?;
    let unit = args.try_get(5).map_or(Ok(Unit::Byte), |text| Unit::parse(text, level))?;
    let end = args.try_get(4).map(int).transpose()?;
    let Some(range) = unit.resolve(start, end.unwrap_or(-1), data.len()) else { return Ok(None) };
    let found = find_bit_in(data, range.clone(), bit);
    // Without an end, zeros go on behind the string.
    let beyond = if bit || end.is_some() { None } else { Some(range.end) };
    Ok(found.or(beyond))
}
