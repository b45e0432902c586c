//! What a table stores: an owning pointer of one word, and the guard through which it is changed.
#![allow(unsafe_code)]

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

/// The bits of a word that belong to its `Thin`: a 48-bit address with flags in its low 3 bits.
pub const WORD_MASK: u64 = (1 << 48) - 1;

/// An owning pointer that fits a table: one word, whose text is the key.
///
/// ```text
///   63           48 47                        3 2   0
///  +---------------+---------------------------+-----+
///  | the table's   | address (or payload)      |flags|
///  +---------------+---------------------------+-----+
/// ```
///
/// # Safety
/// - `Self` is `repr(transparent)` over a `u64` (or `NonZeroU64`).
/// - Every method that takes `&self` ignores bits 48..63: the table lends out references to its own
///   words, which carry hash bits there.
/// - `into_word` returns a non-zero word below 2^48, and `from_word` of it is the same value.
/// - The key never changes while the value is in a table.
pub unsafe trait Thin: Sized {
    /// The flags whose carriers the table counts; 0 if there are none. Within the low 3 bits.
    const COUNTED: u64 = 0;

    /// Gives up ownership.
    fn into_word(self) -> u64;

    /// Takes ownership back.
    ///
    /// # Safety
    /// `word` came from `into_word`, and no other value owns it.
    unsafe fn from_word(word: u64) -> Self;

    /// Shows the key. A closure, because a key may be kept as a number and printed on demand.
    fn with_key<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R;

    /// Is this the key?
    #[inline]
    fn is(&self, key: &[u8]) -> bool {
        self.with_key(|own| same(own, key))
    }
}

/// Are these the same bytes? Most keys have 4 to 32 of them, which two or four overlapping loads
/// compare faster than a call of `memcmp` begins.
#[inline(always)]
fn same(a: &[u8], b: &[u8]) -> bool {
    #[inline(always)]
    fn ends<const N: usize>(bytes: &[u8]) -> (Option<&[u8; N]>, Option<&[u8; N]>) {
        (bytes.first_chunk(), bytes.last_chunk())
    }
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        4..=7 => ends::<4>(a) == ends::<4>(b),
        8..=16 => ends::<8>(a) == ends::<8>(b),
        17..=32 => ends::<16>(a) == ends::<16>(b),
        _ => a == b,
    }
}

/// Exclusive access to one entry of a table.
///
/// The value may be reallocated or change its flags: the word is written back when the guard is
/// dropped. Meanwhile the slot holds a ghost (address 0), so a guard that is forgotten leaks its
/// entry and nothing worse.
pub struct RefMut<'a, T: Thin> {
    value: ManuallyDrop<T>,
    slot: &'a mut u64,
    counted: &'a mut usize,
}

impl<'a, T: Thin> RefMut<'a, T> {
    /// Takes the value out of a slot that holds a live word of the table.
    ///
    /// # Safety
    /// `slot` holds a live word of a `Table<T>`, and `counted` is its counter of flagged entries.
    pub(super) unsafe fn new(slot: &'a mut u64, counted: &'a mut usize) -> Self {
        // SAFETY: a live word owns its value, and the slot forgets it in the next line.
        let value = unsafe { T::from_word(*slot & WORD_MASK) };
        *counted -= usize::from(*slot & T::COUNTED != 0);
        *slot &= !WORD_MASK;
        Self { value: ManuallyDrop::new(value), slot, counted }
    }
}

impl<T: Thin> Drop for RefMut<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the value is taken once, here, and not touched again.
        let word = unsafe { ManuallyDrop::take(&mut self.value) }.into_word();
        *self.counted += usize::from(word & T::COUNTED != 0);
        *self.slot |= word;
    }
}

impl<T: Thin> Deref for RefMut<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Thin> DerefMut for RefMut<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Thin + fmt::Debug> fmt::Debug for RefMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// An entry of a table that is borrowed mutably: nobody else reaches it, and it stays where it is, so what takes neither a new
/// allocation nor other flags may be changed in place. Nothing is written back, which makes it cheaper than [`RefMut`].
pub struct InPlace<'a, T>(&'a T);

impl<'a, T> InPlace<'a, T> {
    /// An entry, if its table is borrowed mutably as long as that lives.
    #[inline]
    pub(super) fn new(entry: &'a T) -> Self {
        InPlace(entry)
    }

    /// The entry, for reading.
    #[inline]
    pub fn into_ref(self) -> &'a T {
        self.0
    }
}

impl<T> Deref for InPlace<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn the_same_bytes_are_told_from_others_at_every_length() {
        for length in 0..50 {
            let bytes: Vec<u8> = (0..length).collect();
            assert!(same(&bytes, &bytes.clone()));
            assert!(!same(&bytes, &[&bytes[..], b"x"].concat()));
            for at in 0..bytes.len() {
                let mut other = bytes.clone();
                other[at] ^= 0x80;
                assert!(!same(&bytes, &other), "length {length}, byte {at}");
            }
        }
    }
}
