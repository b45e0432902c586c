//! Numbers among the arguments of a command, with the errors of getLongLongFromObjectOrReply
//! and its relatives (Redis, object.c).

use crate::command::Error;
use crate::text::parse_i64;
use std::ops::RangeInclusive;

/// A signed 64-bit integer.
#[inline]
pub fn int(text: &[u8]) -> Result<i64, Error> {
    parse_i64(text).ok_or(Error::NOT_INTEGER)
}

/// A signed 64-bit integer within limits.
pub fn int_in(text: &[u8], limits: RangeInclusive<i64>) -> Result<i64, Error> {
    let value = int(text)?;
    if limits.contains(&value) {
        return Ok(value);
    }
    let (min, max) = limits.into_inner();
    Err(Error::new(format!("ERR value is out of range, value must between {min} and {max}")))
}
