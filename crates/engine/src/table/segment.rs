//! A segment: 1 to 256 buckets that hold the entries of one stretch of the hash space.
//!
//! A segment of depth `d` holds every entry whose hash starts with its `d`-bit prefix. Its buckets
//! follow the order of the hash: the bucket where an entry belongs, its *home*, is
//! `(place * buckets) >> 16`, where the place is the 16 bits of hash after the prefix. So a segment
//! grows to any number of buckets without looking at an entry, and a scan is a walk in hash order.
//!
//! The place comes from the fragment, the 16 bits of hash stored in the word. The fragment starts at
//! a multiple of four bits, at or before the prefix's end, so of four splits only one needs hash bits
//! that are not stored (and must read the keys); the last places of a stretch are 8 apart then,
//! which still leaves 8192 of them for 256 buckets.
//! ```text
//!   hash  |0 . . 3|4 . . 7|8 . . . . . . . . . . . . . . 23|     depth 10:
//!         |<---- prefix ----->|                                    10 bits, the directory's part
//!                         |<-------- fragment -------->|           16 bits from bit 8, stored
//!                             |<-------- place ------------->|     fragment without 2 bits, 00 added
//! ```
//! An entry that finds its home full goes to the next bucket with room, cyclically.
//! Invariant: a bucket has its overflow bit exactly when an entry whose path leads over it sits
//! behind it; then it is full. A deletion moves later entries forward to keep it so: a miss ends at
//! the first bucket without the bit, however many deletions there were.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};

use super::bucket::{Bucket, SLOTS, tag_of};
use super::thin::{Thin, WORD_MASK};

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

/// Bits of the hash that are stored with an entry of a segment of this depth.
#[inline(always)]
pub(super) fn fragment_of(hash: u64, depth: u32) -> u64 {
    (hash << (depth & !3)) >> 48
}

/// The 16 bits after the prefix, as far as the fragment knows them.
#[inline(always)]
pub(super) fn place_of(fragment: u64, depth: u32) -> u64 {
    (fragment << (depth & 3)) & 0xffff
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
    /// No segment.
    pub const NONE: SegmentWord = SegmentWord(0);

    /// Whether it is that.
    #[inline(always)]
    pub fn is_none(self) -> bool {
        // Of the address alone, so that the compiler sees that it is not null.
        self.0 & (WORD_MASK & !63) == 0
    }

    /// A new, empty segment.
    pub fn allocate(step: usize, depth: u32) -> Self {
        let layout = Self::layout(step);
        // SAFETY: the layout's size is not zero.
        let base = unsafe { alloc_zeroed(layout) };
        if base.is_null() {
            handle_alloc_error(layout);
        }
        Self(base.expose_provenance() as u64 | step as u64 | u64::from(depth) << 48)
    }

    /// Frees the buckets, not the entries.
    ///
    /// # Safety
    /// The segment is live, and no copy of the word is used again.
    pub unsafe fn free(self) {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.base().cast(), Self::layout(self.step())) }
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
    /// It is live and nobody changes it during `'a`.
    #[inline(always)]
    pub unsafe fn get<'a>(self) -> Segment<'a> {
        // SAFETY: the word describes an allocation of this many initialised buckets.
        let buckets = unsafe { std::slice::from_raw_parts(self.base(), self.buckets()) };
        Segment { buckets, depth: self.depth() }
    }

    /// The segment, for changing.
    ///
    /// # Safety
    /// It is live and nobody else reads or changes it during `'a`.
    #[inline(always)]
    pub unsafe fn get_mut<'a>(self) -> SegmentMut<'a> {
        // SAFETY: as in `get`.
        let buckets = unsafe { std::slice::from_raw_parts_mut(self.base(), self.buckets()) };
        SegmentMut { buckets, depth: self.depth() }
    }
}

