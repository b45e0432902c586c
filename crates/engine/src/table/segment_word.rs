//! The memory of segments: their sizes, the word by which a directory names one, and segments that no directory names.
//!
//! Ownership: a segment belongs to the directory that names it, or it is [`Detached`]. It moves from one to the other and
//! back whenever a table grows or shrinks.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::marker::PhantomData;

use super::bucket::{Bucket, SLOTS};
use super::segment::{Segment, SegmentMut};
use super::thin::WORD_MASK;

/// Buckets of each step of growth: 64 bytes each, so these are jemalloc's size classes, four to a
/// doubling. Beyond 256 a segment splits: sizes from 8 KB to 16 KB are one or two to a slab of the
/// allocator, so segments that move on leave few half-empty slabs behind. The larger steps
/// serve only hashes that no split separates. 32 steps, so that five bits are an index without a check.
pub(super) const BUCKETS: [u16; 32] = [
    1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224,
    256, 320, 384, 448, 512,
];

/// The step at which a segment splits instead of growing: 256 buckets. 8 buckets under Miri, where few
/// entries have to make many segments.
pub(super) const SPLIT_STEP: usize = if cfg!(miri) { 7 } else { 27 };

/// The deepest segment: prefix and fragment stay above the 24 low bits of the hash.
pub(super) const MAX_DEPTH: u32 = 24;

/// Most entries of each step: 29/32 of the slots. Measured over a doubling, the table then costs 11.0
/// bytes per entry and 89 % of the entries sit at home; with 15/16 it is 10.7 bytes and 87 %. At least
/// one slot stays free, so that every search ends; a single bucket needs none, it has no next one.
const LIMIT: [u16; BUCKETS.len()] = {
    let mut limit = [0; BUCKETS.len()];
    let mut step = 0;
    while step < limit.len() {
        let slots = BUCKETS[step] as usize * SLOTS;
        limit[step] = if step == 0 { SLOTS as u16 } else { (slots * 29 / 32) as u16 };
        step += 1;
    }
    limit
};

/// The smallest step with room for `entries`.
pub(super) fn step_for(entries: usize) -> usize {
    LIMIT.iter().position(|&limit| usize::from(limit) >= entries).unwrap_or(BUCKETS.len() - 1)
}

/// The highest bit of the number of entries in a directory's word.
const COUNT_HIGH: u64 = 1 << 5;

/// A directory's word: where a segment is, and all that is known about it without looking.
///
/// ```text
///   63       53 52    48 47                      6   5   4    0
///  +-----------+--------+-------------------------+-----+------+
///  | entries   | depth  | address (64-byte units) | e11 | step |
///  +-----------+--------+-------------------------+-----+------+
/// ```
/// The number of entries has 12 bits, of which the highest is bit 5.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentWord(u64);

impl SegmentWord {
    /// The word that names no segment.
    pub const NONE: SegmentWord = SegmentWord(0);

    /// Whether there is no segment.
    #[inline(always)]
    pub fn is_none(self) -> bool {
        // Of the address alone, so that the compiler sees that it is not null.
        self.0 & (WORD_MASK & !63) == 0
    }

    fn layout(step: usize) -> Layout {
        let size = usize::from(BUCKETS[step]) * size_of::<Bucket>();
        // SAFETY: the alignment is a power of two, and the sizes are small.
        unsafe { Layout::from_size_align_unchecked(size, align_of::<Bucket>()) }
    }

    #[inline(always)]
    fn base(self) -> *mut Bucket {
        std::ptr::with_exposed_provenance_mut((self.0 & (WORD_MASK & !63)) as usize)
    }

    /// Index into `BUCKETS`.
    #[inline(always)]
    pub fn step(self) -> usize {
        (self.0 & 31) as usize
    }

    /// Number of buckets.
    #[inline(always)]
    pub fn buckets(self) -> usize {
        usize::from(BUCKETS[self.step()])
    }

    /// Bits of prefix.
    #[inline(always)]
    pub fn depth(self) -> u32 {
        (self.0 >> 48) as u32 & 31
    }

    /// Entries; valid only in the first of a segment's directory words.
    #[inline(always)]
    pub fn count(self) -> usize {
        (self.0 >> 53 | (self.0 & COUNT_HIGH) << 6) as usize
    }

    /// The word with another number of entries.
    #[inline(always)]
    pub fn with_count(self, count: usize) -> Self {
        let count = count as u64;
        Self(self.0 & ((1 << 53) - 1) & !COUNT_HIGH | count << 53 | count >> 6 & COUNT_HIGH)
    }

    /// Must the segment grow before one more entry comes?
    #[inline(always)]
    pub fn is_full(self) -> bool {
        self.count() >= usize::from(LIMIT[self.step()])
    }

    /// The segment, for reading.
    ///
    /// # Safety
    /// It is live, of a table of `T`, and nobody changes it during `'a`.
    #[inline(always)]
    pub unsafe fn get<'a, T>(self) -> Segment<'a, T> {
        // SAFETY: the word describes an allocation of this many initialised buckets, whose words are as `T` wants them.
        unsafe { Segment::new(std::slice::from_raw_parts(self.base(), self.buckets()), self.depth()) }
    }

    /// The segment, for changing.
    ///
    /// # Safety
    /// It is live, of a table of `T`, and nobody else reads or changes it during `'a`.
    #[inline(always)]
    pub unsafe fn get_mut<'a, T>(self) -> SegmentMut<'a, T> {
        // SAFETY: as in `get`.
        unsafe { SegmentMut::new(std::slice::from_raw_parts_mut(self.base(), self.buckets()), self.depth()) }
    }
}

/// A segment that no directory names. Dropping it frees the buckets, not the entries: these have been moved to other
/// segments, or dropped.
pub(super) struct Detached<T> {
    word: SegmentWord,
    entries: PhantomData<T>,
}

impl<T> Detached<T> {
    /// A new, empty segment.
    pub fn allocate(step: usize, depth: u32) -> Self {
        let layout = SegmentWord::layout(step);
        // SAFETY: the layout's size is not zero.
        let base = unsafe { alloc_zeroed(layout) };
        if base.is_null() {
            handle_alloc_error(layout);
        }
        let word = SegmentWord(base.expose_provenance() as u64 | step as u64 | u64::from(depth) << 48);
        Detached { word, entries: PhantomData }
    }

    /// The segment of a word.
    ///
    /// # Safety
    /// It is live, of a table of `T`, and no copy of the word is used again.
    pub unsafe fn from_word(word: SegmentWord) -> Self {
        Detached { word, entries: PhantomData }
    }

    /// All that is known about it without looking.
    pub fn word(&self) -> SegmentWord {
        self.word
    }

    /// Hands the segment to a directory: the word that names it, with the number of its entries.
    pub fn attach(self, entries: usize) -> SegmentWord {
        std::mem::ManuallyDrop::new(self).word.with_count(entries)
    }

    /// The content of the segment, for reading.
    pub fn as_ref(&self) -> Segment<'_, T> {
        // SAFETY: the segment is live, and ours.
        unsafe { self.word.get() }
    }

    /// The content of the segment, for changing.
    pub fn as_mut(&mut self) -> SegmentMut<'_, T> {
        // SAFETY: the segment is live, and ours alone.
        unsafe { self.word.get_mut() }
    }
}

impl<T> Drop for Detached<T> {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and nobody sees it again.
        unsafe { dealloc(self.word.base().cast(), SegmentWord::layout(self.word.step())) }
    }
}
