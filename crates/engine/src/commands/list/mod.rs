//! The commands on lists.

use crate::command::*;
use crate::encoding::listpack::Item;
use crate::text::{eq_ignore_case, parse_i64};
use crate::value::{End, List};
use ochre_resp::reply::Reply;
use std::ops::ControlFlow;

mod edit;
mod lmove;
mod lpos;
mod mpop;
mod pop;
mod push;
mod read;
#[cfg(test)]
mod tests;

/// The commands of this group.
pub const COMMANDS: &[&Command] = &[
    &pop::BLPOP,
    &pop::BRPOP,
    &pop::LPOP,
    &pop::RPOP,
    &push::LPUSH,
    &push::LPUSHX,
    &push::RPUSH,
    &push::RPUSHX,
    &read::LINDEX,
    &read::LLEN,
    &read::LRANGE,
    &edit::LINSERT,
    &edit::LREM,
    &edit::LSET,
    &edit::LTRIM,
    &lpos::LPOS,
    &lmove::BLMOVE,
    &lmove::BRPOPLPUSH,
    &lmove::LMOVE,
    &lmove::RPOPLPUSH,
    &mpop::BLMPOP,
    &mpop::LMPOP,
];

/// `LEFT` or `RIGHT`, as several commands take it.
const ENDS: &[Arg] = &[Arg::word("left", "LEFT"), Arg::word("right", "RIGHT")];

/// The end of a list that an argument names.
fn end_named(arg: &[u8]) -> Result<End, Error> {
    if eq_ignore_case(arg, b"left") {
        Ok(End::Front)
    } else if eq_ignore_case(arg, b"right") {
        Ok(End::Back)
    } else {
        Err(Error::SYNTAX)
    }
}

/// An argument that is an integer of at least `min`; whatever is wrong with it, the error is the same.
fn at_least(arg: &[u8], min: i64, error: Error) -> Result<usize, Error> {
    parse_i64(arg).filter(|value| *value >= min).map(|value| value as usize).ok_or(error)
}

/// Writes one element.
#[inline]
fn write_item(reply: &mut Reply<'_>, item: Item<'_>) {
    match item {
        Item::Str(bytes) => reply.bulk(bytes),
        Item::Int(value) => reply.bulk_int(value),
    }
}

/// Writes an array of `count` elements, starting with the one at `start`, which must exist.
fn write_range(reply: &mut Reply<'_>, list: &List, start: usize, count: usize, from: End) {
    reply.array(count);
    let mut left = count;
    if left == 0 {
        return;
    }
    list.visit(start, from, |item| {
        write_item(reply, item);
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
}
