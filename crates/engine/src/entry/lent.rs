//! The bytes of a string, lent to be changed in place.
//!
//! `Bytes` gives no mutable view of itself, so a buffer of its own is taken out as `BytesMut` and put back when
//! the loan ends: going around that through the pointer of a shared slice is undefined behaviour.

use bytes::{Bytes, BytesMut};
use std::ops::{Deref, DerefMut};

/// The bytes of a string, to be changed in place. Dereferences to `[u8]`.
pub struct StrBytes<'a>(Place<'a>);

enum Place<'a> {
    /// Inside the entry.
    Inline(&'a mut [u8]),
    /// In an allocation of their own: where it goes when the loan ends, and the buffer.
    Heap(&'a mut Bytes, BytesMut),
}

impl<'a> StrBytes<'a> {
    pub(super) fn inline(bytes: &'a mut [u8]) -> Self {
        StrBytes(Place::Inline(bytes))
    }

    /// Takes the buffer out, copied if a reply still uses it.
    pub(super) fn heap(home: &'a mut Bytes) -> Self {
        let buffer = take(home);
        StrBytes(Place::Heap(home, buffer))
    }
}

/// The buffer of a string that nobody else sees; what is left behind is empty.
pub(super) fn take(bytes: &mut Bytes) -> BytesMut {
    match std::mem::take(bytes).try_into_mut() {
        Ok(unshared) => unshared,
        Err(shared) => BytesMut::from(&shared[..]),
    }
}

impl Deref for StrBytes<'_> {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Place::Inline(bytes) => bytes,
            Place::Heap(_, buffer) => buffer,
        }
    }
}

impl DerefMut for StrBytes<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Place::Inline(bytes) => bytes,
            Place::Heap(_, buffer) => buffer,
        }
    }
}

impl Drop for StrBytes<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Place::Heap(home, buffer) = &mut self.0 {
            **home = std::mem::take(buffer).freeze();
        }
    }
}
