//! Arguments that several stream commands take: ids, ends of ranges, counts.

use crate::command::{Args, Error};
use crate::stream::{BoundError, StreamId};
use crate::text::parse_i64;

pub(super) const INVALID_ID: Error =
    Error::fixed("ERR Invalid stream ID specified as stream command argument");

/// An id where `-` and `+` have no meaning; a missing sequence is 0.
pub(super) fn strict_id(arg: &[u8]) -> Result<StreamId, Error> {
    StreamId::parse_strict(arg, 0).ok_or(INVALID_ID)
}

/// All ids from argument `first` on. None of them is acted upon when one is invalid.
pub(super) fn strict_ids(args: Args<'_>, first: usize) -> Result<Vec<StreamId>, Error> {
    args.from(first).iter().map(strict_id).collect()
}

/// The first id of a range.
pub(super) fn range_start(arg: &[u8]) -> Result<StreamId, Error> {
    StreamId::parse_start(arg).map_err(|error| match error {
        BoundError::Invalid => INVALID_ID,
        BoundError::Empty => Error::fixed("ERR invalid start ID for the interval"),
    })
}

/// The last id of a range.
pub(super) fn range_end(arg: &[u8]) -> Result<StreamId, Error> {
    StreamId::parse_end(arg).map_err(|error| match error {
        BoundError::Invalid => INVALID_ID,
        BoundError::Empty => Error::fixed("ERR invalid end ID for the interval"),
    })
}

pub(super) fn integer(arg: &[u8]) -> Result<i64, Error> {
    parse_i64(arg).ok_or(Error::NOT_INTEGER)
}

/// A count where 0 means all.
pub(super) fn most(count: u64) -> usize {
    if count == 0 { usize::MAX } else { usize::try_from(count).unwrap_or(usize::MAX) }
}

/// The answer to options that a subcommand does not know.
pub(super) fn subcommand_syntax(args: Args<'_>, container: &str) -> Error {
    let sub = args.get(1);
    let shown = &sub[..sub.len().min(128)];
    let start: &[u8] = b"ERR unknown subcommand or wrong number of arguments for '";
    Error::quoting(&[start, shown, b"'. Try ", container.as_bytes(), b" HELP."])
}