/// A segment, borrowed for reading.
#[derive(Clone, Copy)]
pub(super) struct Segment<'a> {
    pub buckets: &'a [Bucket],
    depth: u32,
}

/// A segment, borrowed for changing.
pub(super) struct SegmentMut<'a> {
    pub buckets: &'a mut [Bucket],
    depth: u32,
}

impl<'a> Segment<'a> {
    /// Bits of prefix.
    #[inline(always)]
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// The bucket where entries with this fragment belong.
    #[inline(always)]
    pub fn home(&self, fragment: u64) -> usize {
        (place_of(fragment, self.depth) as usize * self.buckets.len()) >> 16
    }

    /// The first place at or after the next bucket's beginning; 65536 after the last bucket.
    /// Rounded up to a place that a fragment can express.
    pub fn end_of_home(&self, home: usize) -> u64 {
        let end = ((home as u64 + 1) << 16).div_ceil(self.buckets.len() as u64);
        end.next_multiple_of(1 << (self.depth & 3))
    }

    #[inline(always)]
    fn after(&self, bucket: usize) -> usize {
        if bucket + 1 == self.buckets.len() { 0 } else { bucket + 1 }
    }

    /// How many steps behind its home an entry of `bucket` sits.
    #[inline]
    fn displacement(&self, bucket: usize, word: u64) -> usize {
        self.distance(self.home(word >> 48), bucket)
    }

    #[inline]
    fn distance(&self, from: usize, to: usize) -> usize {
        if to >= from { to - from } else { to + self.buckets.len() - from }
    }

    /// The buckets that entries of a home may be in, in order of search.
    #[inline(always)]
    pub fn path(self, home: usize) -> impl Iterator<Item = (usize, &'a Bucket)> {
        let mut next = Some(home);
        std::iter::from_fn(move || {
            let at = next?;
            let bucket = &self.buckets[at];
            next = if bucket.overflows() { Some(self.after(at)) } else { None };
            Some((at, bucket))
        })
    }

    /// Where the first word is whose tag and fragment agree with the hash and that `accept` takes.
    #[inline(always)]
    pub fn search(self, hash: u64, mut accept: impl FnMut(&'a u64) -> bool) -> Option<(usize, usize)> {
        let fragment = fragment_of(hash, self.depth);
        let tag = tag_of(hash);
        let mut at = self.home(fragment);
        loop {
            let bucket = &self.buckets[at];
            for slot in bucket.matching(tag) {
                let word = &bucket.words[slot];
                if *word >> 48 == fragment && *word & WORD_MASK != 0 && accept(word) {
                    return Some((at, slot));
                }
            }
            if !bucket.overflows() {
                return None;
            }
            at = self.after(at);
        }
    }

    /// Where the entry of `key` is: bucket and slot.
    #[inline(always)]
    pub fn find<T: Thin>(self, hash: u64, key: &[u8]) -> Option<(usize, usize)> {
        // SAFETY: a search passes live words of a table of `T`.
        self.search(hash, |word| unsafe { borrow::<T>(word) }.is(key))
    }

    /// Whether there is an entry with a key, which is only asked for if tag and fragment agree.
    #[inline(always)]
    pub fn holds<'k, T: Thin>(self, hash: u64, key: impl Fn() -> &'k [u8]) -> bool {
        // SAFETY: a search passes live words of a table of `T`.
        self.search(hash, |word| unsafe { borrow::<T>(word) }.is(key())).is_some()
    }

