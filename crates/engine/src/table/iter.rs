//! Walks over all entries.

use super::directory::Directory;
use super::segment::{EntriesIn, Segment};
use super::segment_word::step_for;
use super::thin::Thin;
use super::{Table, prefetch_word};

/// A place in a table: the next bucket to look at.
struct Position {
    /// Directory index of the segment.
    segment: usize,
    bucket: usize,
}

impl Position {
    const START: Self = Self { segment: 0, bucket: 0 };

    /// The next bucket: directory index of its segment, number within it.
    #[inline]
    fn advance<T>(&mut self, directory: &Directory<T>) -> Option<(usize, usize)> {
        let word = *directory.get(self.segment)?;
        let here = (self.segment, self.bucket);
        self.bucket += 1;
        if self.bucket == word.buckets() {
            (self.segment, self.bucket) = (self.segment + directory.span(word), 0);
        }
        Some(here)
    }
}

/// Asks for the entries behind a bucket. They lie anywhere in memory; a bucket ahead they arrive in time.
#[inline]
fn look_ahead<T>(segment: Segment<'_, T>, bucket: usize) {
    if let Some(next) = segment.buckets.get(bucket + 1) {
        next.occupied().for_each(|slot| prefetch_word(next.words[slot]));
    }
}

/// Iterator over the entries of a table, in hash order but for collisions.
pub struct Iter<'a, T: Thin> {
    table: &'a Table<T>,
    position: Position,
    entries: Option<EntriesIn<'a, T>>,
}

impl<'a, T: Thin> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        loop {
            if let Some(entry) = self.entries.as_mut().and_then(|entries| entries.next()) {
                return Some(entry);
            }
            let (segment, bucket) = self.position.advance(&self.table.directory)?;
            let segment = self.table.directory.at(segment);
            look_ahead(segment, bucket);
            self.entries = Some(segment.entries_in(bucket, 0));
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
    /// The bucket that is being emptied: directory index of its segment, number within it.
    here: Option<(usize, usize)>,
}

impl<T: Thin> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        loop {
            if let Some((segment, bucket)) = self.here
                && let Some(slot) = self.table.directory.at(segment).buckets[bucket].occupied().next()
            {
                match self.table.directory.at_mut(segment).extract(bucket, slot) {
                    Some((entry, _)) => return Some(entry),
                    None => continue,
                }
            }
            let (segment, bucket) = self.position.advance(&self.table.directory)?;
            look_ahead(self.table.directory.at(segment), bucket);
            self.here = Some((segment, bucket));
        }
    }
}

impl<T: Thin> IntoIterator for Table<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { table: self, position: Position::START, here: None }
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
        Iter { table: self, position: Position::START, entries: None }
    }

    /// Takes all entries out; the table is empty at once.
    pub fn drain(&mut self) -> IntoIter<T> {
        std::mem::replace(self, Self::new(self.seed)).into_iter()
    }

    /// Keeps the entries for which `keep` says so. Segments are rebuilt, not merged.
    pub fn retain(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        let mut at = 0;
        while at < self.directory.len() {
            let word = self.directory[at];
            let removed = self.retain_in(at, &mut keep);
            if removed > 0 {
                let count = word.count() - removed;
                self.directory.set_count(at, count);
                self.len -= removed;
                self.rebuild(at, step_for(count * 4 / 3).min(word.step()));
            }
            at += self.directory.span(word);
        }
        if self.len == 0 {
            self.clear();
        }
    }

    /// Drops what is not kept of the segment at a first index, and leaves the holes; returns their number.
    fn retain_in(&mut self, first: usize, keep: &mut impl FnMut(&mut T) -> bool) -> usize {
        let mut removed = 0;
        for bucket in 0..self.directory[first].buckets() {
            for slot in self.directory.at(first).buckets[bucket].occupied() {
                let entry = self.directory.at_mut(first).entry_mut(bucket, slot, &mut self.counted);
                if entry.is_none_or(|mut entry| keep(&mut entry)) {
                    continue;
                }
                if let Some((_, is_counted)) = self.directory.at_mut(first).extract(bucket, slot) {
                    self.counted -= usize::from(is_counted);
                    removed += 1;
                }
            }
        }
        removed
    }
}
