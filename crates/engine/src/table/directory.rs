//! The directory of a table: which segment a hash belongs to.
//!
//! ```text
//! no entries     none                      nothing is allocated
//! one segment    its word                  in the directory itself: one line less to fetch for a lookup
//! several        ──> 2^depth words         by the top bits of the hash
//! ```
//! With thousands of shards most tables of a keyspace have one segment, as most sets and hashes have.

use super::segment::SegmentWord;
use std::ops::{Deref, DerefMut};

/// See the module.
pub(super) struct Directory {
    words: Words,
    depth: u32,
    /// Number of segments of this depth. Who exchanges words keeps it so, and the directory as small as that allows.
    pub deepest: u32,
}

union Words {
    /// At depth 0: the only one, or none.
    only: SegmentWord,
    /// At others: 2^depth of them, in a box.
    many: *mut SegmentWord,
}

// SAFETY: it owns what it points to, and words can go to any thread.
unsafe impl Send for Directory {}
// SAFETY: without `&mut self` nothing changes.
unsafe impl Sync for Directory {}

impl Directory {
    /// Of a table without segments.
    pub const EMPTY: Directory = Directory { words: Words { only: SegmentWord::NONE }, depth: 0, deepest: 0 };

    /// Of one segment.
    pub fn of_one(only: SegmentWord) -> Directory {
        Directory { words: Words { only }, depth: 0, deepest: 1 }
    }

    /// Of these segments, 2^depth words of them.
    pub fn new(depth: u32, words: Box<[SegmentWord]>) -> Directory {
        assert_eq!(words.len(), 1 << depth, "a directory of depth d has 2^d words");
        match *words {
            [only] => Directory::of_one(only),
            _ => {
                let deepest = words.iter().filter(|word| word.depth() == depth).count() as u32;
                Directory { words: Words { many: Box::into_raw(words).cast() }, depth, deepest }
            }
        }
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

    /// Words of a segment.
    #[inline(always)]
    pub fn span(&self, word: SegmentWord) -> usize {
        1 << (self.depth - word.depth())
    }

    /// The segment of a hash.
    #[inline(always)]
    pub fn of(&self, hash: u64) -> Option<SegmentWord> {
        // SAFETY: an index has as many bits as there are words for, and at depth 0 there is a place for one.
        let word = unsafe { *self.first().add(self.index(hash)) };
        (!word.is_none()).then_some(word)
    }

    /// The same with twice the words.
    pub fn doubled(&self) -> Directory {
        Directory::new(self.depth + 1, self.iter().flat_map(|word| [*word, *word]).collect())
    }

    /// The same with half of the words, every other one.
    pub fn halved(&self) -> Directory {
        Directory::new(self.depth - 1, self.iter().copied().step_by(2).collect())
    }

    /// Bytes that it has allocated.
    pub fn bytes(&self) -> usize {
        if self.depth == 0 { 0 } else { size_of_val(&**self) }
    }

    #[inline(always)]
    fn first(&self) -> *const SegmentWord {
        // SAFETY: the depth says which of the two it is.
        unsafe { if self.depth == 0 { &raw const self.words.only } else { self.words.many } }
    }

    fn count(&self) -> usize {
        // SAFETY: at depth 0 it is this one.
        if self.depth == 0 && unsafe { self.words.only }.is_none() { 0 } else { 1 << self.depth }
    }
}

impl Default for Directory {
    fn default() -> Directory {
        Directory::EMPTY
    }
}

impl Deref for Directory {
    type Target = [SegmentWord];
    #[inline]
    fn deref(&self) -> &[SegmentWord] {
        // SAFETY: so many words are there, for as long as `self` is not changed.
        unsafe { std::slice::from_raw_parts(self.first(), self.count()) }
    }
}

impl DerefMut for Directory {
    #[inline]
    fn deref_mut(&mut self) -> &mut [SegmentWord] {
        let count = self.count();
        // SAFETY: the depth says which of the two it is.
        let first = unsafe { if self.depth == 0 { &raw mut self.words.only } else { self.words.many } };
        // SAFETY: so many words are there, and they are ours.
        unsafe { std::slice::from_raw_parts_mut(first, count) }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.depth > 0 {
            let words: *mut [SegmentWord] = &raw mut **self;
            // SAFETY: they came out of a box of this length, and nobody sees them again.
            drop(unsafe { Box::from_raw(words) });
        }
    }
}
