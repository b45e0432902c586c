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
#![allow(unsafe_code)]

use std::marker::PhantomData;

use super::bucket::{Bucket, Slots, tag_of};
use super::prefetch_word;
use super::thin::{RefMut, Thin, WORD_MASK};
use crate::prefetch::prefetch;

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

/// A segment, borrowed for reading. Its words are those of live entries `T`, of ghosts, or 0.
pub(super) struct Segment<'a, T> {
    pub buckets: &'a [Bucket],
    depth: u32,
    entries: PhantomData<&'a T>,
}

/// A segment, borrowed for changing. Its words are those of live entries `T`, of ghosts, or 0.
pub(super) struct SegmentMut<'a, T> {
    buckets: &'a mut [Bucket],
    depth: u32,
    entries: PhantomData<&'a mut T>,
}

/// A word of a segment with its tag: an entry, or a ghost.
pub(super) struct Held<'a, T> {
    tag: u8,
    word: &'a u64,
    entries: PhantomData<&'a T>,
}

/// The entries of one bucket with one of the flags, or all of them if none is asked for.
pub(super) struct EntriesIn<'a, T> {
    bucket: &'a Bucket,
    slots: Slots,
    flags: u64,
    entries: PhantomData<&'a T>,
}

impl<T> Clone for Segment<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Segment<'_, T> {}

impl<'a, T> Segment<'a, T> {
    /// A segment of these buckets.
    ///
    /// # Safety
    /// Their words are those of live entries `T`, of ghosts, or 0, and stay so during `'a`.
    #[inline(always)]
    pub unsafe fn new(buckets: &'a [Bucket], depth: u32) -> Self {
        Segment { buckets, depth, entries: PhantomData }
    }

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

    /// Starts to fetch the bucket where an entry of this hash belongs.
    #[inline(always)]
    pub fn prefetch_home(self, hash: u64) {
        let home = self.home(fragment_of(hash, self.depth));
        prefetch(self.buckets.as_ptr().wrapping_add(home));
    }

    /// Starts to fetch the entry that a search for this hash will look at first.
    #[inline(always)]
    pub fn prefetch_entry(self, hash: u64) {
        if let Some((bucket, slot)) = self.search(hash, |_| true) {
            prefetch_word(self.buckets[bucket].words[slot]);
        }
    }

    /// All words, ghosts included, in the order of the buckets.
    pub fn words(self) -> impl Iterator<Item = Held<'a, T>> {
        self.buckets.iter().flat_map(|bucket| {
            bucket.occupied().map(|slot| Held {
                tag: bucket.tag(slot),
                word: &bucket.words[slot],
                entries: PhantomData,
            })
        })
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

impl<'a, T: Thin> Segment<'a, T> {
    /// Where the entry of `key` is: bucket and slot.
    #[inline(always)]
    pub fn find(self, hash: u64, key: &[u8]) -> Option<(usize, usize)> {
        // SAFETY: a search passes the words of live entries.
        self.search(hash, |word| unsafe { borrow::<T>(word) }.is(key))
    }

    /// The entry of `key`.
    #[inline(always)]
    pub fn get(self, hash: u64, key: &[u8]) -> Option<&'a T> {
        let (bucket, slot) = self.find(hash, key)?;
        // SAFETY: a search finds the word of a live entry, which stays so during `'a`.
        Some(unsafe { borrow(&self.buckets[bucket].words[slot]) })
    }

    /// Whether there is an entry with a key, which is only asked for if tag and fragment agree.
    #[inline(always)]
    pub fn holds<'k>(self, hash: u64, key: impl Fn() -> &'k [u8]) -> bool {
        // SAFETY: a search passes the words of live entries.
        self.search(hash, |word| unsafe { borrow::<T>(word) }.is(key())).is_some()
    }

    /// The entry in a slot with one of the flags, or with any if none is asked for.
    #[inline(always)]
    pub fn entry(self, bucket: usize, slot: usize, flags: u64) -> Option<&'a T> {
        let word = &self.buckets[bucket].words[slot];
        // SAFETY: what is neither 0 nor a ghost is a live entry, and stays so during `'a`.
        has(word, flags).then(|| unsafe { borrow(word) })
    }

    /// The entries of a bucket with one of the flags, or all of them if none is asked for.
    #[inline(always)]
    pub fn entries_in(self, bucket: usize, flags: u64) -> EntriesIn<'a, T> {
        let bucket = &self.buckets[bucket];
        EntriesIn { bucket, slots: bucket.occupied(), flags, entries: PhantomData }
    }

    /// The entries that belong to a home, wherever they sit.
    #[inline(always)]
    pub fn entries_of_home(self, home: usize) -> impl Iterator<Item = &'a T> {
        self.path(home).flat_map(move |(at, bucket)| {
            let belongs = move |slot: &usize| self.home(bucket.words[*slot] >> 48) == home;
            bucket.occupied().filter(belongs).filter_map(move |slot| self.entry(at, slot, 0))
        })
    }
}

impl<'a, T: Thin> Iterator for EntriesIn<'a, T> {
    type Item = &'a T;

    #[inline(always)]
    fn next(&mut self) -> Option<&'a T> {
        loop {
            let word = &self.bucket.words[self.slots.next()?];
            if has(word, self.flags) {
                // SAFETY: what is neither 0 nor a ghost is a live entry, and stays so during `'a`.
                return Some(unsafe { borrow(word) });
            }
        }
    }
}

