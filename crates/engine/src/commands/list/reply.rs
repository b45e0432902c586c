//! Elements of a list in replies.

use crate::encoding::listpack::Item;
use crate::value::{End, List};
use ochre_resp::reply::Reply;
use std::ops::ControlFlow;

/// Writes one element.
#[inline]
pub(super) fn write_item(reply: &mut Reply<'_>, item: Item<'_>) {
    match item {
        Item::Str(bytes) => reply.bulk(bytes),
        Item::Int(value) => reply.bulk_int(value),
    }
}

/// Writes an array of `count` elements, starting with the one at `start`, which must exist.
pub(super) fn write_range(reply: &mut Reply<'_>, list: &List, start: usize, count: usize, from: End) {
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
