//! HyperLogLog commands. The value, a string of Redis's exact bytes, is [`crate::hyperloglog`].

mod pfadd;
mod pfcount;
mod pfdebug;
mod pfmerge;
mod pfselftest;

use crate::command::{Command, Error};
use crate::hyperloglog::{Corrupt, Encoding, check};
use crate::value::StrRef;

/// The commands of the group.
pub const COMMANDS: &[&Command] =
    &[&pfadd::PFADD, &pfcount::PFCOUNT, &pfdebug::PFDEBUG, &pfmerge::PFMERGE, &pfselftest::PFSELFTEST];

/// The encoding of a string, which must be a HyperLogLog.
fn encoding_of(value: &StrRef<'_>) -> Result<Encoding, Error> {
    check(&value.bytes()).ok_or(Error::fixed("WRONGTYPE Key is not a valid HyperLogLog string value."))
}

impl From<Corrupt> for Error {
    fn from(_: Corrupt) -> Error {
        Error::fixed("INVALIDOBJ Corrupted HLL object detected")
    }
}
