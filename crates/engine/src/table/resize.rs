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
use super::segment::{BUCKETS, MAX_DEPTH, SPLIT_STEP, SegmentWord, borrow, fragment_of, place_of, step_for};
use super::thin::{Thin, WORD_MASK};
use super::{Table, prefetch_word};

/// Siblings with at most this many entries together become one segment: a quarter of a full one.
const MERGE: usize = BUCKETS[SPLIT_STEP] as usize * SLOTS / 4;

/// How many entries ahead a split asks for keys that it has to hash.
const AHEAD: usize = 12;

/// Most entries that a segment made in advance is expected to get, five for each bucket of the largest:
/// well below the limit at which it would split, for entries are never spread evenly.
const EXPECTED: usize = BUCKETS[SPLIT_STEP] as usize * 5;

impl<T: Thin> Table<T> {
    /// Prepares an empty table for about so many entries, so that filling it rebuilds little.
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
        self.directory = Directory::new(depth, (0..1 << depth).map(|_| self.allocate(step, depth)).collect());
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
        } else if word.depth() < self.usual_depth() || self.is_separable(word) {
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
    fn is_separable(&self, word: SegmentWord) -> bool {
        // SAFETY: the segment is live, and `&self` keeps it unchanged.
        let mut hashes =
            unsafe { word.get() }.words().filter(|(_, entry)| *entry & WORD_MASK != 0).map(|(_, entry)| {
                // SAFETY: a live word of this table.
                unsafe { borrow::<T>(entry) }.with_key(|key| self.seed.hash(key))
            });
        let Some(one) = hashes.next() else { return false };
        hashes.fold(0, |differing, hash| differing | (hash ^ one)).leading_zeros() < MAX_DEPTH
    }

    /// Called after an entry of the segment at `index` has been taken out.
    #[inline]
    pub(super) fn note_removed(&mut self, index: usize) {
        let first = self.first(index);
        let word = self.directory[first];
        let word = word.with_count(word.count() - 1);
        self.directory[first] = word;
        self.len -= 1;
        if word.count() < word.buckets() * SLOTS / 2 {
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
            at += self.span(word);
        }
    }

    /// Drops all entries and frees everything.
    pub fn clear(&mut self) {
        let directory = std::mem::take(&mut self.directory);
        let mut at = 0;
        while at < directory.len() {
            let word = directory[at];
            at += directory.span(word);
            // SAFETY: the segment is live, and `&mut self` makes it ours.
            for (_, entry) in unsafe { word.get() }.words() {
                if entry & WORD_MASK != 0 {
                    // SAFETY: a live word, never looked at again.
                    drop(unsafe { T::from_word(entry & WORD_MASK) });
                }
            }
            self.release(word);
        }
        (self.len, self.counted) = (0, 0);
    }

    /// Moves the segment at `first` to another number of buckets.
    pub(super) fn rebuild(&mut self, first: usize, step: usize) {
        let old = self.directory[first];
        let new = self.allocate(step, old.depth());
        // SAFETY: both are live, distinct, and ours.
        let (from, mut to) = unsafe { (old.get(), new.get_mut()) };
        for (tag, entry) in from.words() {
            to.put(tag, *entry);
        }
        self.set_span(first, new.with_count(old.count()));
        self.release(old);
    }

    /// Cuts the segment at `first` in two by the next bit of hash.
    fn split(&mut self, first: usize) {
        let old = self.directory[first];
        let depth = old.depth();
        let first = if depth == self.directory.depth() { self.double(first) } else { first };
        // SAFETY: the segment is live and ours until released below.
        let from = unsafe { old.get() };
        let upper_half = |entry: u64| (place_of(entry >> 48, depth) >> 15) as usize;
        let upper = from.words().filter(|(_, entry)| upper_half(**entry) == 1).count();
        let counts = [old.count() - upper, upper];
        let new = counts.map(|count| self.allocate(step_for(count + 1), depth + 1).with_count(count));
        // SAFETY: both are live, distinct, and ours.
        let mut halves = new.map(|word| unsafe { word.get_mut() });
        let needs_keys = (depth + 1).is_multiple_of(4);
        let mut ahead = from.words();
        if needs_keys {
            ahead.by_ref().take(AHEAD).for_each(|(_, entry)| prefetch_word(*entry));
        }
        for (tag, entry) in from.words() {
            let half = &mut halves[upper_half(*entry)];
            if needs_keys {
                ahead.next().inspect(|(_, entry)| prefetch_word(**entry));
                half.put(tag, self.refragment(entry, depth + 1));
            } else {
                half.put(tag, *entry);
            }
        }
        let span = self.span(new[0]);
        self.set_span(first, new[0]);
        self.set_span(first + span, new[1]);
        self.directory.deepest += if depth + 1 == self.directory.depth() { 2 } else { 0 };
        self.release(old);
    }

    /// The word with the fragment of another depth, from the hash of its key.
    fn refragment(&self, entry: &u64, depth: u32) -> u64 {
        if entry & WORD_MASK == 0 {
            return entry << 4; // A ghost has no key any more: any place will do.
        }
        // SAFETY: a live word of this table.
        let hash = unsafe { borrow::<T>(entry) }.with_key(|key| self.seed.hash(key));
        entry & WORD_MASK | fragment_of(hash, depth) << 48
    }

    /// Doubles the directory; returns where `first` is now.
    fn double(&mut self, first: usize) -> usize {
        self.directory = self.directory.doubled();
        first * 2
    }

    fn merge_with_sibling(&mut self, first: usize) {
        let word = self.directory[first];
        let span = self.span(word);
        let sibling = self.directory[first ^ span];
        if sibling.depth() == word.depth() && sibling.count() + word.count() <= MERGE {
            self.merge(first & !span, span);
        }
    }

    /// Makes one segment of the two siblings at `first` and `first + span`.
    fn merge(&mut self, first: usize, span: usize) {
        let old = [self.directory[first], self.directory[first + span]];
        let depth = old[0].depth();
        let count = old[0].count() + old[1].count();
        let new = self.allocate(step_for(count * 4 / 3 + 1), depth - 1);
        // SAFETY: the new segment is live and ours.
        let mut to = unsafe { new.get_mut() };
        for (word, index) in old.into_iter().zip([first, first + span]) {
            // Four bits of prefix become part of the fragment again when its beginning moves.
            let prefix = (index >> (self.directory.depth() - depth)) as u64 & 15;
            // SAFETY: the segment is live and ours until released below.
            for (tag, entry) in unsafe { word.get() }.words() {
                let fragment = entry >> 48;
                let fragment = if depth.is_multiple_of(4) { prefix << 12 | fragment >> 4 } else { fragment };
                to.put(tag, entry & WORD_MASK | fragment << 48);
            }
        }
        self.set_span(first, new.with_count(count));
        old.into_iter().for_each(|word| self.release(word));
        self.directory.deepest -= if depth == self.directory.depth() { 2 } else { 0 };
        self.halve();
    }

    /// Halves the directory while no segment needs its last bit.
    fn halve(&mut self) {
        while self.directory.depth() > 0 && self.directory.deepest == 0 {
            self.directory = self.directory.halved();
        }
    }

    fn set_span(&mut self, first: usize, word: SegmentWord) {
        let span = self.span(word);
        self.directory[first..first + span].fill(word);
    }

    fn allocate(&mut self, step: usize, depth: u32) -> SegmentWord {
        self.segments += 1;
        self.buckets += u32::from(BUCKETS[step]);
        SegmentWord::allocate(step, depth)
    }

    /// Frees a segment that the directory no longer names.
    fn release(&mut self, word: SegmentWord) {
        self.segments -= 1;
        self.buckets -= word.buckets() as u32;
        // SAFETY: the callers have moved or dropped its entries and forget the word.
        unsafe { word.free() }
    }
}
