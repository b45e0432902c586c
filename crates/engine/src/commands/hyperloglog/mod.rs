//! HyperLogLog commands. The value, a string of Redis's exact bytes, is [`crate::hyperloglog`].

mod pfadd;
mod pfcount;
mod pfdebug;
mod pfmerge;
mod pfselftest;

use crate::command::{Command, Error, Key, Outcome};
use crate::hyperloglog::{Corrupt, Encoding, check};
use crate::keyspace::Keys;
use crate::value::{StrRef, StrValue};

/// The commands of the group.
pub const COMMANDS: &[&Command] =
    &[&pfadd::PFADD, &pfcount::PFCOUNT, &pfdebug::PFDEBUG, &pfmerge::PFMERGE, &pfselftest::PFSELFTEST];

/// The encoding of a string, which must be a HyperLogLog.
fn encoding_of(value: &StrRef<'_>) -> Result<Encoding, Error> {
    check(&value.bytes()).ok_or(Error::fixed("WRONGTYPE Key is not a valid HyperLogLog string value."))
}

/// Stores a value. It counts as a string edited in place, so that even a short one is shown as
/// "raw", as in Redis.
fn store(keys: &mut Keys<'_>, key: Key<'_>, value: &[u8]) -> Outcome {
    let mut string = keys.create_str(key)?;
    string.set(StrValue::Bytes(value));
    string.bytes_mut();
    Ok(())
}

impl From<Corrupt> for Error {
    fn from(_: Corrupt) -> Error {
        Error::fixed("INVALIDOBJ Corrupted HLL object detected")
    }
}
