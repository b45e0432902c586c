//! A key of the keyspace with everything that belongs to it, in one allocation.
//!
//! [`KeyEntry`] is the owning thin pointer that the main table holds. Layout: [`layout`].
//! Values other than short strings and integers are thin pointers too, kept in the head as raw
//! bits next to their [`Kind`]; [`crate::value`] turns them into typed values and back.
//!
//! Invariants: a `KeyEntry` owns its allocation and, through the head, its value; the table word's
//! [`FLAG_VOLATILE`] equals the `HAS_EXPIRY` bit; an entry is only ever accessed through its shard,
//! so the access clock may be written through a shared reference.
#![allow(unsafe_code)]

pub mod layout;
mod raw;
#[cfg(test)]
mod tests;

use crate::time::UnixMs;
use crate::value::{Collection, HeapStr, RawValue, StrRef, StrValue, heap_head, vec_pointer};
pub use layout::{INLINE_LIMIT, Kind};
use layout::*;
use raw::Raw;
use std::mem::ManuallyDrop;
use std::sync::Arc;

/// Flag bit of the table word of an entry that has an expiry: the expiry cycle finds such entries
/// without touching the others.
pub const FLAG_VOLATILE: u64 = 1;

/// Owning pointer to the allocation of a key. Eight bytes, never null.
pub struct KeyEntry(Raw);

// SAFETY: the allocation is owned by this pointer alone, and all values in it are Send.
unsafe impl Send for KeyEntry {}
// SAFETY: shared references only read, but for the access clock, which is only written by the
// holder of the shard.
unsafe impl Sync for KeyEntry {}

impl KeyEntry {
    /// A key with a string.
    pub fn string(key: &[u8], value: StrValue<'_>, expiry: Option<UnixMs>, access: u32) -> KeyEntry {
        match value {
            StrValue::Int(n) => KeyEntry::with_head(key, Kind::Int, n as u64, expiry, access),
            StrValue::Bytes(bytes) if bytes.len() < INLINE_LIMIT => {
                KeyEntry(Raw::inline(key, bytes, expiry, access))
            }
            StrValue::Bytes(bytes) => KeyEntry::heap(key, Arc::new(bytes.to_vec()), expiry, access),
            StrValue::Owned(vec) if vec.len() < INLINE_LIMIT => {
                KeyEntry(Raw::inline(key, &vec, expiry, access))
            }
            StrValue::Owned(vec) => KeyEntry::heap(key, Arc::new(vec), expiry, access),
            StrValue::Shared(arc) => KeyEntry::heap(key, arc, expiry, access),
        }
    }

    fn heap(key: &[u8], value: Arc<Vec<u8>>, expiry: Option<UnixMs>, access: u32) -> KeyEntry {
        KeyEntry::with_head(key, Kind::Heap, heap_head(value), expiry, access)
    }

    /// A key with a value in raw form.
    pub fn raw(key: &[u8], value: RawValue, expiry: Option<UnixMs>, access: u32) -> KeyEntry {
        let (kind, head) = value.into_parts();
        KeyEntry::with_head(key, kind, head, expiry, access)
    }

    fn with_head(key: &[u8], kind: Kind, head: u64, expiry: Option<UnixMs>, access: u32) -> KeyEntry {
        KeyEntry(Raw::pointer(key, kind, head, expiry, access))
    }

    /// The key.
    #[inline]
    pub fn key(&self) -> &[u8] {
        self.0.key()
    }

    /// What it holds.
    #[inline]
    pub fn kind(&self) -> Kind {
        Kind::from_meta(self.0.meta())
    }

    /// Bytes of the entry itself, without what its head points to.
    pub fn size(&self) -> usize {
        self.0.size()
    }

    /// When it expires.
    #[inline]
    pub fn expiry(&self) -> Option<UnixMs> {
        self.0.expiry()
    }

    /// Sets or removes the expiry; the allocation may move.
    pub fn set_expiry(&mut self, expiry: Option<UnixMs>) {
        match (self.0.meta() & HAS_EXPIRY != 0, expiry) {
            (true, Some(at)) => self.0.write_expiry(at),
            (false, None) => {}
            _ => self.0 = self.0.rebuilt(expiry),
        }
    }

    /// The access clock: LRU seconds, or LFU minutes and counter.
    #[inline]
    pub fn access(&self) -> u32 {
        self.0.access()
    }

    /// Stores the access clock (24 bits).
    #[inline]
    pub fn set_access(&self, access: u32) {
        if self.0.access() != access {
            self.0.write_access(access);
        }
    }

