//! The fields of a big hash: a table whose entries hold field and value in one allocation.
//!
//! ```text
//!  +--------------+--------------+-------+-------+
//!  | field length | value length | field | value |      lengths take 1 byte below 253 (blob.rs)
//!  +--------------+--------------+-------+-------+
//! ```
//! Twelve bytes of field and of value are 26 bytes, an allocation of 32; with the table's share a
//! field costs 43 bytes. Another value of the same allocation size is written in place.
//!
//! Word flag 1 is kept free for fields with an expiry of their own, which would stand before the
//! lengths; the table then counts them already.

use std::ptr::NonNull;

use rand::RngCore;

use super::blob::{self, alloc_size, length_size};
use super::{Seed, Table, Thin, WORD_MASK};

/// One field with its value: a thin owning pointer.
#[repr(transparent)]
struct Field(u64);

// SAFETY: the allocation outlives moves between threads and nothing in it is shared.
unsafe impl Send for Field {}
// SAFETY: `&Field` only reads.
unsafe impl Sync for Field {}

// SAFETY: transparent over u64; reads go through `start`, which masks; the field is never rewritten.
unsafe impl Thin for Field {
    const COUNTED: u64 = 1;

    #[inline]
    fn into_word(self) -> u64 {
        std::mem::ManuallyDrop::new(self).0
    }

    #[inline]
    unsafe fn from_word(word: u64) -> Self {
        Self(word)
    }

    #[inline]
    fn with_key<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(self.parts().0)
    }
}

impl Field {
    fn new(field: &[u8], value: &[u8]) -> Self {
        let blob = blob::allocate(Self::size(field, value));
        let entry = Self(blob.as_ptr().expose_provenance() as u64);
        // SAFETY: the allocation has the size of these two.
        unsafe { entry.write(field, value) };
        entry
    }

    /// Bytes before rounding.
    fn size(field: &[u8], value: &[u8]) -> usize {
        length_size(field.len()) + length_size(value.len()) + field.len() + value.len()
    }

    #[inline(always)]
    fn start(&self) -> *mut u8 {
        std::ptr::with_exposed_provenance_mut((self.0 & WORD_MASK & !7) as usize)
    }

    /// Writes the whole entry.
    ///
    /// # Safety
    /// The allocation has the size class of `size(field, value)`; neither lies in it.
    unsafe fn write(&self, field: &[u8], value: &[u8]) {
        // SAFETY: all within the allocation by the contract.
        unsafe {
            let at = blob::write_length(self.start(), field.len());
            let at = blob::write_length(at, value.len());
            at.copy_from_nonoverlapping(field.as_ptr(), field.len());
            at.add(field.len()).copy_from_nonoverlapping(value.as_ptr(), value.len());
        }
    }

    /// Field and value.
    #[inline]
    fn parts(&self) -> (&[u8], &[u8]) {
        // SAFETY: `new` wrote this layout, and `&self` keeps it unchanged.
        unsafe {
            let (field_len, at) = blob::read_length(self.start());
            let (value_len, at) = blob::read_length(at);
            let field = std::slice::from_raw_parts(at, field_len);
            (field, std::slice::from_raw_parts(at.add(field_len), value_len))
        }
    }

    /// Bytes of the allocation.
    fn bytes(&self) -> usize {
        let (field, value) = self.parts();
        alloc_size(Self::size(field, value))
    }

    /// Replaces the value, in place if it fits the allocation without waste.
    fn set_value(&mut self, value: &[u8]) {
        let (field, old) = self.parts();
        if alloc_size(Self::size(field, value)) != self.bytes() {
            *self = Self::new(field, value);
        } else if length_size(old.len()) == length_size(value.len()) {
            let (field_size, field_len) = (length_size(field.len()), field.len());
            // SAFETY: the class has room for it; the field stays where it is, as the lengths take
            // as many bytes as before.
            unsafe {
                let at = blob::write_length(self.start().add(field_size), value.len());
                at.add(field_len).copy_from_nonoverlapping(value.as_ptr(), value.len());
            }
        } else {
            let field = field.to_vec();
            // SAFETY: the same size class, and the field has been copied out of it.
            unsafe { self.write(&field, value) };
        }
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        let bytes = self.bytes();
        if let Some(blob) = NonNull::new(self.start()) {
            // SAFETY: allocated by `new` in this size class, and owned by `self` alone.
            unsafe { blob::free(blob, bytes) }
        }
    }
}

