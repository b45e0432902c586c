//! Bitmaps: strings looked at bit by bit. The arithmetic is in [`crate::bits`].

mod bitcount;
mod bitfield;
mod bitop;
mod bitpos;
mod setbit;
#[cfg(test)]
mod tests;

use crate::command::{Arg, Command, Error};
use crate::level::Level;
use crate::settings::Settings;
use crate::text::{eq_ignore_case, parse_i64};
use std::ops::Range;

/// All commands of the group.
pub static COMMANDS: &[&Command] = &[
    &setbit::SETBIT,
    &setbit::GETBIT,
    &bitcount::BITCOUNT,
    &bitpos::BITPOS,
    &bitop::BITOP,
    &bitfield::BITFIELD,
    &bitfield::BITFIELD_RO,
];

const BAD_OFFSET: Error = Error::fixed("ERR bit offset is not an integer or out of range");

/// The offset of a bit: not negative, and in a string no longer than allowed (unless the command
/// comes from a trusted source).
fn bit_offset(text: &[u8], settings: &Settings, trusted: bool) -> Result<u64, Error> {
    checked_offset(parse_i64(text), settings, trusted)
}

fn checked_offset(offset: Option<i64>, settings: &Settings, trusted: bool) -> Result<u64, Error> {
    let offset = offset.and_then(|offset| u64::try_from(offset).ok()).ok_or(BAD_OFFSET)?;
    if !trusted && offset >> 3 >= settings.proto_max_bulk_len as u64 {
        return Err(BAD_OFFSET);
    }
    Ok(offset)
}

/// What the ends of a range count.
#[derive(Clone, Copy)]
enum Unit {
    Byte,
    Bit,
}

impl Unit {
    const ARGS: &'static [Arg] = &[Arg::word("byte", "BYTE"), Arg::word("bit", "BIT")];

    /// Ranges of bits came with 7.0.
    fn parse(text: &[u8], level: Level) -> Result<Unit, Error> {
        match text {
            _ if level < Level::V7_0 => Err(Error::SYNTAX),
            _ if eq_ignore_case(text, b"bit") => Ok(Unit::Bit),
            _ if eq_ignore_case(text, b"byte") => Ok(Unit::Byte),
            _ => Err(Error::SYNTAX),
        }
    }

    /// The bits from `start` to `end` of a string of `len` bytes; both ends are inclusive,
    /// negative ones count from the end. `None` if nothing is between them.
    fn resolve(self, start: i64, end: i64, len: usize) -> Option<Range<u64>> {
        let bits = match self {
            Unit::Byte => 8,
            Unit::Bit => 1,
        };
        let total = len as i64 * 8 / bits;
        let resolve = |index: i64| if index < 0 { (index + total).max(0) } else { index };
        let (start, end) = (resolve(start), resolve(end).min(total - 1));
        (start <= end).then(|| (start * bits) as u64..((end + 1) * bits) as u64)
    }
}
