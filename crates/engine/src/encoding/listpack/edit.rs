//! Changing a listpack: every edit is one splice of bytes, so there is one place that moves memory.

use super::codec::{backlen_size, encoded_len, skip};
use super::{COUNT_UNKNOWN, EMPTY_SIZE, Entry, HEADER, Listpack, Needle, Pos, block};

impl Listpack {
    /// Adds an element at the end.
    #[inline]
    pub fn push_back<'e>(&mut self, entry: impl Into<Entry<'e>>) {
        self.splice(self.end(), 0, 0, &[entry.into()]);
    }

    /// Adds an element at the start.
    pub fn push_front<'e>(&mut self, entry: impl Into<Entry<'e>>) {
        self.splice(HEADER, 0, 0, &[entry.into()]);
    }

    /// Adds two elements at the end, growing once: a hash field and its value.
    pub fn push_back_pair<'e>(&mut self, first: impl Into<Entry<'e>>, second: impl Into<Entry<'e>>) {
        self.splice(self.end(), 0, 0, &[first.into(), second.into()]);
    }

    /// Adds two elements before the one at `pos`, or at the end: a sorted-set member and its score.
    /// Returns the position of the first of them.
    pub fn insert_pair<'e>(
        &mut self,
        pos: Option<Pos>,
        first: impl Into<Entry<'e>>,
        second: impl Into<Entry<'e>>,
    ) -> Pos {
        let at = pos.map_or(self.end(), |pos| pos.0 as usize);
        self.splice(at, 0, 0, &[first.into(), second.into()]);
        Pos(at as u32)
    }

    /// Adds all the entries at the end, growing once.
    pub fn extend(&mut self, entries: &[Entry<'_>]) {
        self.splice(self.end(), 0, 0, entries);
    }

    /// Adds an element before the one at `pos` and returns the new one's position.
    pub fn insert_before<'e>(&mut self, pos: Pos, entry: impl Into<Entry<'e>>) -> Pos {
        self.splice(pos.0 as usize, 0, 0, &[entry.into()]);
        pos
    }

    /// Adds an element behind the one at `pos` and returns the new one's position.
    pub fn insert_after<'e>(&mut self, pos: Pos, entry: impl Into<Entry<'e>>) -> Pos {
        let at = skip(self.as_bytes(), pos.0 as usize);
        self.splice(at, 0, 0, &[entry.into()]);
        Pos(at as u32)
    }

    /// Puts another element in place of the one at `pos`; the position stays good.
    pub fn replace<'e>(&mut self, pos: Pos, entry: impl Into<Entry<'e>>) {
        let at = pos.0 as usize;
        let encoded = encoded_len(self.as_bytes(), at);
        self.splice(at, encoded + backlen_size(encoded), 1, &[entry.into()]);
    }

    /// Removes the element at `pos`; returns the position of the one that followed it.
    pub fn delete(&mut self, pos: Pos) -> Option<Pos> {
        self.delete_from(pos, 1)
    }

    /// Removes up to `count` elements from `pos` on; returns the position of the one behind them.
    pub fn delete_from(&mut self, pos: Pos, count: usize) -> Option<Pos> {
        let bytes = self.as_bytes();
        let (start, end) = (pos.0 as usize, bytes.len() - 1);
        let (mut at, mut deleted) = (start, 0);
        while deleted < count && at < end {
            at = skip(bytes, at);
            deleted += 1;
        }
        self.splice(start, at - start, deleted, &[]);
        self.unless_end(start)
    }

    /// Removes up to `count` elements from `index` on (negative from the end); returns how many went.
    pub fn delete_range(&mut self, index: i64, count: usize) -> usize {
        let Some(pos) = self.seek(index).filter(|_| count > 0) else { return 0 };
        let len = self.len();
        let start = if index < 0 { len - index.unsigned_abs() as usize } else { index as usize };
        if count < len - start {
            self.delete_from(pos, count);
            return count;
        }
        // Everything from here on goes: no need to walk over it.
        let at = pos.0 as usize;
        self.splice(at, self.end() - at, len - start, &[]);
        len - start
    }

    /// Removes the elements at these positions, which must be in ascending order, moving every
    /// remaining byte at most once.
    pub fn delete_batch(&mut self, positions: &[Pos]) {
        let Some(first) = positions.first() else { return };
        let old = self.total_bytes();
        let mut kept_to = first.0 as usize;
        for (index, pos) in positions.iter().enumerate() {
            let from = skip(self.as_bytes(), pos.0 as usize);
            let to = positions.get(index + 1).map_or(old, |next| next.0 as usize);
            assert!(from <= to && to <= old && kept_to < from, "positions ascend");
            // SAFETY: both ranges lie within the block, the target before the source.
            unsafe { self.0.add(from).copy_to(self.0.add(kept_to), to - from) };
            kept_to += to - from;
        }
        self.finish(old, kept_to);
        self.adjust_count(positions.len(), 0);
    }

    /// Removes up to `limit` elements equal to `needle`, the first or the last ones; returns how
    /// many went.
    pub fn remove_equal(&mut self, needle: &[u8], limit: usize, last: bool) -> usize {
        let mut found = Vec::new();
        if last {
            let needle = Needle::new(needle);
            let equal = self.entries().rev().filter(|(_, item)| needle.is(*item));
            found.extend(equal.map(|(pos, _)| pos).take(limit));
            found.reverse();
        } else {
            let mut next = self.first();
            while let Some(pos) =
                next.filter(|_| found.len() < limit).and_then(|at| self.find_from(at, needle, 0))
            {
                found.push(pos);
                next = self.next(pos);
            }
        }
        self.delete_batch(&found);
        found.len()
    }

    /// Removes every element.
    pub fn clear(&mut self) {
        self.splice(HEADER, self.end() - HEADER, self.len(), &[]);
    }

    /// Appends all elements of `other`.
    pub fn append(&mut self, other: &Listpack) {
        let old = self.total_bytes();
        let new = old + other.total_bytes() - EMPTY_SIZE;
        let added = other.len();
        self.reserve(old, new);
        let tail = &other.as_bytes()[HEADER..];
        // SAFETY: the block now has room for `new` bytes; another listpack cannot overlap it.
        unsafe { self.0.add(old - 1).as_ptr().copy_from_nonoverlapping(tail.as_ptr(), tail.len()) };
        self.set_total(new);
        self.adjust_count(0, added);
    }

    /// Cuts the listpack before the element with this index and returns the second part.
    pub fn split_off(&mut self, index: usize) -> Listpack {
        let mut tail = self.clone();
        tail.delete_range(0, index);
        self.delete_range(index as i64, usize::MAX);
        tail
    }

    fn end(&self) -> usize {
        self.total_bytes() - 1
    }

    /// Replaces the `gone` bytes at `at`, which are `gone_count` whole entries, by `entries`.
    #[inline]
    fn splice(&mut self, at: usize, gone: usize, gone_count: usize, entries: &[Entry<'_>]) {
        let old = self.total_bytes();
        let added: usize = entries.iter().map(Entry::size).sum();
        assert!(at >= HEADER && at + gone < old, "a position outside of the listpack");
        let new = old - gone + added;
        self.reserve(old, new);
        let base = self.0;
        let tail = old - at - gone;
        if added != gone {
            // SAFETY: source and target end at most at the larger of the two sizes, which fits.
            unsafe { base.add(at + gone).copy_to(base.add(at + added), tail) };
        }
        let mut to = at;
        for entry in entries {
            entry.write(|piece| {
                // SAFETY: the pieces add up to `added` bytes, the gap just opened at `at`.
                unsafe { base.add(to).as_ptr().copy_from_nonoverlapping(piece.as_ptr(), piece.len()) };
                to += piece.len();
            });
        }
        self.finish(old, new);
        self.adjust_count(gone_count, entries.len());
    }

    /// Grows the block, if it must grow, from `old` to `new` bytes.
    #[inline]
    fn reserve(&mut self, old: usize, new: usize) {
        assert!(u32::try_from(new).is_ok(), "a listpack stays below 4 GiB");
        if new > old {
            // SAFETY: the block is ours and sized for `old` bytes; finish() or set_total() follow.
            self.0 = unsafe { block::resize(self.0, old, new) };
        }
    }

    /// Shrinks the block, if it must shrink, and writes the new total.
    #[inline]
    fn finish(&mut self, old: usize, new: usize) {
        if new < old {
            // SAFETY: the block is ours and still sized for `old` bytes.
            self.0 = unsafe { block::resize(self.0, old, new) };
        }
        self.set_total(new);
    }

    #[inline]
    fn set_total(&mut self, total: usize) {
        // SAFETY: the block starts with the four bytes of the total and is aligned to 8.
        unsafe { self.0.cast::<u32>().write((total as u32).to_le()) };
    }

    /// Keeps the count in the header, which stays unknown once it is.
    #[inline]
    fn adjust_count(&mut self, removed: usize, added: usize) {
        let count = self.header_count();
        if count == COUNT_UNKNOWN && !self.is_empty() {
            return;
        }
        let count = if self.is_empty() { 0 } else { usize::from(count) + added - removed };
        let count = count.min(usize::from(COUNT_UNKNOWN)) as u16;
        // SAFETY: bytes 4 and 5 hold the count; the block is aligned to 8.
        unsafe { self.0.add(4).cast::<u16>().write(count.to_le()) };
    }
}
