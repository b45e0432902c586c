//! The hash table of keys, fields and members: a directory of segments of 64-byte buckets.
//!
//! What it is for: the main table of a shard, sets, hashes and sorted sets too big for a listpack.
//! Billions of entries in all and tens of thousands of tables, so the empty table owns nothing, an
//! entry costs 8 to 13 bytes beside its own allocation (11 on average), and nothing ever pauses.
//!
//! ```text
//!  hash   |directory| fragment (16) | ...... | caller's (16) | tag (8)|
//!              |
//!   directory  v  2^depth words, by the top bits of the hash; a single one is in the table itself (directory.rs)
//!  +------+------+------+------+
//!  | A, 1 | A, 1 | B, 2 | C, 2 |          segment and its own depth (bits of hash it stands for)
//!  +------+------+------+------+
//!      \    /       |       |
//!     +------+  +------+ +------+
//!     |bucket|  |bucket| |bucket|         64 bytes: 7 words, 7 tags, overflow bit   (bucket.rs)
//!     |bucket|  |bucket| +------+
//!     |bucket|  +------+                  1 to 256 buckets, in the order of the hash (segment.rs)
//!     +------+
//! ```
//! A lookup reads one directory word, one bucket, and the entry; the entry only if 8 bits of tag and
//! 16 of fragment agree, so a miss reads none.
//!
//! Growth (resize.rs): a full segment moves to the next of 28 sizes, a quarter or less bigger, using
//! the fragments alone; at 256 buckets it splits by the next bit of hash. Either is the work of at
//! most 1,624 entries, some microseconds; of four splits one must read the keys, which takes some
//! tens of microseconds when they are far away. When a split needs it the directory doubles, which
//! copies 8 bytes per 1,200 entries. Deletion shrinks and merges the same way.
//! Because sizes are close together and follow the allocator's, the table is 0.8 full on average,
//! where tables that double are 0.65 full and copy everything at once.
//!
//! Scan (scan.rs): a cursor is a position in hash order, which no growth changes; that is the whole
//! proof that an element present throughout is met.
//!
//! Invariants:
//! - the directory is empty if the table is, else has 2^depth words; a segment of depth `d` fills
//!   the 2^(depth - d) adjacent words of its prefix, and only the first counts its entries;
//! - a segment has one owner: the directory, or the code that rebuilds it (`Detached` in segment_word.rs), so what
//!   lends segments and entries out is safe to call;
//! - `directory.deepest` is the number of segments with the directory's depth; it is 0 only at depth 0;
//! - `counted` is the number of entries with a flag of `T::COUNTED`;
//! - a ghost (word with address 0) is what a forgotten `RefMut` leaves; it is never found or shown.

mod bucket;
mod directory;
mod distinct;
mod fields;
mod hash;
mod iter;
mod members;
mod packed;
mod resize;
mod scan;
mod segment;
mod segment_word;
#[cfg(test)]
mod tests;
mod thin;
mod weighed;

use std::marker::PhantomData;

pub use directory::Begun;
pub use distinct::picker;
pub use fields::FieldTable;
pub use hash::Seed;
pub use iter::{IntoIter, Iter};
pub use members::MemberTable;
pub use thin::{InPlace, RefMut, Thin, WORD_MASK};

use crate::prefetch::prefetch_address;
use bucket::Bucket;
use directory::Directory;
use segment::Segment;

/// A hash table of `T`, which holds its key itself. What a lookup needs comes first.
#[repr(C)]
pub struct Table<T: Thin> {
    directory: Directory<T>,
    segments: u32,
    buckets: u32,
    len: usize,
    counted: usize,
    seed: Seed,
    owns: PhantomData<T>,
}

/// Figures of a table for DEBUG HTSTATS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Number of entries.
    pub entries: usize,
    /// Words of the directory.
    pub directory: usize,
    /// Number of segments.
    pub segments: usize,
    /// Number of buckets.
    pub buckets: usize,
    /// `probes[n]` is the number of entries found in the bucket `n` after their home; the last
    /// element counts all that are farther.
    pub probes: [usize; 8],
    /// Bytes of the table, without its entries.
    pub bytes: usize,
}

impl<T: Thin> Table<T> {
    /// Size of the front part of a table: all that a lookup or an insertion needs of the table itself.
    pub(crate) const FREQUENT: usize = std::mem::offset_of!(Self, seed);

    /// An empty table. It allocates nothing.
    pub const fn new(seed: Seed) -> Self {
        Self {
            directory: Directory::EMPTY,
            segments: 0,
            buckets: 0,
            len: 0,
            counted: 0,
            seed,
            owns: PhantomData,
        }
    }

