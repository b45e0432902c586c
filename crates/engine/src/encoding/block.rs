//! Heap blocks that describe themselves: the memory of listpacks and intsets.
//!
//! ```text
//!   Block  --> +--------+---------------------+ - - - - +
//!              | header | payload             | unused  |
//!              +--------+---------------------+ - - - - +
//!              |<-- total, by the header ---->|
//!              |<-- class_size(total): what is allocated ->|
//! ```
//! A [`Block`] is a thin pointer: the header tells how many bytes are in use, and the size of the allocation
//! follows from that. Asking for whole size classes of the allocator costs no memory, since the allocator would round
//! up anyway, and saves the call into it whenever a structure grows or shrinks within its class.
//!
//! Invariants: the header of a block tells exactly the bytes that are initialised, and the block was allocated, or last
//! resized, with the size class of that number. Therefore a header is only ever written together with a change of size
//! ([`Block::splice`]).
#![allow(unsafe_code)]

use crate::size_class::class_size;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::slice;

/// Blocks are aligned so that the three low bits of their address are free for tags.
const ALIGN: usize = 8;

/// How a header tells the size of its block.
///
/// # Safety
/// `total` depends on the header alone.
pub unsafe trait Form {
    /// Bytes of the header.
    const HEADER: usize;

    /// Bytes of a block with this header, which are `HEADER` bytes; the header included.
    fn total(header: &[u8]) -> usize;
}

/// The header of a listpack: the total in 4 bytes, a count in 2.
pub struct ListpackForm;

// SAFETY: the total is in the header.
unsafe impl Form for ListpackForm {
    const HEADER: usize = 6;

    #[inline(always)]
    fn total(header: &[u8]) -> usize {
        word(header, 0) as usize
    }
}

/// The header of an intset: the bytes of a value in 4 bytes, the number of values in 4.
pub struct IntsetForm;

// SAFETY: both numbers are in the header.
unsafe impl Form for IntsetForm {
    const HEADER: usize = 8;

    #[inline(always)]
    fn total(header: &[u8]) -> usize {
        Self::HEADER + word(header, 0) as usize * word(header, 4) as usize
    }
}

/// A number of 32 bits, little end first.
#[inline(always)]
pub(super) fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// An owned block.
#[repr(transparent)]
pub struct Block<F: Form>(NonNull<u8>, PhantomData<F>);

// SAFETY: a block owns its memory and hands out references to it only under its own borrow.
unsafe impl<F: Form> Send for Block<F> {}
// SAFETY: `&Block` only reads; there is no interior mutability.
unsafe impl<F: Form> Sync for Block<F> {}

