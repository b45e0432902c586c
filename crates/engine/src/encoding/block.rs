//! Heap blocks whose size can be told from their contents.
//!
//! Listpack and intset are thin pointers: the header inside the block tells the used bytes,
//! and the block's size follows from that by [`class_size`]. Asking for whole size classes of
//! the allocator costs no memory, since the allocator would round up anyway, and saves the
//! call into it whenever a structure grows or shrinks within its class.
//!
//! Invariant kept by the callers: a block with `used` bytes in use was allocated, or last
//! resized, with exactly `class_size(used)` bytes.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::ptr::NonNull;

/// Blocks are aligned so that the three low bits of their address are free for tags.
const ALIGN: usize = 8;

/// The allocation size in bytes for `used` bytes: jemalloc's size classes with a quantum of 8,
/// that is multiples of 8 up to 64, then four steps to each doubling.
#[inline]
pub fn class_size(used: usize) -> usize {
    if used <= 64 {
        return used.max(1).next_multiple_of(8);
    }
    let step = 1usize << ((used - 1).ilog2() - 2);
    (used + step - 1) & !(step - 1)
}

/// A new uninitialised block for `used` bytes.
pub(super) fn allocate(used: usize) -> NonNull<u8> {
    let layout = layout(used);
    // SAFETY: class_size never returns zero, so the layout is not empty.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Resizes a block from `old_used` to `new_used` bytes, keeping what fits in both.
///
/// # Safety
/// `block` must be a live block of this module sized for `old_used` bytes.
#[inline]
pub(super) unsafe fn resize(block: NonNull<u8>, old_used: usize, new_used: usize) -> NonNull<u8> {
    if class_size(old_used) == class_size(new_used) {
        return block;
    }
    let new_layout = layout(new_used);
    // SAFETY: the caller vouches for the block and its size; the new size is not zero.
    let grown = unsafe { realloc(block.as_ptr(), layout(old_used), new_layout.size()) };
    NonNull::new(grown).unwrap_or_else(|| handle_alloc_error(new_layout))
}

/// Frees a block.
///
/// # Safety
/// `block` must be a live block of this module sized for `used` bytes; it is dead afterwards.
pub(super) unsafe fn release(block: NonNull<u8>, used: usize) {
    // SAFETY: the caller vouches for the block and its size.
    unsafe { dealloc(block.as_ptr(), layout(used)) }
}

fn layout(used: usize) -> Layout {
    Layout::from_size_align(class_size(used), ALIGN).expect("sizes stay far below isize::MAX")
}

#[cfg(test)]
mod tests {
    use super::class_size;

    #[test]
    fn classes_are_those_of_the_allocator() {
        for (used, class) in
            [(0, 8), (1, 8), (8, 8), (9, 16), (57, 64), (64, 64), (65, 80), (81, 96), (128, 128)]
        {
            assert_eq!(class_size(used), class, "{used}");
        }
        for (used, class) in [(129, 160), (4096, 4096), (4097, 5120), (7169, 8192), (8193, 10240)] {
            assert_eq!(class_size(used), class, "{used}");
        }
    }
}
