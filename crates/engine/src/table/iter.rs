//! Walks over all entries.

use super::bucket::Slots;
use super::segment::{SegmentWord, borrow, step_for};
use super::thin::{RefMut, Thin, WORD_MASK};
use super::{Table, prefetch_word};

/// A place in a table: the next slot to look at.
struct Position {
    /// Directory index of the segment after the present one.
    next: usize,
    segment: Option<SegmentWord>,
    bucket: usize,
    slots: Slots,
}

impl Position {
    const START: Self = Self { next: 0, segment: None, bucket: 0, slots: Slots::NONE };

    /// The next slot in use: segment, bucket, slot.
    fn advance<T: Thin>(&mut self, table: &Table<T>) -> Option<(SegmentWord, usize, usize)> {
        loop {
            if let (Some(word), Some(slot)) = (self.segment, self.slots.next()) {
                return Some((word, self.bucket, slot));
            }
            self.bucket += 1;
            if self.segment.is_none_or(|word| self.bucket >= word.buckets()) {
                let word = *table.directory.get(self.next)?;
                self.next += table.span(word);
                self.segment = Some(word);
                self.bucket = 0;
            }
            // SAFETY: words of the directory are live segments, and the table is borrowed.
            let segment = unsafe { self.segment?.get() };
            self.slots = segment.buckets[self.bucket].occupied();
            if let Some(next) = segment.buckets.get(self.bucket + 1) {
                // Entries lie anywhere in memory; a bucket ahead they arrive in time.
                next.occupied().for_each(|slot| prefetch_word(next.words[slot]));
            }
        }
    }
}

/// Iterator over the entries of a table, in hash order but for collisions.
pub struct Iter<'a, T: Thin> {
    table: &'a Table<T>,
    position: Position,
}

impl<'a, T: Thin> Iterator for Iter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        loop {
            let (segment, bucket, slot) = self.position.advance(self.table)?;
            // SAFETY: a live segment, unchanged during `'a`.
            let word = &unsafe { segment.get::<'a>() }.buckets[bucket].words[slot];
            if word & WORD_MASK != 0 {
                // SAFETY: a live word, unchanged during `'a`.
                return Some(unsafe { borrow(word) });
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.table.len()))
    }
}

/// Iterator that takes the entries out of a table.
pub struct IntoIter<T: Thin> {
    table: Table<T>,
    position: Position,
}

impl<T: Thin> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        loop {
            let (segment, bucket, slot) = self.position.advance(&self.table)?;
            // SAFETY: a live segment of a table that is ours.
            let (_, word) = unsafe { segment.get_mut() }.buckets[bucket].take(slot);
            if word & WORD_MASK != 0 {
                // SAFETY: a live word, and the table has just forgotten it.
                return Some(unsafe { T::from_word(word & WORD_MASK) });
            }
        }
    }
}

impl<T: Thin> IntoIterator for Table<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { table: self, position: Position::START }
    }
}

impl<'a, T: Thin> IntoIterator for &'a Table<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T: Thin> Table<T> {
    /// All entries.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { table: self, position: Position::START }
    }

    /// Takes all entries out; the table is empty at once.
    pub fn drain(&mut self) -> IntoIter<T> {
        std::mem::replace(self, Self::new(self.seed)).into_iter()
    }

    /// Shows every entry to `change`, which may change anything but the key.
    pub fn for_each_mut(&mut self, mut change: impl FnMut(&mut T)) {
        let mut position = Position::START;
        while let Some((segment, bucket, slot)) = position.advance(self) {
            // SAFETY: a live segment, ours as `self` is.
            let word = unsafe { &mut segment.get_mut().buckets[bucket].words[slot] };
            if *word & WORD_MASK != 0 {
                // SAFETY: a live word.
                change(&mut *unsafe { RefMut::new(word, &mut self.counted) });
            }
        }
    }

    /// Keeps the entries for which `keep` says so. Segments are rebuilt, not merged.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        let mut at = 0;
        while at < self.directory.len() {
            let word = self.directory[at];
            let removed = self.retain_in(word, &mut keep);
            if removed > 0 {
                let count = word.count() - removed;
                self.directory[at] = word.with_count(count);
                self.len -= removed;
                self.rebuild(at, step_for(count * 4 / 3).min(word.step()));
            }
            at += self.span(word);
        }
        if self.len == 0 {
            self.clear();
        }
    }

    /// Drops what is not kept of one segment, and leaves the holes; returns their number.
    fn retain_in(&mut self, segment: SegmentWord, keep: &mut impl FnMut(&mut T) -> bool) -> usize {
        let mut removed = 0;
        // SAFETY: a live segment, ours as `self` is.
        for bucket in unsafe { segment.get_mut() }.buckets {
            for slot in bucket.occupied() {
                let word = &mut bucket.words[slot];
                // SAFETY: a live word (a ghost is not looked at).
                if *word & WORD_MASK == 0 || keep(&mut *unsafe { RefMut::new(word, &mut self.counted) }) {
                    continue;
                }
                let (_, word) = bucket.take(slot);
                self.counted -= usize::from(word & T::COUNTED != 0);
                removed += 1;
                // SAFETY: a live word, and the table has just forgotten it.
                drop(unsafe { T::from_word(word & WORD_MASK) });
            }
        }
        removed
    }
}
