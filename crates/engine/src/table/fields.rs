//! The fields of a big hash: a table whose entries hold field and value in one allocation (packed.rs).
//!
//! With the table's share, 12 bytes of field and of value cost 43 bytes. Another value of the same allocation size is
//! written in place.

use rand::RngCore;

use super::packed::Field;
use super::weighed::Weighed;

/// The fields and values of a big hash.
pub type FieldTable = Weighed<Field>;

impl FieldTable {
    /// The value of a field.
    #[inline]
    pub fn get(&self, field: &[u8]) -> Option<&[u8]> {
        Some(self.table.get(self.table.hash(field), field)?.parts().1)
    }

    /// Sets a field; true if it is new.
    #[inline]
    pub fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        let hash = self.table.hash(field);
        if self.change(hash, field, |entry| entry.set_value(value)) {
            return false;
        }
        self.insert_new(hash, Field::new(field, value));
        true
    }

    /// Adds a field; false, and nothing happens, if it is there.
    #[inline]
    pub fn add(&mut self, field: &[u8], value: &[u8]) -> bool {
        let hash = self.table.hash(field);
        if self.table.contains(hash, field) {
            return false;
        }
        self.insert_new(hash, Field::new(field, value));
        true
    }

    /// All fields with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.table.iter().map(Field::parts)
    }

    /// Emits the elements of one bucket; returns the next cursor, as [`super::Table::scan`] does.
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
}

impl Clone for FieldTable {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.table.seed());
        self.iter().for_each(|(field, value)| _ = copy.set(field, value));
        copy
    }
}
