//! Arguments that several list commands take: the ends of a list, numbers with a lower limit.

use crate::command::{Arg, Error};
use crate::text::{eq_ignore_case, parse_i64};
use crate::value::End;

/// `LEFT` or `RIGHT`, as several commands take it.
pub(super) const ENDS: &[Arg] = &[Arg::word("left", "LEFT"), Arg::word("right", "RIGHT")];

/// The end of a list that an argument names.
pub(super) fn end_named(arg: &[u8]) -> Result<End, Error> {
    if eq_ignore_case(arg, b"left") {
        Ok(End::Front)
    } else if eq_ignore_case(arg, b"right") {
        Ok(End::Back)
    } else {
        Err(Error::SYNTAX)
    }
}

/// An argument that is an integer of at least `min`; whatever is wrong with it, the error is the same.
pub(super) fn at_least(arg: &[u8], min: i64, error: Error) -> Result<usize, Error> {
    parse_i64(arg).filter(|value| *value >= min).map(|value| value as usize).ok_or(error)
}
