//! Typed access to the value in an entry: `Read` looks, `Mut` changes and puts back.
#![allow(unsafe_code)]

use crate::entry::{KeyEntry, StrBytes};
use crate::table::RefMut;
use crate::value::{Collection, StrRef, StrValue};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

/// A collection in the keyspace, for reading.
pub struct Read<'a, T: Collection> {
    value: ManuallyDrop<T>,
    entry: PhantomData<&'a KeyEntry>,
}

impl<'a, T: Collection> Read<'a, T> {
    /// `None` if the entry holds another type.
    #[inline]
    pub(super) fn of(entry: &'a KeyEntry) -> Option<Self> {
        Some(Read { value: entry.collection::<T>()?, entry: PhantomData })
    }
}

impl<T: Collection> Deref for Read<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

/// A collection in the keyspace, for changing: its encoding may change, too.
pub struct Mut<'a, T: Collection> {
    value: ManuallyDrop<T>,
    entry: RefMut<'a, KeyEntry>,
}

impl<'a, T: Collection> Mut<'a, T> {
    /// `None` if the entry holds another type.
    #[inline]
    pub(super) fn of(entry: RefMut<'a, KeyEntry>) -> Option<Self> {
        Some(Mut { value: entry.collection::<T>()?, entry })
    }
}

impl<T: Collection> Deref for Mut<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Collection> DerefMut for Mut<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Collection> Drop for Mut<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the value is taken exactly once, here.
        let (kind, head) = unsafe { ManuallyDrop::take(&mut self.value) }.into_raw();
        // SAFETY: it is the value that this entry gave out in `of`.
        unsafe { self.entry.put_back(kind, head) };
    }
}

/// A string in the keyspace, for changing in place. An edited string is shown as "raw".
pub struct StrMut<'a> {
    entry: RefMut<'a, KeyEntry>,
}

impl<'a> StrMut<'a> {
    pub(super) fn new(entry: RefMut<'a, KeyEntry>) -> Self {
        StrMut { entry }
    }

    /// The string as it is.
    pub fn get(&self) -> StrRef<'_> {
        self.entry.as_str().expect("only made of strings")
    }

    /// Its bytes, to be changed in place.
    pub fn bytes_mut(&mut self) -> StrBytes<'_> {
        self.entry.str_bytes_mut().expect("only made of strings")
    }

    /// Makes it `len` bytes long, filling up with zeroes.
    pub fn resize(&mut self, len: usize) {
        self.entry.resize_str(len);
    }

    /// Appends bytes.
    pub fn append(&mut self, tail: &[u8]) {
        self.entry.append_str(tail);
    }

    /// Replaces the string, in the encoding that saves most; expiry and access clock stay.
    pub fn set(&mut self, value: StrValue<'_>) {
        self.entry.set_str(value);
    }
}
