//! Typed access to the value in an entry: `Read` looks, `Mut` changes and puts back.
//!
//! Both hold the typed form of the value beside the entry, which goes on owning it: so the typed form is never dropped,
//! and it is lent by reference only.

use super::{KeyEntry, StrBytes};
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
    pub(crate) fn of(entry: &'a KeyEntry) -> Option<Self> {
        Some(Read { value: typed(entry)?, entry: PhantomData })
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
    pub(crate) fn of(entry: RefMut<'a, KeyEntry>) -> Option<Self> {
        Some(Mut { value: typed(&entry)?, entry })
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
        self.entry.0.write_kind(kind);
        self.entry.0.write_head(head);
    }
}

/// A string in the keyspace, for changing in place. An edited string is shown as "raw".
pub struct StrMut<'a> {
    entry: RefMut<'a, KeyEntry>,
}

impl<'a> StrMut<'a> {
    pub(crate) fn new(entry: RefMut<'a, KeyEntry>) -> Self {
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

/// The value in typed form, which the entry goes on owning. `None` if it is of another type.
#[inline]
fn typed<T: Collection>(entry: &KeyEntry) -> Option<ManuallyDrop<T>> {
    let kind = entry.kind();
    // SAFETY: the head belongs to a value of this kind, and ManuallyDrop leaves it there.
    T::holds(kind).then(|| ManuallyDrop::new(unsafe { T::from_raw(kind, entry.0.head()) }))
}
