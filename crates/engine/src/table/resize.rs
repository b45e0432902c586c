//! How a table grows and shrinks: always one segment at a time.
//!
//! ```text
//!                 full, under 256 buckets             full at 256 buckets
//!   [segment] ------------------------> next step   -------------------> two of the next depth,
//!             <------------------------             <-------------------  the directory doubles
//!                 half empty                          both together small  if it has to
//! ```
//! Hysteresis: a segment grows when it is 29/32 full, and shrinks to 3/4 full when it is less than
//! half full; siblings merge when together they would fill a quarter of the largest segment.

use super::bucket::SLOTS;
use super::directory::Directory;
use super::segment::{Held, Segment, fragment_of, place_of};
use super::segment_word::{BUCKETS, Detached, MAX_DEPTH, SPLIT_STEP, step_for};
use super::thin::Thin;
use super::{Table, prefetch_word};

/// Siblings with at most this many entries together become one segment: a quarter of a full one.
const MERGE: usize = BUCKETS[SPLIT_STEP] as usize * SLOTS / 4;

/// How many entries ahead a split asks for keys that it has to hash.
const AHEAD: usize = 12;

/// Most entries that a segment made in advance is expected to get, five for each bucket of the largest:
/// well below the limit at which it would split, for entries are never spread evenly.
const EXPECTED: usize = BUCKETS[SPLIT_STEP] as usize * 5;

impl<T: Thin> Table<T> {
    /// Prepares an empty table for about this number of entries, so that filling it rebuilds little.
    pub fn reserve(&mut self, entries: usize) {
        if !self.is_empty() || entries <= SLOTS {
            return;
        }
        self.clear();
        let mut depth = 0;
        while entries >> depth > EXPECTED && depth < MAX_DEPTH {
            depth += 1;
        }
        let each = entries >> depth;
        // Three standard deviations above the mean: few segments grow.
        let spread = if depth == 0 { 0 } else { 3 * each.isqrt() };
        let step = step_for(each + spread).min(SPLIT_STEP);
        let segments: Vec<_> = (0..1 << depth).map(|_| self.allocate(step, depth)).collect();
        self.directory = Directory::of_equal(depth, segments.into_iter());
    }

    /// Gives the empty table its first segment.
    #[cold]
    pub(super) fn found(&mut self) {
        self.directory = Directory::of_one(self.allocate(0, 0));
    }

    /// Makes room in the full segment whose first index is `first`.
    #[cold]
    #[inline(never)]
    pub(super) fn grow(&mut self, first: usize) {
        let word = self.directory[first];
        let step = word.step();
        if step < SPLIT_STEP {
            self.rebuild(first, step + 1);
        } else if word.depth() < self.usual_depth() || self.is_separable(self.directory.at(first)) {
            self.split(first);
        } else {
            // A good hash never comes here.
            assert!(step + 1 < BUCKETS.len(), "a thousand keys have the same 40 bits of keyed hash");
            self.rebuild(first, step + 1);
        }
    }

    /// Up to this depth segments split without further thought.
    fn usual_depth(&self) -> u32 {
        (usize::BITS - self.len.leading_zeros()).min(MAX_DEPTH)
    }

    /// Will splits, one or several, separate the entries of a segment? Keys that come in hash order
    /// (a copy of a larger table) agree in many leading bits, and only in those.
    fn is_separable(&self, segment: Segment<'_, T>) -> bool {
        let entries = segment.words().filter_map(|held| held.entry());
        let mut hashes = entries.map(|entry| entry.with_key(|key| self.seed.hash(key)));
        let Some(one) = hashes.next() else { return false };
        hashes.fold(0, |differing, hash| differing | (hash ^ one)).leading_zeros() < MAX_DEPTH
    }

    /// Called after an entry of the segment at `index` has been taken out.
    #[inline]
    pub(super) fn note_removed(&mut self, index: usize) {
        let first = self.directory.first(index);
        let word = self.directory[first];
        let count = word.count() - 1;
        self.directory.set_count(first, count);
        self.len -= 1;
        if count < word.buckets() * SLOTS / 2 {
            self.shrink(first);
        }
    }

    #[cold]
    #[inline(never)]
    fn shrink(&mut self, first: usize) {
        if self.len == 0 {
            return self.clear();
        }
        let word = self.directory[first];
        let step = step_for(word.count() * 4 / 3);
        if step < word.step() {
            self.rebuild(first, step);
        }
        if word.count() <= MERGE && word.depth() > 0 {
            self.merge_with_sibling(first);
        }
    }

    /// Gives every segment the smallest size that holds it.
    pub fn shrink_to_fit(&mut self) {
        let mut at = 0;
        while at < self.directory.len() {
            let word = self.directory[at];
            let step = step_for(word.count());
            if step < word.step() {
                self.rebuild(at, step);
            }
            at += self.directory.span(word);
        }
    }