    /// The string it holds, if it is one.
    #[inline]
    pub fn as_str(&self) -> Option<StrRef<'_>> {
        match self.kind() {
            Kind::Inline => Some(StrRef::Bytes(self.0.inline_value())),
            Kind::Int => Some(StrRef::Int(self.0.head() as i64)),
            // SAFETY: the head of a Heap entry is the pointer of its Arc, which lives as long as `self`.
            Kind::Heap => Some(StrRef::Heap(unsafe { HeapStr::from_head(self.0.head()) })),
            _ => None,
        }
    }

    /// Overwrites an inline string by one of the same length, without a new allocation.
    /// False if that does not fit.
    #[inline]
    pub fn overwrite_inline(&mut self, value: &[u8]) -> bool {
        self.kind() == Kind::Inline && self.0.overwrite_inline(value)
    }

    /// Stores an integer in place if it holds one.
    #[inline]
    pub fn overwrite_int(&mut self, value: i64) -> bool {
        let fits = self.kind() == Kind::Int;
        if fits {
            self.0.write_head(value as u64);
        }
        fits
    }

    /// Replaces a string by another, keeping key, expiry and access clock.
    pub fn set_str(&mut self, value: StrValue<'_>) {
        let fits = match &value {
            StrValue::Int(n) => self.overwrite_int(*n),
            StrValue::Bytes(bytes) => self.overwrite_inline(bytes),
            _ => false,
        };
        if !fits {
            *self = KeyEntry::string(self.key(), value, self.expiry(), self.access());
        }
    }

    /// The string as a growable buffer: it moves into an allocation of its own if it has none.
    /// `None` if this is no string.
    pub fn edit_str(&mut self) -> Option<&mut Vec<u8>> {
        let string = self.as_str()?;
        if !matches!(string, StrRef::Heap(_)) {
            let bytes = string.to_vec();
            *self = KeyEntry::heap(self.key(), Arc::new(bytes), self.expiry(), self.access());
        }
        // SAFETY: the head owns one count of the Arc; it is taken here and given back below.
        let mut arc = unsafe { Arc::from_raw(vec_pointer(self.0.head())) };
        Arc::make_mut(&mut arc);
        self.0.write_head(heap_head(arc));
        // SAFETY: make_mut left this handle the only one, and `&mut self` keeps it so.
        Some(unsafe { &mut *vec_pointer(self.0.head()).cast_mut() })
    }

    /// The value in typed form, for reading. `None` if it is of another type.
    #[inline]
    pub fn collection<T: Collection>(&self) -> Option<ManuallyDrop<T>> {
        // SAFETY: the head belongs to a value of this kind, and ManuallyDrop leaves it there.
        T::holds(self.kind()).then(|| ManuallyDrop::new(unsafe { T::from_raw(self.kind(), self.0.head()) }))
    }

    /// Stores the raw form of a collection that was taken by [`KeyEntry::collection`] and changed.
    ///
    /// # Safety
    /// `kind` and `head` must be the raw form of the collection that this entry holds, and the
    /// caller must not use its own handle any more.
    #[inline]
    pub unsafe fn put_back(&mut self, kind: Kind, head: u64) {
        self.0.write_kind(kind);
        self.0.write_head(head);
    }

    /// Takes the value out; the entry is gone.
    pub fn into_value(self) -> RawValue {
        let this = ManuallyDrop::new(self);
        let value = match this.kind() {
            Kind::Inline => RawValue::from_string(this.0.inline_value().to_vec()),
            // SAFETY: ownership of the head passes to the RawValue; the entry frees only its own block.
            kind => unsafe { RawValue::from_parts(kind, this.0.head()) },
        };
        this.0.free();
        value
    }
}

impl Drop for KeyEntry {
    fn drop(&mut self) {
        let kind = self.kind();
        if !matches!(kind, Kind::Inline | Kind::Int) {
            // SAFETY: the entry owns the value and is going away.
            drop(unsafe { RawValue::from_parts(kind, self.0.head()) });
        }
        self.0.free();
    }
}

// SAFETY: the word is the address of the allocation, aligned to 8, below 2^47, plus FLAG_VOLATILE,
// which from_word masks out.
unsafe impl crate::table::Thin for KeyEntry {
    fn into_word(self) -> u64 {
        let this = ManuallyDrop::new(self);
        this.0.address() | if this.0.meta() & HAS_EXPIRY != 0 { FLAG_VOLATILE } else { 0 }
    }

    unsafe fn from_word(word: u64) -> Self {
        // SAFETY: the caller got the word from into_word.
        KeyEntry(unsafe { Raw::from_address(word & !7) })
    }

    #[inline]
    fn key(&self) -> &[u8] {
        self.0.key()
    }
}
