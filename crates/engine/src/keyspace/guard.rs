//! Typed access to the value in an entry: `Read` looks, `Mut` changes and puts back.
#![allow(unsafe_code)]

use crate::entry::KeyEntry;
use crate::table::{Ref, RefMut};
use crate::value::Collection;
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
    pub(super) fn of(entry: &Ref<'a, KeyEntry>) -> Option<Self> {
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
