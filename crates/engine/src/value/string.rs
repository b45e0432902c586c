//! Strings: how they come in, how they are looked at, and the form they are kept in.
#![allow(unsafe_code)]

use crate::text::parse_i64;
use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

/// A string to be stored.
pub enum StrValue<'a> {
    /// A 64-bit integer, kept as such.
    Int(i64),
    /// Bytes that are copied into the entry or an allocation.
    Bytes(&'a [u8]),
    /// Bytes that are taken over.
    Owned(Vec<u8>),
    /// Bytes that are shared.
    Shared(Arc<Vec<u8>>),
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
    Heap(HeapStr<'a>),
}

impl<'a> StrRef<'a> {
    /// The bytes; integers are printed.
    pub fn bytes(&self) -> Cow<'a, [u8]> {
        match self {
            StrRef::Bytes(bytes) => Cow::Borrowed(bytes),
            StrRef::Heap(heap) => Cow::Borrowed(heap.bytes()),
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
            StrRef::Heap(heap) => heap.bytes().len(),
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
            StrRef::Heap(heap) => parse_i64(heap.bytes()),
        }
    }

    /// The name OBJECT ENCODING gives it. Strings of up to 44 bytes inside their entry are "embstr",
    /// as in Redis, where object and text then share one allocation.
    pub fn encoding(&self) -> &'static str {
        match self {
            StrRef::Int(_) => "int",
            StrRef::Bytes(bytes) if bytes.len() <= EMBSTR_LIMIT => "embstr",
            _ => "raw",
        }
    }
}

/// Longest string that Redis calls embstr.
const EMBSTR_LIMIT: usize = 44;

/// A string with an allocation of its own, owned by an entry for at least `'a`.
#[derive(Clone, Copy)]
pub struct HeapStr<'a> {
    pointer: *const Vec<u8>,
    entry: PhantomData<&'a Vec<u8>>,
}

impl<'a> HeapStr<'a> {
    /// # Safety
    /// `head` must come from [`heap_head`] and its Arc must live for `'a`.
    #[inline]
    pub(crate) unsafe fn from_head(head: u64) -> HeapStr<'a> {
        HeapStr { pointer: vec_pointer(head), entry: PhantomData }
    }

    /// The bytes.
    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        // SAFETY: see from_head.
        unsafe { &*self.pointer }
    }

    /// Bytes allocated, used or not.
    pub fn capacity(self) -> usize {
        // SAFETY: see from_head.
        unsafe { (*self.pointer).capacity() }
    }

    /// Another handle to the same bytes, for a reply that outlives the entry.
    pub fn share(self) -> Arc<Vec<u8>> {
        // SAFETY: the pointer came from Arc::into_raw and its Arc is alive; the count is raised for
        // the new handle.
        unsafe {
            Arc::increment_strong_count(self.pointer);
            Arc::from_raw(self.pointer)
        }
    }
}

/// The head of an entry that owns this string.
pub(crate) fn heap_head(value: Arc<Vec<u8>>) -> u64 {
    Arc::into_raw(value).expose_provenance() as u64
}

/// The pointer in a head made by [`heap_head`].
#[inline]
pub(crate) fn vec_pointer(head: u64) -> *const Vec<u8> {
    std::ptr::with_exposed_provenance(head as usize)
}