impl<F: Form> Block<F> {
    /// A block of these bytes, whose header tells their number.
    pub(in crate::encoding) fn copy_of(bytes: &[u8]) -> Self {
        assert!(F::total(&bytes[..F::HEADER]) == bytes.len(), "a header tells the size of its block");
        let layout = layout(bytes.len());
        // SAFETY: class_size never returns zero, so the layout is not empty.
        let Some(block) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        // SAFETY: the new block has room for the bytes and does not overlap them.
        unsafe { block.as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Block(block, PhantomData)
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
    /// `block` must come from [`Block::into_raw`] of the same type, once.
    pub unsafe fn from_raw(block: NonNull<u8>) -> Self {
        Block(block, PhantomData)
    }

    /// The size of the structure in bytes, header included.
    #[inline]
    pub fn total_bytes(&self) -> usize {
        F::total(self.header())
    }

    /// The size of the heap block in bytes.
    pub fn allocated_bytes(&self) -> usize {
        class_size(self.total_bytes())
    }

    /// All bytes, as RDB files hold them.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: the bytes that the header counts are initialised.
        unsafe { slice::from_raw_parts(self.0.as_ptr(), self.total_bytes()) }
    }

    /// The bytes of the header.
    #[inline]
    pub(super) fn header(&self) -> &[u8] {
        // SAFETY: every block has a header.
        unsafe { slice::from_raw_parts(self.0.as_ptr(), F::HEADER) }
    }

    /// The bytes behind the header, for changes that need no other size.
    #[inline]
    pub(super) fn payload_mut(&mut self) -> &mut [u8] {
        let len = self.total_bytes() - F::HEADER;
        // SAFETY: no block is smaller than its header, as that is checked whenever one is written; these bytes are initialised, ours, and not part of the header.
        unsafe { slice::from_raw_parts_mut(self.0.as_ptr().add(F::HEADER), len) }
    }

    /// Puts `added` bytes, which `fill` writes, in place of the `gone` bytes at `at`, and another header in front,
    /// which tells the new size. Bytes that `fill` leaves out are zeros.
    #[inline]
    pub(super) fn splice(
        &mut self,
        at: usize,
        gone: usize,
        added: usize,
        header: &[u8],
        fill: impl FnOnce(&mut Gap<'_>),
    ) {
        let old = self.total_bytes();
        assert!(at >= F::HEADER && gone <= old && at <= old - gone, "a place outside of the block");
        let (new, tail) = (old - gone + added, old - at - gone);
        assert!(header.len() == F::HEADER && F::total(header) == new, "a header tells the size of its block");
        if new > old {
            self.resize(old, new);
        }
        if added != gone {
            // SAFETY: source and target end at most at the larger of the two sizes, for which there is room.
            unsafe { self.0.add(at + gone).copy_to(self.0.add(at + added), tail) };
        }
        if new < old {
            self.resize(old, new);
        }
        // SAFETY: the block has the new size now, and at least that of a header.
        unsafe { self.0.as_ptr().copy_from_nonoverlapping(header.as_ptr(), F::HEADER) };
        // SAFETY: within the block; it is initialised when the gap is dropped, before anybody else looks.
        let rest = unsafe { slice::from_raw_parts_mut(self.0.as_ptr().add(at).cast(), added) };
        fill(&mut Gap { rest });
    }

    /// Changes what is allocated from that for `old` to that for `new` bytes, of which those are kept that fit in both.
    #[inline]
    fn resize(&mut self, old: usize, new: usize) {
        if class_size(old) == class_size(new) {
            return;
        }
        let new_layout = layout(new);
        // SAFETY: the block was allocated for `old` bytes; the new size is not zero.
        let moved = unsafe { realloc(self.0.as_ptr(), layout(old), new_layout.size()) };
        self.0 = NonNull::new(moved).unwrap_or_else(|| handle_alloc_error(new_layout));
    }
}

impl<F: Form> Clone for Block<F> {
    fn clone(&self) -> Self {
        Self::copy_of(self.as_bytes())
    }
}

impl<F: Form> Drop for Block<F> {
    fn drop(&mut self) {
        // SAFETY: the block is ours and was allocated for the total of its header.
        unsafe { dealloc(self.0.as_ptr(), layout(self.total_bytes())) }
    }
}

impl<F: Form> PartialEq for Block<F> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<F: Form> Eq for Block<F> {}

/// Room inside a block that waits for its bytes. What is left when it is dropped is filled with zeros.
pub(super) struct Gap<'a> {
    rest: &'a mut [MaybeUninit<u8>],
}

impl Gap<'_> {
    /// Writes the next bytes.
    #[inline]
    pub(super) fn put(&mut self, bytes: &[u8]) {
        let (to, rest) = std::mem::take(&mut self.rest).split_at_mut(bytes.len());
        to.write_copy_of_slice(bytes);
        self.rest = rest;
    }
}

impl Drop for Gap<'_> {
    #[inline]
    fn drop(&mut self) {
        self.rest.fill(MaybeUninit::new(0));
    }
}

fn layout(used: usize) -> Layout {
    Layout::from_size_align(class_size(used), ALIGN).expect("sizes stay far below isize::MAX")
}

#[cfg(test)]
mod tests {
    use super::{Block, ListpackForm};

    #[test]
    fn a_gap_that_is_not_filled_has_zeros() {
        let mut block = Block::<ListpackForm>::copy_of(&[8, 0, 0, 0, 1, 2, 3, 4]);
        let splice = |block: &mut Block<ListpackForm>| {
            block.splice(7, 0, 3, &[11, 0, 0, 0, 1, 2], |gap| {
                gap.put(&[9]);
                panic!("the filling fails");
            });
        };
        let splice = std::panic::AssertUnwindSafe(|| splice(&mut block));
        assert!(std::panic::catch_unwind(splice).is_err());
        assert_eq!(block.as_bytes(), [11, 0, 0, 0, 1, 2, 3, 9, 0, 0, 4]);
    }

    #[test]
    #[should_panic(expected = "a header tells the size of its block")]
    fn a_header_that_lies_is_refused() {
        let _ = Block::<ListpackForm>::copy_of(&[9, 0, 0, 0, 0, 0, 255]);
    }
}