    /// Drops all entries and frees everything.
    pub fn clear(&mut self) {
        let mut directory = std::mem::take(&mut self.directory);
        let mut at = 0;
        while at < directory.len() {
            let span = directory.span(directory[at]);
            let mut segment = directory.detach(at);
            segment.as_mut().clear();
            self.release(segment);
            at += span;
        }
        (self.len, self.counted) = (0, 0);
    }

    /// Moves the segment at `first` to another number of buckets.
    pub(super) fn rebuild(&mut self, first: usize, step: usize) {
        let count = self.directory[first].count();
        let old = self.directory.detach(first);
        let mut new = self.allocate(step, old.word().depth());
        let mut to = new.as_mut();
        old.as_ref().words().for_each(|held| to.adopt(&held, held.word() >> 48));
        self.directory.attach(first, new, count);
        self.release(old);
    }

    /// Cuts the segment at `first` in two by the next bit of hash.
    fn split(&mut self, first: usize) {
        let (depth, count) = (self.directory[first].depth(), self.directory[first].count());
        let first = if depth == self.directory.depth() { self.double(first) } else { first };
        let old = self.directory.detach(first);
        let from = old.as_ref();
        let upper_half = |held: &Held<'_, T>| (place_of(held.word() >> 48, depth) >> 15) as usize;
        let upper = from.words().filter(|held| upper_half(held) == 1).count();
        let counts = [count - upper, upper];
        let mut new = counts.map(|count| self.allocate(step_for(count + 1), depth + 1));
        let mut halves = new.each_mut().map(Detached::as_mut);
        let needs_keys = (depth + 1).is_multiple_of(4);
        let mut ahead = from.words();
        if needs_keys {
            ahead.by_ref().take(AHEAD).for_each(|held| prefetch_word(held.word()));
        }
        for held in from.words() {
            let half = &mut halves[upper_half(&held)];
            if needs_keys {
                ahead.next().inspect(|held| prefetch_word(held.word()));
                half.adopt(&held, self.fragment_at(&held, depth + 1));
            } else {
                half.adopt(&held, held.word() >> 48);
            }
        }
        drop(ahead);
        let span = self.directory.span(new[0].word());
        for (half, (segment, count)) in new.into_iter().zip(counts).enumerate() {
            self.directory.attach(first + half * span, segment, count);
        }
        self.directory.deepest += if depth + 1 == self.directory.depth() { 2 } else { 0 };
        self.release(old);
    }

    /// The fragment at another depth, from the hash of the key.
    fn fragment_at(&self, held: &Held<'_, T>, depth: u32) -> u64 {
        match held.entry() {
            Some(entry) => fragment_of(entry.with_key(|key| self.seed.hash(key)), depth),
            // A ghost has no key any more: any place will do.
            None => held.word() >> 44 & 0xffff,
        }
    }

    /// Doubles the directory; returns where `first` is now.
    fn double(&mut self, first: usize) -> usize {
        self.directory.double();
        first * 2
    }

    fn merge_with_sibling(&mut self, first: usize) {
        let word = self.directory[first];
        let span = self.directory.span(word);
        let sibling = self.directory[first ^ span];
        if sibling.depth() == word.depth() && sibling.count() + word.count() <= MERGE {
            self.merge(first & !span, span);
        }
    }

    /// Makes one segment of the two siblings at `first` and `first + span`.
    fn merge(&mut self, first: usize, span: usize) {
        let places = [first, first + span];
        let count = places.iter().map(|at| self.directory[*at].count()).sum();
        let old = places.map(|at| self.directory.detach(at));
        let depth = old[0].word().depth();
        let mut new = self.allocate(step_for(count * 4 / 3 + 1), depth - 1);
        let mut to = new.as_mut();
        for (segment, index) in old.iter().zip(places) {
            // Four bits of prefix become part of the fragment again when its beginning moves.
            let prefix = (index >> (self.directory.depth() - depth)) as u64 & 15;
            for held in segment.as_ref().words() {
                let fragment = held.word() >> 48;
                let fragment = if depth.is_multiple_of(4) { prefix << 12 | fragment >> 4 } else { fragment };
                to.adopt(&held, fragment);
            }
        }
        self.directory.attach(first, new, count);
        old.into_iter().for_each(|segment| self.release(segment));
        self.directory.deepest -= if depth == self.directory.depth() { 2 } else { 0 };
        self.halve();
    }

    /// Halves the directory while no segment needs its last bit.
    fn halve(&mut self) {
        while self.directory.depth() > 0 && self.directory.deepest == 0 {
            self.directory.halve();
        }
    }

    fn allocate(&mut self, step: usize, depth: u32) -> Detached<T> {
        self.segments += 1;
        self.buckets += u32::from(BUCKETS[step]);
        Detached::allocate(step, depth)
    }

    /// Frees a segment whose entries have been moved or dropped.
    fn release(&mut self, segment: Detached<T>) {
        self.segments -= 1;
        self.buckets -= segment.word().buckets() as u32;
        drop(segment);
    }
}
