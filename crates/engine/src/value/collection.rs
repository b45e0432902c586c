//! Typed values in and out of the raw form that entries keep.
#![allow(unsafe_code)]

use super::string::{heap_head, heap_pointer};
use super::{Hash, List, Set, Zset};
use crate::encoding::intset::Intset;
use crate::encoding::listpack::Listpack;
use crate::entry::Kind;
use crate::settings::Settings;
use crate::stream::Stream;
use bytes::Bytes;
use std::mem::ManuallyDrop;

/// The type of a value, as TYPE names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Type {
    String,
    List,
    Set,
    Zset,
    Hash,
    Stream,
}

impl Type {
    /// The type of what an entry of this kind holds.
    pub const fn of(kind: Kind) -> Type {
        match kind {
            Kind::Inline | Kind::Int | Kind::Heap => Type::String,
            Kind::ListPacked | Kind::ListQuick => Type::List,
            Kind::SetInt | Kind::SetPacked | Kind::SetTable => Type::Set,
            Kind::ZsetPacked | Kind::ZsetTree => Type::Zset,
            Kind::HashPacked | Kind::HashTable => Type::Hash,
            Kind::Stream => Type::Stream,
        }
    }

    /// The name that TYPE replies.
    pub const fn name(self) -> &'static str {
        match self {
            Type::String => "string",
            Type::List => "list",
            Type::Set => "set",
            Type::Zset => "zset",
            Type::Hash => "hash",
            Type::Stream => "stream",
        }
    }
}

/// A value other than a string.
///
/// # Safety
/// [`Collection::holds`] is true for the kinds only that [`Collection::into_raw`] gives: an entry of such a kind is taken for
/// such a value.
pub unsafe trait Collection: Sized {
    /// True if an entry of this kind holds such a value.
    fn holds(kind: Kind) -> bool;

    /// An empty value, in the encoding that a new key starts with.
    fn fresh(settings: &Settings) -> Self;

    /// True if nothing is in it; such keys do not exist (streams excepted).
    fn is_empty(&self) -> bool;

    /// Gives the value up as kind and head.
    fn into_raw(self) -> (Kind, u64);

    /// # Safety
    /// `(kind, head)` must come from `into_raw` of this type, and be used for one owner at a time.
    unsafe fn from_raw(kind: Kind, head: u64) -> Self;
}

/// What fits into a head: a thin owning pointer.
pub(super) trait Head: Sized {
    fn into_head(self) -> u64;
    /// # Safety
    /// `head` must come from `into_head` of this type, and be used for one owner at a time.
    unsafe fn from_head(head: u64) -> Self;
}

impl<T> Head for Box<T> {
    fn into_head(self) -> u64 {
        Box::into_raw(self).expose_provenance() as u64
    }
    unsafe fn from_head(head: u64) -> Self {
        // SAFETY: by the contract of the trait the head is that of a Box<T>.
        unsafe { Box::from_raw(std::ptr::with_exposed_provenance_mut(head as usize)) }
    }
}

macro_rules! thin_head {
    ($($thin:ty),+) => {$(
        impl Head for $thin {
            fn into_head(self) -> u64 {
                self.into_raw().as_ptr().expose_provenance() as u64
            }
            unsafe fn from_head(head: u64) -> Self {
                let pointer = std::ptr::with_exposed_provenance_mut(head as usize);
                // SAFETY: by the contract of the trait the head is that of such a thin pointer,
                // which is never null.
                unsafe { Self::from_raw(std::ptr::NonNull::new_unchecked(pointer)) }
            }
        }
    )+};
}
thin_head!(Listpack, Intset);