impl<'a, T: Thin> Held<'a, T> {
    /// The word, with the bits of hash.
    #[inline(always)]
    pub fn word(&self) -> u64 {
        *self.word
    }

    /// The entry; none if it is a ghost.
    #[inline(always)]
    pub fn entry(&self) -> Option<&'a T> {
        // SAFETY: what is no ghost is a live entry, and stays so during `'a`.
        (*self.word & WORD_MASK != 0).then(|| unsafe { borrow(self.word) })
    }
}

impl<'a, T> SegmentMut<'a, T> {
    /// A segment of these buckets.
    ///
    /// # Safety
    /// Their words are those of live entries `T`, of ghosts, or 0.
    #[inline(always)]
    pub unsafe fn new(buckets: &'a mut [Bucket], depth: u32) -> Self {
        SegmentMut { buckets, depth, entries: PhantomData }
    }
}

impl<'a, T: Thin> SegmentMut<'a, T> {
    /// The segment, for reading.
    #[inline(always)]
    pub fn as_ref(&self) -> Segment<'_, T> {
        Segment { buckets: self.buckets, depth: self.depth, entries: PhantomData }
    }

    /// Adds an entry with its hash; the segment has a free slot. Whether it has a flag of `T::COUNTED`.
    #[inline(always)]
    pub fn insert(&mut self, hash: u64, entry: T) -> bool {
        let word = entry.into_word();
        debug_assert!(word != 0 && word & !WORD_MASK == 0, "a word has 48 bits and is not 0");
        self.put(tag_of(hash), word | fragment_of(hash, self.depth) << 48);
        word & T::COUNTED != 0
    }

    /// Takes an entry, or a ghost, over from another segment, with the fragment that it has here. The other one forgets it
    /// without dropping it.
    #[inline(always)]
    pub fn adopt(&mut self, held: &Held<'_, T>, fragment: u64) {
        self.put(held.tag, held.word & WORD_MASK | fragment << 48);
    }

    /// The entry of `key`, for changing anything but the key; `counted` is the number of entries with a flag of
    /// `T::COUNTED`.
    #[inline(always)]
    pub fn find_mut(self, hash: u64, key: &[u8], counted: &'a mut usize) -> Option<RefMut<'a, T>> {
        let (bucket, slot) = self.as_ref().find(hash, key)?;
        // SAFETY: a search finds the word of a live entry.
        Some(unsafe { RefMut::new(&mut self.buckets[bucket].words[slot], counted) })
    }

    /// The entry in a slot, for changing anything but the key.
    #[inline(always)]
    pub fn entry_mut(self, bucket: usize, slot: usize, counted: &'a mut usize) -> Option<RefMut<'a, T>> {
        let word = &mut self.buckets[bucket].words[slot];
        // SAFETY: what is neither 0 nor a ghost is a live entry.
        (*word & WORD_MASK != 0).then(|| unsafe { RefMut::new(word, counted) })
    }

    /// Takes the entry of `key` out, and whether it has a flag of `T::COUNTED`.
    #[inline(always)]
    pub fn remove(&mut self, hash: u64, key: &[u8]) -> Option<(T, bool)> {
        let (bucket, slot) = self.as_ref().find(hash, key)?;
        let taken = self.take(bucket, slot) & WORD_MASK;
        // SAFETY: a live entry, and the segment has just forgotten it.
        Some((unsafe { T::from_word(taken) }, taken & T::COUNTED != 0))
    }

    /// Takes the entry out of a slot, and whether it has a flag of `T::COUNTED`. Leaves a hole, so nothing may be searched
    /// for any more until the segment is rebuilt.
    pub fn extract(&mut self, bucket: usize, slot: usize) -> Option<(T, bool)> {
        let (_, word) = self.buckets[bucket].take(slot);
        // SAFETY: what is neither 0 nor a ghost is a live entry, and the segment has just forgotten it.
        let entry = (word & WORD_MASK != 0).then(|| unsafe { T::from_word(word & WORD_MASK) });
        Some((entry?, word & T::COUNTED != 0))
    }

    /// Drops all entries.
    pub fn clear(&mut self) {
        for bucket in 0..self.buckets.len() {
            for slot in self.buckets[bucket].occupied() {
                drop(self.extract(bucket, slot));
            }
        }
    }

    /// Adds a word; the segment has a free slot.
    #[inline(always)]
    fn put(&mut self, tag: u8, word: u64) {
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
    fn take(&mut self, bucket: usize, slot: usize) -> u64 {
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

/// Is this the word of an entry with one of the flags (of any entry if none is asked for)?
#[inline(always)]
fn has(word: &u64, flags: u64) -> bool {
    word & WORD_MASK != 0 && (flags == 0 || word & flags != 0)
}

/// Looks at the value of a word in place.
///
/// # Safety
/// The word is live, and holds a `T`.
#[inline(always)]
unsafe fn borrow<T: Thin>(word: &u64) -> &T {
    // SAFETY: `Thin` is a transparent word whose methods ignore the table's bits.
    unsafe { &*std::ptr::from_ref(word).cast::<T>() }
}
