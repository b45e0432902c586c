//! Allocations of the tables' entries: sizes rounded up to the allocator's classes, and lengths of
//! one byte where they are short.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// What an allocation of `bytes` takes: the size classes of jemalloc with a quantum of 8, multiples
/// of 8 up to 64, then four to a doubling.
#[inline]
pub const fn alloc_size(bytes: usize) -> usize {
    if bytes <= 64 {
        return if bytes == 0 { 8 } else { (bytes + 7) & !7 };
    }
    let quarter = 1 << ((bytes - 1).ilog2() - 2);
    (bytes + quarter - 1) & !(quarter - 1)
}

#[inline]
fn layout(bytes: usize) -> Layout {
    // SAFETY: the alignment is a power of two, and `bytes` is the length of things in memory.
    unsafe { Layout::from_size_align_unchecked(alloc_size(bytes), 8) }
}

/// Allocates room for `bytes`, 8-byte aligned. The whole size class may be used.
#[inline]
pub(super) fn allocate(bytes: usize) -> NonNull<u8> {
    let layout = layout(bytes);
    // SAFETY: the layout's size is at least 8.
    NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Frees an allocation.
///
/// # Safety
/// It came from `allocate` with a number of bytes of the same size class.
#[inline]
pub(super) unsafe fn free(blob: NonNull<u8>, bytes: usize) {
    // SAFETY: the same class, so the same layout.
    unsafe { dealloc(blob.as_ptr(), layout(bytes)) }
}

/// Bytes that a length takes: 1 below 253, else 1 and a number of 2, 4 or 8 bytes.
#[inline]
pub(super) fn length_size(length: usize) -> usize {
    match length {
        0..=252 => 1,
        253..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// Writes a length; returns where it ends.
///
/// # Safety
/// `length_size(length)` bytes at `at` are writable.
#[inline]
pub(super) unsafe fn write_length(at: *mut u8, length: usize) -> *mut u8 {
    let size = length_size(length);
    // SAFETY: in bounds by the contract.
    unsafe {
        match size {
            1 => *at = length as u8,
            3 => {
                *at = 253;
                at.add(1).cast::<u16>().write_unaligned(length as u16);
            }
            5 => {
                *at = 254;
                at.add(1).cast::<u32>().write_unaligned(length as u32);
            }
            _ => {
                *at = 255;
                at.add(1).cast::<u64>().write_unaligned(length as u64);
            }
        }
        at.add(size)
    }
}

/// Reads a length; returns it and where it ends.
///
/// # Safety
/// `at` is where `write_length` wrote.
#[inline]
pub(super) unsafe fn read_length(at: *const u8) -> (usize, *const u8) {
    // SAFETY: the first byte tells how many follow.
    unsafe {
        match *at {
            253 => (usize::from(at.add(1).cast::<u16>().read_unaligned()), at.add(3)),
            254 => (at.add(1).cast::<u32>().read_unaligned() as usize, at.add(5)),
            255 => (at.add(1).cast::<u64>().read_unaligned() as usize, at.add(9)),
            short => (usize::from(short), at.add(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_the_allocators_classes() {
        let classes =
            [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640];
        for bytes in 1..=640 {
            let class = classes.into_iter().find(|&class| class >= bytes);
            assert_eq!(Some(alloc_size(bytes)), class, "{bytes} bytes");
        }
    }

    #[test]
    fn lengths_survive() {
        for length in [0, 1, 252, 253, 254, 255, 256, 65535, 65536, 1 << 32] {
            let mut room = [0u8; 9];
            // SAFETY: nine bytes are the longest length.
            let (read, used) = unsafe {
                let end = write_length(room.as_mut_ptr(), length);
                let (read, end_of_read) = read_length(room.as_ptr());
                assert_eq!(end.cast_const(), end_of_read);
                (read, end_of_read.offset_from(room.as_ptr()))
            };
            assert_eq!((read, used as usize), (length, length_size(length)));
        }
    }
}
