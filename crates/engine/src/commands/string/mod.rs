//! The commands on strings.

mod append;
mod get;
mod getex;
mod incr;
mod incrbyfloat;
mod lcs;
mod multi;
mod options;
mod range;
mod set;
mod setex;
mod store;
#[cfg(test)]
mod tests;

use crate::command::{Command, Ctx, Error};

/// The commands of this group.
pub const COMMANDS: &[&Command] = &[
    &append::APPEND,
    &append::STRLEN,
    &get::GET,
    &get::GETDEL,
    &get::GETSET,
    &getex::GETEX,
    &incr::INCR,
    &incr::DECR,
    &incr::INCRBY,
    &incr::DECRBY,
    &incrbyfloat::INCRBYFLOAT,
    &lcs::LCS,
    &lcs::STRALGO,
    &multi::MGET,
    &multi::MSET,
    &multi::MSETNX,
    &range::GETRANGE,
    &range::SUBSTR,
    &range::SETRANGE,
    &set::SET,
    &setex::SETNX,
    &setex::SETEX,
    &setex::PSETEX,
];

/// The longest string that a caller may make.
fn max_len(ctx: &Ctx<'_>) -> usize {
    if ctx.caller.trusted { usize::MAX } else { ctx.settings.proto_max_bulk_len }
}

/// The sum of two lengths, unless it is beyond `limit`.
fn checked_len(size: usize, more: usize, limit: usize) -> Result<usize, Error> {
    size.checked_add(more).filter(|total| *total <= limit).ok_or(Error::STRING_TOO_LONG)
}
