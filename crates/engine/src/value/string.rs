//! Strings: how they come in, how they are looked at, and the form they are kept in.

use crate::text::parse_i64;
use bytes::Bytes;
use std::borrow::Cow;

/// A string to be stored.
pub enum StrValue<'a> {
    /// A 64-bit integer, kept as such.
    Int(i64),
    /// Bytes that are copied into the entry or an allocation.
    Bytes(&'a [u8]),
    /// Bytes that are taken over, not copied.
    Shared(Bytes),
}

impl<'a> StrValue<'a> {
    /// Text in the form that saves most: an integer if it is the canonical text of one.
    #[inline]
    pub fn encoded(bytes: &'a [u8]) -> StrValue<'a> {
        match parse_i64(bytes) {
            Some(n) => StrValue::Int(n),
            None => StrValue::Bytes(bytes),
        }
    }
}

/// A string that is stored, for reading.
pub enum StrRef<'a> {
    /// Bytes inside the entry.
    Bytes(&'a [u8]),
    /// An integer.
    Int(i64),
    /// Bytes in an allocation of their own.
    Heap(&'a Bytes),
}

impl<'a> StrRef<'a> {
    /// The bytes; integers are printed.
    pub fn bytes(&self) -> Cow<'a, [u8]> {
        match self {
            StrRef::Bytes(bytes) => Cow::Borrowed(bytes),
            StrRef::Heap(heap) => Cow::Borrowed(heap),
            StrRef::Int(n) => Cow::Owned(itoa::Buffer::new().format(*n).as_bytes().to_vec()),
        }
    }

    /// A copy of the bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        self.bytes().into_owned()
    }

    /// The length of the text.
    pub fn len(&self) -> usize {
        match self {
            StrRef::Bytes(bytes) => bytes.len(),
            StrRef::Heap(heap) => heap.len(),
            StrRef::Int(n) => itoa::Buffer::new().format(*n).len(),
        }
    }

    /// True for the empty string.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value as a signed integer, by Redis's strict rules.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            StrRef::Int(n) => Some(*n),
            StrRef::Bytes(bytes) => parse_i64(bytes),
            StrRef::Heap(heap) => parse_i64(heap),
        }
    }
}

/// Longest string that Redis calls embstr.
pub(crate) const EMBSTR_LIMIT: usize = 44;

/// The head of an entry that owns this string.
pub(crate) fn heap_head(value: Bytes) -> u64 {
    Box::into_raw(Box::new(value)).expose_provenance() as u64
}

/// The string behind a head made by [`heap_head`].
#[inline]
pub(crate) fn heap_pointer(head: u64) -> *mut Bytes {
    std::ptr::with_exposed_provenance_mut(head as usize)
}