/// The fields and values of a big hash.
pub struct FieldTable {
    table: Table<Field>,
    /// Bytes of all entries' allocations.
    entry_bytes: usize,
}

impl FieldTable {
    /// An empty hash.
    pub const fn new(seed: Seed) -> Self {
        Self { table: Table::new(seed), entry_bytes: 0 }
    }

    /// Prepares an empty hash for about so many fields.
    pub fn reserve(&mut self, fields: usize) {
        self.table.reserve(fields);
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Is there no field?
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The value of a field.
    #[inline]
    pub fn get(&self, field: &[u8]) -> Option<&[u8]> {
        Some(self.table.get(self.table.hash(field), field)?.parts().1)
    }

    /// Is there such a field?
    pub fn contains(&self, field: &[u8]) -> bool {
        self.table.contains(self.table.hash(field), field)
    }

    /// Sets a field; true if it is new.
    #[inline]
    pub fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        let hash = self.table.hash(field);
        if let Some(mut entry) = self.table.get_mut(hash, field) {
            self.entry_bytes -= entry.bytes();
            entry.set_value(value);
            self.entry_bytes += entry.bytes();
            return false;
        }
        let entry = Field::new(field, value);
        self.entry_bytes += entry.bytes();
        self.table.insert(hash, entry);
        true
    }

    /// Adds a field; false, and nothing happens, if it is there.
    #[inline]
    pub fn add(&mut self, field: &[u8], value: &[u8]) -> bool {
        let hash = self.table.hash(field);
        if self.table.contains(hash, field) {
            return false;
        }
        let entry = Field::new(field, value);
        self.entry_bytes += entry.bytes();
        self.table.insert(hash, entry);
        true
    }

    /// Removes a field; true if there was one.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        let removed = self.table.remove(self.table.hash(field), field);
        if let Some(entry) = &removed {
            self.entry_bytes -= entry.bytes();
        }
        removed.is_some()
    }

    /// All fields with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.table.iter().map(Field::parts)
    }

    /// One step of a scan; see [`Table::scan`].
    pub fn scan<'a>(&'a self, cursor: u64, mut emit: impl FnMut(&'a [u8], &'a [u8])) -> u64 {
        self.table.scan(cursor, |entry| {
            let (field, value) = entry.parts();
            emit(field, value);
        })
    }

    /// A field, each with the same probability, and its value.
    pub fn random<R: RngCore + ?Sized>(&self, rng: &mut R) -> Option<(&[u8], &[u8])> {
        self.table.random(rng).map(Field::parts)
    }

    /// Emits `n` different fields at random with their values; all if there are no more.
    pub fn random_distinct<'a, R: RngCore + ?Sized>(
        &'a self,
        rng: &mut R,
        n: usize,
        mut emit: impl FnMut(&'a [u8], &'a [u8]),
    ) {
        self.table.random_distinct(rng, n, |entry| {
            let (field, value) = entry.parts();
            emit(field, value);
        });
    }

    /// Fetches what a lookup of the field will need into the cache; `phase` 0 the bucket, 1 the entry.
    pub fn prefetch(&self, field: &[u8], phase: u8) {
        let hash = self.table.hash(field);
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

    /// The table, for its statistics.
    pub fn stats(&self) -> super::Stats {
        self.table.stats()
    }
}

impl Clone for FieldTable {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.table.seed());
        self.iter().for_each(|(field, value)| _ = copy.set(field, value));
        copy
    }
}
