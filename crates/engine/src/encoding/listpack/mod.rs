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
//! [`Listpack::from_bytes`], which walks them) and is allocated as `encoding::block` says. A wrong
//! [`Pos`] is the caller's mistake: it may panic or read a wrong element, never foreign memory.
#![allow(unsafe_code)]

mod check;
mod codec;
mod edit;
#[cfg(test)]
mod tests;

use super::{Corrupt, block};
use codec::{EOF, decode, skip, skip_back};
pub use codec::{Entries, Entry, Item, Needle};
use std::{fmt, ptr::NonNull, slice};

/// Bytes of the header: total and count.
const HEADER: usize = 6;
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
#[repr(transparent)]
pub struct Listpack(NonNull<u8>);

// SAFETY: a listpack owns its block and hands out references to it only under its own borrow.
unsafe impl Send for Listpack {}
// SAFETY: as above; there is no interior mutability.
unsafe impl Sync for Listpack {}

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

    /// Copies bytes that are known to be a listpack.
    pub(in crate::encoding) fn copy_of(bytes: &[u8]) -> Self {
        let block = block::allocate(bytes.len());
        // SAFETY: the new block has room for the bytes and does not overlap them.
        unsafe { block.as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Listpack(block)
    }

    /// Gives up ownership for a thin pointer; its three low bits are zero.
    pub fn into_raw(self) -> NonNull<u8> {
        let block = self.0;
        std::mem::forget(self);
        block
    }

    /// Takes ownership back.
    ///
    /// # Safety
    /// `block` must come from [`Listpack::into_raw`], once.
    pub unsafe fn from_raw(block: NonNull<u8>) -> Self {
        Listpack(block)
    }

    /// Borrows the listpack whose raw pointer is stored in `block`.
    ///
    /// # Safety
    /// `block` must hold a pointer of [`Listpack::into_raw`] that nobody else owns.
    pub unsafe fn borrow_raw(block: &NonNull<u8>) -> &Self {
        // SAFETY: Listpack is a transparent wrapper of the pointer; the caller vouches for the rest.
        unsafe { &*(std::ptr::from_ref(block).cast::<Self>()) }
    }

    /// Borrows, for changes, the listpack whose raw pointer is stored in `block`.
    ///
    /// # Safety
    /// As for [`Listpack::borrow_raw`].
    pub unsafe fn borrow_raw_mut(block: &mut NonNull<u8>) -> &mut Self {
        // SAFETY: as above.
        unsafe { &mut *(std::ptr::from_mut(block).cast::<Self>()) }
    }

    /// All bytes, as RDB files hold them.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: the first total_bytes() bytes of the block are initialised.
        unsafe { slice::from_raw_parts(self.0.as_ptr(), self.total_bytes()) }
    }

    /// The size of the listpack in bytes, header and end included.
    #[inline]
    pub fn total_bytes(&self) -> usize {
        // SAFETY: the block starts with the four bytes of the total and is aligned to 8.
        u32::from_le(unsafe { self.0.cast::<u32>().read() }) as usize
    }

    /// The size of the heap block in bytes.
    pub fn allocated_bytes(&self) -> usize {
        block::class_size(self.total_bytes())
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

    /// The first element equal to `needle`, comparing every `skip + 1`th element.
    #[inline]
    pub fn find(&self, needle: &[u8], skip: usize) -> Option<Pos> {
        self.find_from(Pos(HEADER as u32), needle, skip)
    }

    /// As [`Listpack::find`], starting with the element at `pos`.
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
        // SAFETY: bytes 4 and 5 hold the count; the block is aligned to 8.
        u16::from_le(unsafe { self.0.add(4).cast::<u16>().read() })
    }
}

impl Default for Listpack {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for Listpack {
    fn clone(&self) -> Self {
        Self::copy_of(self.as_bytes())
    }
}

impl Drop for Listpack {
    fn drop(&mut self) {
        // SAFETY: the block is ours and sized for the total in its header.
        unsafe { block::release(self.0, self.total_bytes()) }
    }
}

impl PartialEq for Listpack {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Listpack {}

impl fmt::Debug for Listpack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