/// Implements the raw form of a collection: one line per encoding.
macro_rules! collection {
    ($type:ident, fresh $fresh:expr, empty $empty:expr, $($variant:ident($inner:ty) = $kind:ident),+ $(,)?) => {
        // SAFETY: the same list of kinds is behind both.
        #[allow(unsafe_code)]
        unsafe impl $crate::value::Collection for $type {
            #[inline]
            fn holds(kind: $crate::entry::Kind) -> bool {
                matches!(kind, $($crate::entry::Kind::$kind)|+)
            }
            fn fresh(settings: &$crate::settings::Settings) -> Self {
                let fresh: fn(&$crate::settings::Settings) -> Self = $fresh;
                fresh(settings)
            }
            fn is_empty(&self) -> bool {
                let empty: fn(&Self) -> bool = $empty;
                empty(self)
            }
            #[inline]
            fn into_raw(self) -> ($crate::entry::Kind, u64) {
                use $crate::value::collection::Head;
                match self {
                    $($type::$variant(inner) => ($crate::entry::Kind::$kind, inner.into_head())),+
                }
            }
            #[inline]
            unsafe fn from_raw(kind: $crate::entry::Kind, head: u64) -> Self {
                use $crate::value::collection::Head;
                match kind {
                    // SAFETY: by the contract of the trait the head is that of this variant.
                    $($crate::entry::Kind::$kind => $type::$variant(unsafe { <$inner>::from_head(head) }),)+
                    other => unreachable!("{other:?} is no {}", stringify!($type)),
                }
            }
        }
    };
}
pub(super) use collection;

// SAFETY: it has one kind.
unsafe impl Collection for Box<Stream> {
    fn holds(kind: Kind) -> bool {
        kind == Kind::Stream
    }
    fn fresh(_: &Settings) -> Self {
        Box::default()
    }
    fn is_empty(&self) -> bool {
        false
    }
    fn into_raw(self) -> (Kind, u64) {
        (Kind::Stream, self.into_head())
    }
    unsafe fn from_raw(_: Kind, head: u64) -> Self {
        // SAFETY: by the contract of the trait.
        unsafe { Self::from_head(head) }
    }
}

/// A value of any type outside of an entry: on its way to another key, or to be freed.
pub struct RawValue {
    kind: Kind,
    head: u64,
}

// SAFETY: all values are Send; the head is their only handle.
unsafe impl Send for RawValue {}

impl RawValue {
    /// The raw form of a collection.
    pub fn new<T: Collection>(value: T) -> RawValue {
        let (kind, head) = value.into_raw();
        RawValue { kind, head }
    }

    /// A string with an allocation of its own.
    pub fn from_string(bytes: Bytes) -> RawValue {
        RawValue { kind: Kind::Heap, head: heap_head(bytes) }
    }

    /// An integer.
    pub fn from_int(value: i64) -> RawValue {
        RawValue { kind: Kind::Int, head: value as u64 }
    }

    /// The kind of the value.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// # Safety
    /// The parts must be those of a value that nobody else owns.
    pub(crate) unsafe fn from_parts(kind: Kind, head: u64) -> RawValue {
        RawValue { kind, head }
    }

    /// Kind and head; the caller owns the value now.
    pub(crate) fn into_parts(self) -> (Kind, u64) {
        let this = ManuallyDrop::new(self);
        (this.kind, this.head)
    }

    /// The string, if it has an allocation of its own; otherwise the value as it was.
    pub(crate) fn into_heap_string(self) -> Result<Bytes, RawValue> {
        if self.kind != Kind::Heap {
            return Err(self);
        }
        let (_, head) = self.into_parts();
        // SAFETY: the head was owned by this value, whose kind says that it is a boxed string.
        Ok(*unsafe { Box::from_raw(heap_pointer(head)) })
    }
}

impl Drop for RawValue {
    fn drop(&mut self) {
        let (kind, head) = (self.kind, self.head);
        // SAFETY: this value owns the head, and it is used once, as the type of its kind.
        unsafe {
            match Type::of(kind) {
                Type::String if kind == Kind::Heap => drop(Box::from_raw(heap_pointer(head))),
                Type::String => {}
                Type::List => drop(List::from_raw(kind, head)),
                Type::Set => drop(Set::from_raw(kind, head)),
                Type::Zset => drop(Zset::from_raw(kind, head)),
                Type::Hash => drop(Hash::from_raw(kind, head)),
                Type::Stream => drop(<Box<Stream> as Collection>::from_raw(kind, head)),
            }
        }
    }
}
