//! What big hashes and sets store: texts with their lengths in one allocation, or an integer in the word itself.
//!
//! ```text
//!  field     word -> +--------------+--------------+-------+-------+
//!                    | field length | value length | field | value |
//!                    +--------------+--------------+-------+-------+
//!  member    word -> +--------+-------+
//!                    | length | bytes |
//!                    +--------+-------+
//!  integer   word = | value, 45 bits, two's complement | 1 0 0 |     bits 47..3, flag 4
//! ```
//! A length takes one byte below 253. Allocations are rounded up to the allocator's classes, and their size follows
//! from the lengths: 12 bytes of field and of value are 26 bytes, an allocation of 32.
//!
//! A member that is the shortest text of an integer of 45 bits is that integer, in the word itself:
//! it takes no allocation, and no cache line beside its bucket. Everything else is hashed and
//! compared as text, so both kinds live in one order.
//!
//! Flag 1 of a field's word is kept free for fields with an expiry of their own, which would stand before the
//! lengths; the table counts them already.
#![allow(unsafe_code)]

use super::{Thin, WORD_MASK};
use crate::encoding::listpack::Item;
use crate::size_class::class_size;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// An entry that knows what it has allocated.
pub trait Packed: Thin {
    /// Bytes of the allocation; 0 if there is none.
    fn bytes(&self) -> usize;
}

/// One field with its value: a thin owning pointer.
#[repr(transparent)]
pub struct Field(u64);

// SAFETY: the allocation outlives moves between threads and nothing in it is shared.
unsafe impl Send for Field {}
// SAFETY: `&Field` only reads.
unsafe impl Sync for Field {}

// SAFETY: transparent over u64; reads go through `start`, which masks; the field is never rewritten.
unsafe impl Thin for Field {
    const COUNTED: u64 = 1;

    #[inline]
    fn into_word(self) -> u64 {
        std::mem::ManuallyDrop::new(self).0
    }

    #[inline]
    unsafe fn from_word(word: u64) -> Self {
        Self(word)
    }

    #[inline]
    fn with_key<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(self.parts().0)
    }
}

impl Field {
    pub(super) fn new(field: &[u8], value: &[u8]) -> Self {
        let blob = allocate(Self::size(field, value));
        let entry = Self(blob.as_ptr().expose_provenance() as u64);
        // SAFETY: the allocation has the size of these two.
        unsafe { entry.write(field, value) };
        entry
    }

    /// Bytes before rounding.
    fn size(field: &[u8], value: &[u8]) -> usize {
        length_size(field.len()) + length_size(value.len()) + field.len() + value.len()
    }

    #[inline(always)]
    fn start(&self) -> *mut u8 {
        std::ptr::with_exposed_provenance_mut((self.0 & WORD_MASK & !7) as usize)
    }

    /// Writes the whole entry.
    ///
    /// # Safety
    /// The allocation has the size class of `size(field, value)`; neither lies in it.
    unsafe fn write(&self, field: &[u8], value: &[u8]) {
        // SAFETY: all within the allocation by the contract.
        unsafe {
            let at = write_length(self.start(), field.len());
            let at = write_length(at, value.len());
            at.copy_from_nonoverlapping(field.as_ptr(), field.len());
            at.add(field.len()).copy_from_nonoverlapping(value.as_ptr(), value.len());
        }
    }

    /// Field and value.
    #[inline]
    pub(super) fn parts(&self) -> (&[u8], &[u8]) {
        // SAFETY: `new` wrote this layout, and `&self` keeps it unchanged.
        unsafe {
            let (field_len, at) = read_length(self.start());
            let (value_len, at) = read_length(at);
            let field = std::slice::from_raw_parts(at, field_len);
            (field, std::slice::from_raw_parts(at.add(field_len), value_len))
        }
    }

    /// Replaces the value, in place if it fits the allocation without waste.
    pub(super) fn set_value(&mut self, value: &[u8]) {
        let (field, old) = self.parts();
        if class_size(Self::size(field, value)) != self.bytes() {
            *self = Self::new(field, value);
        } else if length_size(old.len()) == length_size(value.len()) {
            let (field_size, field_len) = (length_size(field.len()), field.len());
            // SAFETY: the class has room for it; the field stays where it is, as the lengths take
            // as many bytes as before.
            unsafe {
                let at = write_length(self.start().add(field_size), value.len());
                at.add(field_len).copy_from_nonoverlapping(value.as_ptr(), value.len());
            }
        } else {
            let field = field.to_vec();
            // SAFETY: the same size class, and the field has been copied out of it.
            unsafe { self.write(&field, value) };
        }
    }
}

