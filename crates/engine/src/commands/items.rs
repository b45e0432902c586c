//! Elements of collections in replies.

use crate::encoding::listpack::Item;
use ochre_resp::reply::Reply;

/// Writes an element as a bulk string.
#[inline]
pub fn reply_item(reply: &mut Reply<'_>, item: Item<'_>) {
    match item {
        Item::Str(text) => reply.bulk(text),
        Item::Int(value) => reply.bulk_int(value),
    }
}

/// Writes an element, or null if there is none.
#[inline]
pub fn reply_item_or_null(reply: &mut Reply<'_>, item: Option<Item<'_>>) {
    match item {
        Some(item) => reply_item(reply, item),
        None => reply.null(),
    }
}
