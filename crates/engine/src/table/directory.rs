//! The directory of a table: which segment a hash belongs to.
//!
//! ```text
//! no entries     none                      nothing is allocated
//! one segment    its word                  in the directory itself: one line less to fetch for a lookup
//! several        ──> 2^depth words         by the top bits of the hash
//! ```
//! With thousands of shards most tables of a keyspace have one segment, as most sets and hashes have.
#![allow(unsafe_code)]

//!
//! Invariants: a word is that of a live segment of entries `T`, which belongs to the directory, or [`SegmentWord::NONE`]
//! while the segment is detached for rebuilding; a segment of depth `d` fills the 2^(depth - d) adjacent words of its prefix.

use super::segment::{Segment, SegmentMut};
use super::segment_word::{Detached, SegmentWord};
use std::marker::PhantomData;
use std::ops::Deref;

/// The segments of a table, by the top bits of the hash.
pub(super) struct Directory<T> {
    words: Words,
    depth: u32,
    /// Number of segments of this depth. Code that exchanges segments keeps it so, and the directory as small as that allows.
    pub deepest: u32,
    owns: PhantomData<T>,
}

union Words {
    /// At depth 0: the only one, or none.
    only: SegmentWord,
    /// At others: 2^depth of them, in a box.
    many: *mut SegmentWord,
}

// SAFETY: a directory owns the segments that it names, and words can go to any thread.
unsafe impl<T: Send> Send for Directory<T> {}
// SAFETY: without `&mut self` nothing changes.
unsafe impl<T: Sync> Sync for Directory<T> {}

impl<T> Directory<T> {
    /// The directory of a table without segments.
    pub const EMPTY: Self =
        Directory { words: Words { only: SegmentWord::NONE }, depth: 0, deepest: 0, owns: PhantomData };

    /// The directory of one segment.
    pub fn of_one(only: Detached<T>) -> Self {
        Directory::of_words(0, Box::new([only.attach(0)]))
    }

    /// The directory of these segments, which all have this depth: 2^depth of them.
    pub fn of_equal(depth: u32, segments: impl Iterator<Item = Detached<T>>) -> Self {
        Directory::of_words(depth, segments.map(|segment| segment.attach(0)).collect())
    }

    fn of_words(depth: u32, words: Box<[SegmentWord]>) -> Self {
        assert_eq!(words.len(), 1 << depth, "a directory of depth d has 2^d words");
        let deepest = words.iter().filter(|word| word.depth() == depth).count() as u32;
        let words = match *words {
            [only] => Words { only },
            _ => Words { many: Box::into_raw(words).cast() },
        };
        Directory { words, depth, deepest, owns: PhantomData }
    }

    /// Bits of hash that an index has.
    #[inline(always)]
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// The index of a hash; out of range if the directory is empty.
    #[inline(always)]
    pub fn index(&self, hash: u64) -> usize {
        // Two shifts, because at depth 0 one would be by 64.
        ((hash >> 1) >> (63 - self.depth)) as usize
    }

    /// How many words a segment fills.
    #[inline(always)]
    pub fn span(&self, word: SegmentWord) -> usize {
        1 << (self.depth - word.depth())
    }

    /// The first index of the segment at an index: the one that counts.
    #[inline(always)]
    pub fn first(&self, index: usize) -> usize {
        index & !(self.span(self[index]) - 1)
    }

    /// The word of the segment of a hash.
    #[inline(always)]
    fn of(&self, hash: u64) -> Option<SegmentWord> {
        // SAFETY: an index has as many bits as there are words for, and at depth 0 there is a place for one.
        let word = unsafe { *self.words().add(self.index(hash)) };
        (!word.is_none()).then_some(word)
    }