    /// Number of entries.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Is there no entry?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of entries with a flag of `T::COUNTED`.
    #[inline]
    pub fn counted(&self) -> usize {
        self.counted
    }

    /// The seed of the hash.
    #[inline]
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// The hash of a key, which every other call takes.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        self.seed.hash(key)
    }

    /// The entry of `key`.
    #[inline(always)]
    pub fn get(&self, hash: u64, key: &[u8]) -> Option<&T> {
        self.directory.segment(hash)?.get(hash, key)
    }

    /// The entry of `key`, for changing what needs no other word.
    #[inline(always)]
    pub fn get_in_place(&mut self, hash: u64, key: &[u8]) -> Option<InPlace<'_, T>> {
        self.get(hash, key).map(InPlace::new)
    }

    /// Is there an entry of `key`?
    #[inline]
    pub fn contains(&self, hash: u64, key: &[u8]) -> bool {
        self.get(hash, key).is_some()
    }

    /// Is there an entry of a key that is far away? It is only asked for if there may be.
    #[inline]
    pub fn contains_with<'k>(&self, hash: u64, key: impl Fn() -> &'k [u8]) -> bool {
        self.directory.segment(hash).is_some_and(|segment| segment.holds(hash, key))
    }

    /// The entry of `key`, for changing anything but the key.
    #[inline(always)]
    pub fn get_mut(&mut self, hash: u64, key: &[u8]) -> Option<RefMut<'_, T>> {
        self.directory.segment_mut(hash)?.find_mut(hash, key, &mut self.counted)
    }

    /// The entry of `key`, made by `make` if there is none; true if it was made. One search if it is
    /// there. (`None` does not happen: the entry made has this key.)
    #[inline]
    pub fn get_mut_or_insert(
        &mut self,
        hash: u64,
        key: &[u8],
        make: impl FnOnce() -> T,
    ) -> Option<(RefMut<'_, T>, bool)> {
        let found = self.directory.segment(hash).and_then(|segment| segment.find(hash, key));
        let Some((bucket, slot)) = found else {
            self.insert(hash, make());
            return Some((self.get_mut(hash, key)?, true));
        };
        let segment = self.directory.segment_mut(hash)?;
        Some((segment.entry_mut(bucket, slot, &mut self.counted)?, false))
    }

    /// Adds an entry. The caller knows that the table has none with its key; `hash` is its hash.
    #[inline]
    pub fn insert(&mut self, hash: u64, entry: T) {
        if self.directory.is_empty() {
            self.found();
        }
        let mut first = self.directory.first(self.directory.index(hash));
        while self.directory[first].is_full() {
            self.grow(first);
            first = self.directory.first(self.directory.index(hash));
        }
        self.directory.set_count(first, self.directory[first].count() + 1);
        self.counted += usize::from(self.directory.at_mut(first).insert(hash, entry));
        self.len += 1;
    }

    /// Takes the entry of `key` out.
    #[inline]
    pub fn remove(&mut self, hash: u64, key: &[u8]) -> Option<T> {
        let (entry, is_counted) = self.directory.segment_mut(hash)?.remove(hash, key)?;
        self.counted -= usize::from(is_counted);
        self.note_removed(self.directory.index(hash));
        Some(entry)
    }

    /// Begins a lookup: starts to fetch the bucket of a hash into the cache. First phase of a batch of lookups.
    #[inline]
    pub fn begin(&self, hash: u64) -> Begun<'_> {
        self.directory.begin(hash)
    }

    /// The first phase, where nothing is kept of it.
    #[inline]
    pub fn prefetch_bucket(&self, hash: u64) {
        self.begin(hash);
    }

    /// The second phase, where nothing was kept of the first.
    #[inline]
    pub fn prefetch_entry(&self, hash: u64) {
        self.directory.begun(hash).prefetch_entry(hash);
    }

    /// Bytes of the table, without its entries. Constant time.
    pub fn bytes(&self) -> usize {
        self.directory.bytes() + self.buckets as usize * size_of::<Bucket>()
    }

    /// Figures for DEBUG HTSTATS. Reads the whole table.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats {
            entries: self.len,
            directory: self.directory.len(),
            segments: self.segments as usize,
            buckets: self.buckets as usize,
            bytes: self.bytes(),
            ..Stats::default()
        };
        for segment in self.segments() {
            segment.count_probes(&mut stats.probes);
        }
        stats
    }

    fn segments(&self) -> impl Iterator<Item = Segment<'_, T>> {
        self.directory.firsts().map(|first| self.directory.at(first))
    }
}

impl<T: Thin> Drop for Table<T> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Asks for the entry of a word early.
#[inline(always)]
fn prefetch_word(word: u64) {
    prefetch_address(word & WORD_MASK & !7);
}