impl Packed for Field {
    fn bytes(&self) -> usize {
        let (field, value) = self.parts();
        class_size(Self::size(field, value))
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        let bytes = self.bytes();
        if let Some(blob) = NonNull::new(self.start()) {
            // SAFETY: allocated by `new` in this size class, and owned by `self` alone.
            unsafe { free(blob, bytes) }
        }
    }
}

/// The flag of a word that is an integer.
const INTEGER: u64 = 4;

/// Integers below this, and not below its negative, fit a word.
const INTEGER_END: i64 = 1 << 44;

/// One member: a thin owning pointer or an integer.
#[repr(transparent)]
pub struct Member(u64);

// SAFETY: the allocation outlives moves between threads and nothing in it is shared.
unsafe impl Send for Member {}
// SAFETY: `&Entry` only reads.
unsafe impl Sync for Member {}

// SAFETY: transparent over u64; reads mask or shift the table's bits away; members never change.
unsafe impl Thin for Member {
    #[inline]
    fn into_word(self) -> u64 {
        std::mem::ManuallyDrop::new(self).0
    }

    #[inline]
    unsafe fn from_word(word: u64) -> Self {
        Self(word)
    }

    #[inline]
    fn with_key<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(self.text().text(&mut itoa::Buffer::new()))
    }
}

impl Member {
    pub(super) fn new(member: &[u8]) -> Self {
        if let Some(value) = small_integer(member) {
            return Self(((value as u64) << 3 | INTEGER) & WORD_MASK);
        }
        let blob = allocate(length_size(member.len()) + member.len());
        // SAFETY: the allocation has room for both.
        unsafe {
            let at = write_length(blob.as_ptr(), member.len());
            at.copy_from_nonoverlapping(member.as_ptr(), member.len());
        }
        Self(blob.as_ptr().expose_provenance() as u64)
    }

    #[inline(always)]
    fn start(&self) -> *mut u8 {
        std::ptr::with_exposed_provenance_mut((self.0 & WORD_MASK) as usize)
    }

    #[inline]
    pub(super) fn text(&self) -> Item<'_> {
        if self.0 & INTEGER != 0 {
            return Item::Int(((self.0 << 16) as i64) >> 19);
        }
        // SAFETY: `new` wrote this layout, and `&self` keeps it unchanged.
        unsafe {
            let (length, at) = read_length(self.start());
            Item::Str(std::slice::from_raw_parts(at, length))
        }
    }

    /// Bytes before rounding; 0 if there is no allocation.
    fn size(&self) -> usize {
        match self.text() {
            Item::Int(_) => 0,
            Item::Str(text) => length_size(text.len()) + text.len(),
        }
    }
}

impl Packed for Member {
    fn bytes(&self) -> usize {
        match self.size() {
            0 => 0,
            size => class_size(size),
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let size = self.size();
        if let (1.., Some(blob)) = (size, NonNull::new(self.start())) {
            // SAFETY: allocated by `new` with this size, and owned by `self` alone.
            unsafe { free(blob, size) }
        }
    }
}

/// The integer whose shortest text this is, if it fits a word.
fn small_integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = match digits {
        b"0" => text.len() == 1,
        [b'1'..=b'9', ..] => digits.len() <= 14,
        _ => false,
    };
    if !canonical || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    let value = if digits.len() == text.len() { size } else { -size };
    (-INTEGER_END..INTEGER_END).contains(&value).then_some(value)
}

#[inline]
fn layout(bytes: usize) -> Layout {
    // SAFETY: the alignment is a power of two, and `bytes` is the length of things in memory.
    unsafe { Layout::from_size_align_unchecked(class_size(bytes), 8) }
}

/// Allocates room for `bytes`, 8-byte aligned. The whole size class may be used.
#[inline]
fn allocate(bytes: usize) -> NonNull<u8> {
    let layout = layout(bytes);
    // SAFETY: the layout's size is at least 8.
    NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Frees an allocation.
///
/// # Safety
/// It came from `allocate` with a number of bytes of the same size class.
#[inline]
unsafe fn free(blob: NonNull<u8>, bytes: usize) {
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
unsafe fn write_length(at: *mut u8, length: usize) -> *mut u8 {
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
unsafe fn read_length(at: *const u8) -> (usize, *const u8) {
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
