//! Cursors, random picks and samples.
//!
//! A cursor is a position in the order of the hash: the top 48 bits of a hash. A call visits the
//! home bucket that the position falls into and returns where that bucket's stretch ends:
//! ```text
//!   hash order 0 ...................................................... 2^64
//!   segments   |        A, 3 buckets       |   B, 2 buckets  |   C ...
//!   cursors    0        |        |         |        |        |
//! ```
//! An element stays at its position whatever happens to the table, a call emits every element
//! between the cursor it got and the cursor it gives, so one that is present from the first call to
//! the last is emitted. Where sizes have changed between calls, the cursor may lie within a bucket,
//! whose first elements are then emitted again; SCAN allows that.
//! Places are rounded (see segment.rs): a cursor is rounded down like an entry when it is looked
//! up, and the end of a bucket is rounded up, so none is skipped and no cursor repeats.

use rand::RngCore;

use super::Table;
use super::bucket::SLOTS;
use super::segment::{Segment, fragment_of};
use super::segment_word::{BUCKETS, SPLIT_STEP};
use super::thin::{Thin, WORD_MASK};

/// Rejections after which a random pick walks on from where it is.
const TRIES: usize = 64;

/// Slots of the largest usual segment.
const LARGEST: usize = BUCKETS[SPLIT_STEP] as usize * SLOTS;

impl<T: Thin> Table<T> {
    /// Emits the elements of one home bucket; returns the next cursor, below 2^48. 0 is the
    /// beginning, and as a result the end. Elements present from 0 to 0 are emitted at least once,
    /// however the table changes between the calls.
    pub fn scan<'a>(&'a self, cursor: u64, mut emit: impl FnMut(&'a T)) -> u64 {
        self.step(cursor, |segment, home| {
            segment.entries_of_home(home).for_each(&mut emit);
        })
    }

    /// Emits the elements that carry a flag of `flags`, bucket by bucket (up to `max_buckets`),
    /// without touching any other element. Cursors as in `scan`; an element that moves between two
    /// calls may be missed until the next round.
    pub fn scan_flagged<'a>(
        &'a self,
        cursor: u64,
        flags: u64,
        max_buckets: usize,
        mut emit: impl FnMut(&'a T),
    ) -> u64 {
        if flags == T::COUNTED && self.counted == 0 {
            return 0;
        }
        let mut cursor = cursor;
        for _ in 0..max_buckets {
            cursor = self.step(cursor, |segment, at| segment.entries_in(at, flags).for_each(&mut emit));
            if cursor == 0 {
                break;
            }
        }
        cursor
    }

    /// An element, each with the same probability. `None` only if the table is empty.
    ///
    /// A directory word and a slot number are drawn until they hit an element: a segment with
    /// several words counts at its first, a slot number beyond its buckets is a miss.
    pub fn random<R: RngCore + ?Sized>(&self, rng: &mut R) -> Option<&T> {
        self.pick(rng, 0)
    }

    /// A random element with a flag of `flags`. Uniform where at least some percent of the elements
    /// carry it.
    pub fn random_flagged<R: RngCore + ?Sized>(&self, rng: &mut R, flags: u64) -> Option<&T> {
        if flags == T::COUNTED && self.counted == 0 {
            return None;
        }
        self.pick(rng, flags)
    }

    /// Emits `n` elements, neighbours in the table, beginning at a random one; all of them if there
    /// are fewer. With `flags`, only elements that carry one of them, and the walk ends after
    /// `max_buckets` buckets even if it has found fewer. Cheaper and less random than `random`.
    pub fn sample<'a, R: RngCore + ?Sized>(
        &'a self,
        rng: &mut R,
        flags: u64,
        n: usize,
        max_buckets: usize,
        mut emit: impl FnMut(&'a T),
    ) {
        if n == 0 || flags != 0 && flags == T::COUNTED && self.counted == 0 {
            return;
        }
        let mut found = 0;
        self.walk(rng, flags, max_buckets, |entry| {
            emit(entry);
            found += 1;
            found < n
        });
    }

    /// Shows the bucket at a cursor to `visit`; returns the position of the next.
    fn step<'a>(&'a self, cursor: u64, visit: impl FnOnce(Segment<'a, T>, usize)) -> u64 {
        let hash = cursor << 16;
        let Some(segment) = self.directory.segment(hash) else { return 0 };
        let depth = segment.depth();
        let home = segment.home(fragment_of(hash, depth));
        visit(segment, home);
        let prefix = (hash >> 1) >> (63 - depth);
        // In units of 2^-16 of the segment's stretch; behind the last segment it comes to 2^64.
        let position = (u128::from(prefix) << 16) + u128::from(segment.end_of_home(home));
        (position << (48 - depth) >> 16) as u64 & WORD_MASK
    }

    fn pick<R: RngCore + ?Sized>(&self, rng: &mut R, flags: u64) -> Option<&T> {
        if self.directory.is_empty() {
            return None;
        }
        for _ in 0..TRIES {
            let draw = rng.next_u64();
            let index = self.directory.index(draw);
            let word = self.directory[index];
            let slots = word.buckets() * SLOTS;
            let range = if self.directory.depth() == 0 { slots } else { slots.max(LARGEST) };
            let at = ((draw & 0xffff_ffff) as usize * range) >> 32;
            if at >= slots || index != self.directory.first(index) {
                continue;
            }
            if let Some(entry) = self.directory.at(index).entry(at / SLOTS, at % SLOTS, flags) {
                return Some(entry);
            }
        }
        let mut found = None;
        self.walk(rng, flags, usize::MAX, |entry| {
            found = Some(entry);
            false
        });
        found
    }

    /// Shows the entries with one of the flags (all if none is asked for) to `visit`, bucket by bucket, cyclically from a
    /// random one, at most once each, until it returns false.
    fn walk<'a, R: RngCore + ?Sized>(
        &'a self,
        rng: &mut R,
        flags: u64,
        max_buckets: usize,
        mut visit: impl FnMut(&'a T) -> bool,
    ) {
        let mut cursor = rng.next_u64() >> 16;
        for _ in 0..max_buckets.min(self.buckets as usize) {
            let mut go_on = true;
            cursor = self.step(cursor, |segment, at| {
                go_on = segment.entries_in(at, flags).all(&mut visit);
            });
            if !go_on {
                return;
            }
        }
    }
}
