//! Listpack: small collections as one block of bytes, the format of Redis 7 RDB files.
//!
//! ```text
//! 0        4       6                                      total - 1
//! | total  | count | entry | entry | ...                  | 0xFF |
//!   u32 LE  u16 LE   see codec.rs
//! ```
//! `total` counts every byte, header and end byte included. A `count` of 65535 means that the
//! entries must be counted by walking.
//!
//! [`Listpack`] is one thin pointer: header, count and allocation size all come from the block,
//! so a value that holds a collection costs eight bytes beside it.
//!
//! Invariants: the block is a well-formed listpack at all times (foreign bytes enter through
//! `Listpack::from_bytes`, which walks them). A wrong [`Pos`] is the caller's mistake: it may panic or read a wrong
//! element, never foreign memory.

mod check;
mod codec;
mod edit;
#[cfg(test)]
mod tests;

use super::Corrupt;
use super::block::{Block, Form, ListpackForm};
use codec::{EOF, decode, skip, skip_back};
pub use codec::{Entries, Entry, Item, Needle};
use std::fmt;

/// Bytes of the header: total and count.
const HEADER: usize = ListpackForm::HEADER;
/// The count that means "walk and see".
const COUNT_UNKNOWN: u16 = u16::MAX;
/// The size in bytes of an empty listpack.
pub const EMPTY_SIZE: usize = HEADER + 1;
/// Callers keep listpacks below this size in bytes (Redis: LISTPACK_MAX_SAFETY_SIZE).
pub const MAX_SAFE_SIZE: usize = 1 << 30;

/// The position of an element: its offset in bytes. Any change before it makes it stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pos(u32);

/// An owned listpack.
pub type Listpack = Block<ListpackForm>;

impl Listpack {
    /// An empty listpack.
    pub fn new() -> Self {
        Self::copy_of(&[EMPTY_SIZE as u8, 0, 0, 0, 0, 0, EOF])
    }

    /// Takes over foreign bytes after checking every entry.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Corrupt> {
        check::check(bytes)?;
        Ok(Self::copy_of(bytes))
    }

    /// The number of elements. Constant time up to 65534 elements.
    #[inline]
    pub fn len(&self) -> usize {
        match self.header_count() {
            COUNT_UNKNOWN => self.entries().count(),
            count => count as usize,
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.total_bytes() == EMPTY_SIZE
    }

    /// Whether `add` more bytes keep the listpack below [`MAX_SAFE_SIZE`].
    pub fn safe_to_add(&self, add: usize) -> bool {
        self.total_bytes().saturating_add(add) <= MAX_SAFE_SIZE
    }

    /// The element at `pos`.
    #[inline]
    pub fn get(&self, pos: Pos) -> Item<'_> {
        decode(self.as_bytes(), pos.0 as usize).0
    }

    /// The first element's position.
    #[inline]
    pub fn first(&self) -> Option<Pos> {
        self.unless_end(HEADER)
    }

    /// The last element's position.
    #[inline]
    pub fn last(&self) -> Option<Pos> {
        let bytes = self.as_bytes();
        (bytes.len() > EMPTY_SIZE).then(|| Pos(skip_back(bytes, bytes.len() - 1) as u32))
    }

    /// The position behind `pos`.
    #[inline]
    pub fn next(&self, pos: Pos) -> Option<Pos> {
        self.unless_end(skip(self.as_bytes(), pos.0 as usize))
    }

    /// The position before `pos`.
    #[inline]
    pub fn prev(&self, pos: Pos) -> Option<Pos> {
        (pos.0 as usize > HEADER).then(|| Pos(skip_back(self.as_bytes(), pos.0 as usize) as u32))
    }

    /// The position of the element with this index; -1 is the last one.
    pub fn seek(&self, index: i64) -> Option<Pos> {
        let len = match self.header_count() {
            COUNT_UNKNOWN => return self.seek_uncounted(index),
            count => i64::from(count),
        };
        let index = if index < 0 { index + len } else { index };
        if !(0..len).contains(&index) {
            return None;
        }
        if index <= len / 2 {
            self.entries().nth(index as usize).map(|(pos, _)| pos)
        } else {
            self.entries().nth_back((len - 1 - index) as usize).map(|(pos, _)| pos)
        }
    }

    fn seek_uncounted(&self, index: i64) -> Option<Pos> {
        let found = match usize::try_from(index) {
            Ok(index) => self.entries().nth(index),
            Err(_) => self.entries().nth_back(usize::try_from(index.unsigned_abs() - 1).ok()?),
        };
        found.map(|(pos, _)| pos)
    }

    /// The elements in order, from either end.
    #[inline]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Item<'_>> + Clone {
        self.entries().map(|(_, item)| item)
    }

    /// The elements in order with their positions, from either end.
    #[inline]
    pub fn entries(&self) -> Entries<'_> {
        let bytes = self.as_bytes();
        Entries::new(bytes, HEADER, bytes.len() - 1)
    }

    /// The elements from `pos` to the end, with their positions.
    pub fn entries_from(&self, pos: Pos) -> Entries<'_> {
        let bytes = self.as_bytes();
        Entries::new(bytes, pos.0 as usize, bytes.len() - 1)
    }

    /// The elements before `pos`, with their positions.
    pub fn entries_before(&self, pos: Pos) -> Entries<'_> {
        Entries::new(self.as_bytes(), HEADER, pos.0 as usize)
    }

    /// The element at `pos` and the position behind it: a walk that can be put aside.
    #[inline]
    pub fn step(&self, pos: Pos) -> (Item<'_>, Option<Pos>) {
        let at = pos.0 as usize;
        let (item, encoded) = decode(self.as_bytes(), at);
        (item, self.unless_end(at + encoded + codec::backlen_size(encoded)))
    }

    /// The first element that is equal to `needle`. After each comparison, `skip` elements are left out.
    #[inline]
    pub fn find(&self, needle: &[u8], skip: usize) -> Option<Pos> {
        self.find_from(Pos(HEADER as u32), needle, skip)
    }

    /// The first element from `pos` on that is equal to `needle`. After each comparison, `skip` elements are
    /// left out.
    pub fn find_from(&self, pos: Pos, needle: &[u8], skip: usize) -> Option<Pos> {
        let bytes = self.as_bytes();
        let needle = Needle::new(needle);
        let end = bytes.len() - 1;
        let mut at = pos.0 as usize;
        while at < end {
            let (item, encoded) = decode(bytes, at);
            if needle.is(item) {
                return Some(Pos(at as u32));
            }
            at += encoded + codec::backlen_size(encoded);
            for _ in 0..skip {
                if at >= end {
                    return None;
                }
                at = codec::skip(bytes, at);
            }
        }
        None
    }

    fn unless_end(&self, at: usize) -> Option<Pos> {
        (at < self.total_bytes() - 1).then_some(Pos(at as u32))
    }

    #[inline]
    fn header_count(&self) -> u16 {
        let header = self.header();
        u16::from_le_bytes([header[4], header[5]])
    }
}

impl Default for Listpack {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Listpack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