    /// The segment of a hash.
    #[inline(always)]
    pub fn segment(&self, hash: u64) -> Option<Segment<'_, T>> {
        let word = self.of(hash)?;
        // SAFETY: words of the directory are live segments of `T`, and `&self` keeps them unchanged.
        Some(unsafe { word.get() })
    }

    /// The segment of a hash, for changing.
    #[inline(always)]
    pub fn segment_mut(&mut self, hash: u64) -> Option<SegmentMut<'_, T>> {
        let word = self.of(hash)?;
        // SAFETY: words of the directory are live segments of `T`, and `&mut self` makes them ours.
        Some(unsafe { word.get_mut() })
    }

    /// The segment at an index.
    #[inline(always)]
    pub fn at(&self, index: usize) -> Segment<'_, T> {
        let word = self[index];
        assert!(!word.is_none(), "a segment that is not detached");
        // SAFETY: words of the directory are live segments of `T`, and `&self` keeps them unchanged.
        unsafe { word.get() }
    }

    /// The segment at an index, for changing.
    #[inline(always)]
    pub fn at_mut(&mut self, index: usize) -> SegmentMut<'_, T> {
        let word = self[index];
        assert!(!word.is_none(), "a segment that is not detached");
        // SAFETY: words of the directory are live segments of `T`, and `&mut self` makes them ours.
        unsafe { word.get_mut() }
    }

    /// The first indices of all segments, in the order of the hash.
    pub fn firsts(&self) -> impl Iterator<Item = usize> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let at = next;
            next += self.span(*self.get(at)?);
            Some(at)
        })
    }

    /// Takes the segment at a first index out. Its words are empty until another one is attached there.
    pub fn detach(&mut self, first: usize) -> Detached<T> {
        let word = self[first];
        assert!(!word.is_none() && first == self.first(first), "the first index of a segment");
        let span = self.span(word);
        self.words_mut()[first..first + span].fill(SegmentWord::NONE);
        // SAFETY: a live segment of `T`, which the directory has just forgotten.
        unsafe { Detached::from_word(word) }
    }

    /// Puts a segment, which has this number of entries, where no segment is.
    pub fn attach(&mut self, first: usize, segment: Detached<T>, entries: usize) {
        let span = self.span(segment.word());
        let words = &mut self.words_mut()[first..first + span];
        assert!(words.iter().all(|word| word.is_none()), "a place that is free");
        words.fill(segment.attach(entries));
    }

    /// Writes down how many entries the segment at a first index has.
    #[inline(always)]
    pub fn set_count(&mut self, first: usize, entries: usize) {
        let word = &mut self.words_mut()[first];
        *word = word.with_count(entries);
    }

    /// Begins a lookup: starts to fetch the bucket of a hash into the cache.
    #[inline]
    pub fn begin(&self, hash: u64) -> Begun<'_> {
        if let Some(segment) = self.segment(hash) {
            segment.prefetch_home(hash);
        }
        self.begun(hash)
    }

    /// A lookup whose bucket was fetched before.
    #[inline]
    pub fn begun(&self, hash: u64) -> Begun<'_> {
        Begun { word: self.of(hash).unwrap_or(SegmentWord::NONE), table: PhantomData }
    }

    /// Twice the words, for the same segments.
    pub fn double(&mut self) {
        let words = self.iter().flat_map(|word| [*word, *word]).collect();
        self.replace_words(self.depth + 1, words);
    }

    /// Half of the words, every other one, for the same segments.
    pub fn halve(&mut self) {
        let words = self.iter().copied().step_by(2).collect();
        self.replace_words(self.depth - 1, words);
    }

    fn replace_words(&mut self, depth: u32, words: Box<[SegmentWord]>) {
        *self = Directory::of_words(depth, words);
    }

    /// Bytes that the directory has allocated.
    pub fn bytes(&self) -> usize {
        if self.depth == 0 { 0 } else { size_of_val(&**self) }
    }

    #[inline(always)]
    fn words(&self) -> *const SegmentWord {
        // SAFETY: the depth says which of the two it is.
        unsafe { if self.depth == 0 { &raw const self.words.only } else { self.words.many } }
    }

    /// All words; at depth 0 also the only one if it is empty.
    #[inline]
    fn words_mut(&mut self) -> &mut [SegmentWord] {
        let count = 1 << self.depth;
        // SAFETY: the depth says which of the two it is.
        let first = unsafe { if self.depth == 0 { &raw mut self.words.only } else { self.words.many } };
        // SAFETY: the directory has this number of words, and `&mut self` makes them ours.
        unsafe { std::slice::from_raw_parts_mut(first, count) }
    }

    fn count(&self) -> usize {
        // SAFETY: at depth 0 it is this one.
        if self.depth == 0 && unsafe { self.words.only }.is_none() { 0 } else { 1 << self.depth }
    }
}

impl<T> Default for Directory<T> {
    fn default() -> Self {
        Directory::EMPTY
    }
}

impl<T> Deref for Directory<T> {
    type Target = [SegmentWord];
    #[inline]
    fn deref(&self) -> &[SegmentWord] {
        // SAFETY: the directory has this number of words, and `&self` keeps them unchanged.
        unsafe { std::slice::from_raw_parts(self.words(), self.count()) }
    }
}

/// A lookup whose bucket is on its way into the cache.
#[derive(Clone, Copy)]
pub struct Begun<'t> {
    word: SegmentWord,
    table: PhantomData<&'t ()>,
}

impl Begun<'_> {
    /// A lookup in a table without entries.
    pub const NOTHING: Begun<'static> = Begun { word: SegmentWord::NONE, table: PhantomData };

    /// Starts to fetch the entry of the same hash. The bucket should be here by now. Second phase of a batch of lookups.
    #[inline]
    pub fn prefetch_entry(self, hash: u64) {
        if self.word.is_none() {
            return;
        }
        // SAFETY: the table that it is borrowed from has this segment, and does not change meanwhile. Whatever its entries
        // are, only the words are read.
        unsafe { self.word.get::<()>() }.prefetch_entry(hash);
    }
}

impl<T> Drop for Directory<T> {
    fn drop(&mut self) {
        if self.depth > 0 {
            let words: *mut [SegmentWord] = self.words_mut();
            // SAFETY: they came out of a box of this length, and nobody sees them again.
            drop(unsafe { Box::from_raw(words) });
        }
    }
}
