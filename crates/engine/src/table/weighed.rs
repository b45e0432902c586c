//! A table that knows what its entries have allocated: what the tables of big hashes and sets have in common.
//!
//! Invariant: `entry_bytes` is the sum of [`Packed::bytes`] of all entries.

use super::packed::Packed;
use super::{Seed, Stats, Table};

/// A table with the bytes of all its entries' allocations.
pub struct Weighed<T: Packed> {
    pub(super) table: Table<T>,
    entry_bytes: usize,
}

impl<T: Packed> Weighed<T> {
    /// A table without entries.
    pub const fn new(seed: Seed) -> Self {
        Self { table: Table::new(seed), entry_bytes: 0 }
    }

    /// Prepares an empty table for about this number of entries.
    pub fn reserve(&mut self, entries: usize) {
        self.table.reserve(entries);
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Is there no entry?
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Is there an entry with this key?
    #[inline]
    pub fn contains(&self, key: &[u8]) -> bool {
        self.table.contains(self.table.hash(key), key)
    }

    /// Removes the entry with this key; true if there was one.
    #[inline]
    pub fn remove(&mut self, key: &[u8]) -> bool {
        let removed = self.table.remove(self.table.hash(key), key);
        if let Some(entry) = &removed {
            self.entry_bytes -= entry.bytes();
        }
        removed.is_some()
    }

    /// Adds an entry whose key, of this hash, the table does not have.
    #[inline]
    pub(super) fn insert_new(&mut self, hash: u64, entry: T) {
        self.entry_bytes += entry.bytes();
        self.table.insert(hash, entry);
    }

    /// Changes anything but the key of the entry with this key; true if there is one.
    #[inline]
    pub(super) fn change(&mut self, hash: u64, key: &[u8], change: impl FnOnce(&mut T)) -> bool {
        let Some(mut entry) = self.table.get_mut(hash, key) else { return false };
        self.entry_bytes -= entry.bytes();
        change(&mut entry);
        self.entry_bytes += entry.bytes();
        true
    }

    /// Fetches what a lookup of the key will need into the cache; `phase` 0 the bucket, 1 the entry.
    pub fn prefetch(&self, key: &[u8], phase: u8) {
        let hash = self.table.hash(key);
        if phase == 0 { self.table.prefetch_bucket(hash) } else { self.table.prefetch_entry(hash) }
    }

    /// Bytes of the table and its entries. Constant time.
    pub fn bytes(&self) -> usize {
        self.table.bytes() + self.entry_bytes
    }

    /// Bytes of the entries without the table.
    pub fn entry_bytes(&self) -> usize {
        self.entry_bytes
    }

    /// Figures of the table, for DEBUG HTSTATS.
    pub fn stats(&self) -> Stats {
        self.table.stats()
    }
}
