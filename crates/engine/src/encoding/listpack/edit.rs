//! Changing a listpack: every edit is one splice of bytes, so there is one place that moves memory.

use super::codec::{backlen_size, encoded_len, skip};
use super::{COUNT_UNKNOWN, EMPTY_SIZE, Entry, HEADER, Listpack, Needle, Pos};

impl Listpack {
    /// Adds an element at the end.
    #[inline]
    pub fn push_back<'e>(&mut self, entry: impl Into<Entry<'e>>) {
        self.exchange(self.end(), 0, 0, &[entry.into()]);
    }

    /// Adds an element at the start.
    pub fn push_front<'e>(&mut self, entry: impl Into<Entry<'e>>) {
        self.exchange(HEADER, 0, 0, &[entry.into()]);
    }

    /// Adds two elements at the end, growing once: a hash field and its value.
    pub fn push_back_pair<'e>(&mut self, first: impl Into<Entry<'e>>, second: impl Into<Entry<'e>>) {
        self.exchange(self.end(), 0, 0, &[first.into(), second.into()]);
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
        self.exchange(at, 0, 0, &[first.into(), second.into()]);
        Pos(at as u32)
    }

    /// Adds all the entries at the end, growing once.
    pub fn extend(&mut self, entries: &[Entry<'_>]) {
        self.exchange(self.end(), 0, 0, entries);
    }

    /// Adds an element before the one at `pos` and returns the new one's position.
    pub fn insert_before<'e>(&mut self, pos: Pos, entry: impl Into<Entry<'e>>) -> Pos {
        self.exchange(pos.0 as usize, 0, 0, &[entry.into()]);
        pos
    }

    /// Adds an element behind the one at `pos` and returns the new one's position.
    pub fn insert_after<'e>(&mut self, pos: Pos, entry: impl Into<Entry<'e>>) -> Pos {
        let at = skip(self.as_bytes(), pos.0 as usize);
        self.exchange(at, 0, 0, &[entry.into()]);
        Pos(at as u32)
    }

    /// Puts another element in place of the one at `pos`; the position stays good.
    pub fn replace<'e>(&mut self, pos: Pos, entry: impl Into<Entry<'e>>) {
        let at = pos.0 as usize;
        let encoded = encoded_len(self.as_bytes(), at);
        self.exchange(at, encoded + backlen_size(encoded), 1, &[entry.into()]);
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
        self.exchange(start, at - start, deleted, &[]);
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
        self.exchange(at, self.end() - at, len - start, &[]);
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
            self.payload_mut().copy_within(from - HEADER..to - HEADER, kept_to - HEADER);
            kept_to += to - from;
        }
        let header = self.header_after(kept_to, positions.len(), 0);
        self.splice(kept_to, old - kept_to, 0, &header, |_| {});
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
        self.exchange(HEADER, self.end() - HEADER, self.len(), &[]);
    }

    /// Appends all elements of `other`.
    pub fn append(&mut self, other: &Listpack) {
        let added = &other.as_bytes()[HEADER..other.end()];
        let header = self.header_after(self.total_bytes() + added.len(), 0, other.len());
        self.splice(self.end(), 0, added.len(), &header, |gap| gap.put(added));
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
    fn exchange(&mut self, at: usize, gone: usize, gone_count: usize, entries: &[Entry<'_>]) {
        let old = self.total_bytes();
        let added: usize = entries.iter().map(Entry::size).sum();
        assert!(at >= HEADER && at + gone < old, "a position outside of the listpack");
        let header = self.header_after(old - gone + added, gone_count, entries.len());
        self.splice(at, gone, added, &header, |gap| {
            entries.iter().for_each(|entry| entry.write(|piece| gap.put(piece)));
        });
    }

    /// The header for another total, after some elements are gone and others came. The count stays unknown once it is.
    #[inline]
    fn header_after(&self, total: usize, removed: usize, added: usize) -> [u8; HEADER] {
        let total_word = u32::try_from(total).expect("a listpack stays below 4 GiB");
        let count = match self.header_count() {
            _ if total == EMPTY_SIZE => 0,
            COUNT_UNKNOWN => COUNT_UNKNOWN,
            count => (usize::from(count) + added - removed).min(usize::from(COUNT_UNKNOWN)) as u16,
        };
        let mut header = [0; HEADER];
        header[..4].copy_from_slice(&total_word.to_le_bytes());
        header[4..].copy_from_slice(&count.to_le_bytes());
        header
    }
}