    /// The words that belong to a home, wherever they sit.
    pub fn words_of_home(self, home: usize) -> impl Iterator<Item = &'a u64> {
        self.path(home).flat_map(move |(_, bucket)| {
            bucket
                .occupied()
                .map(|slot| &bucket.words[slot])
                .filter(move |word| self.home(**word >> 48) == home)
        })
    }

    /// All words with their tags, ghosts included, in the order of the buckets.
    pub fn words(self) -> impl Iterator<Item = (u8, &'a u64)> {
        self.buckets
            .iter()
            .flat_map(|bucket| bucket.occupied().map(|slot| (bucket.tag(slot), &bucket.words[slot])))
    }

    /// Adds to `probes[n]` the entries that sit `n` buckets behind their home.
    pub fn count_probes(self, probes: &mut [usize; 8]) {
        for (at, bucket) in self.buckets.iter().enumerate() {
            for slot in bucket.occupied() {
                probes[self.displacement(at, bucket.words[slot]).min(7)] += 1;
            }
        }
    }

    /// Does an entry whose path leads over `bucket` sit behind it? Trusts the bits of later buckets.
    fn is_crossed(self, bucket: usize) -> bool {
        let mut at = bucket;
        for distance in 1..self.buckets.len() {
            at = self.after(at);
            if self.slot_from(at, distance).is_some() {
                return true;
            }
            if !self.buckets[at].overflows() {
                return false;
            }
        }
        false
    }

    /// A slot of `bucket` whose entry sits at least `distance` behind its home.
    fn slot_from(self, bucket: usize, distance: usize) -> Option<usize> {
        let line = &self.buckets[bucket];
        line.occupied().find(|&slot| self.displacement(bucket, line.words[slot]) >= distance)
    }

    /// The nearest entry behind `bucket` whose path leads over it: bucket, slot.
    fn nearest_crossing(self, bucket: usize) -> Option<(usize, usize)> {
        let mut at = bucket;
        for distance in 1..self.buckets.len() {
            at = self.after(at);
            if let Some(slot) = self.slot_from(at, distance) {
                return Some((at, slot));
            }
        }
        None
    }
}

impl SegmentMut<'_> {
    /// The same segment for reading.
    #[inline(always)]
    pub fn as_ref(&self) -> Segment<'_> {
        Segment { buckets: self.buckets, depth: self.depth }
    }

    /// Adds a word; the segment has a free slot.
    #[inline(always)]
    pub fn put(&mut self, tag: u8, word: u64) {
        let mut at = self.as_ref().home(word >> 48);
        loop {
            let bucket = &mut self.buckets[at];
            if let Some(slot) = bucket.vacant() {
                return bucket.put(slot, tag, word);
            }
            bucket.set_overflow(true);
            at = self.as_ref().after(at);
        }
    }

    /// Takes a word out and moves later entries forward to where searches expect them.
    pub fn take(&mut self, bucket: usize, slot: usize) -> u64 {
        let (_, taken) = self.buckets[bucket].take(slot);
        let (home, end) = (self.as_ref().home(taken >> 48), bucket);
        let (mut bucket, mut slot) = (bucket, slot);
        while self.buckets[bucket].overflows() {
            let Some((from, from_slot)) = self.as_ref().nearest_crossing(bucket) else {
                self.buckets[bucket].set_overflow(false);
                break;
            };
            let (tag, word) = self.buckets[from].take(from_slot);
            self.buckets[bucket].put(slot, tag, word);
            self.recompute_overflow(bucket, from);
            (bucket, slot) = (from, from_slot);
        }
        self.recompute_overflow(home, end);
        taken
    }

    /// Renews the bits of the buckets from `first` up to, not including, `end`, the last first.
    fn recompute_overflow(&mut self, first: usize, end: usize) {
        let mut at = end;
        while at != first {
            at = if at == 0 { self.buckets.len() - 1 } else { at - 1 };
            let crossed = self.as_ref().is_crossed(at);
            self.buckets[at].set_overflow(crossed);
        }
    }
}

/// Looks at the value of a word in place.
///
/// # Safety
/// The word is live, and holds a `T`.
#[inline(always)]
pub(super) unsafe fn borrow<T: Thin>(word: &u64) -> &T {
    // SAFETY: `Thin` is a transparent word whose methods ignore the table's bits.
    unsafe { &*std::ptr::from_ref(word).cast::<T>() }
}
