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

/// Refuses a string of `size` plus `more` bytes if that is beyond `proto-max-bulk-len`.
fn check_len(ctx: &Ctx<'_>, size: usize, more: usize) -> Result<(), Error> {
    let fits = size.checked_add(more).is_some_and(|total| total <= ctx.settings.proto_max_bulk_len);
    if fits || ctx.caller.trusted { Ok(()) } else { Err(Error::STRING_TOO_LONG) }
}
