//! A key of the keyspace with everything that belongs to it, in one allocation.
//!
//! [`KeyEntry`] is the owning thin pointer that the main table holds. Layout: [`layout`].
//! Values other than short strings and integers are thin pointers too, kept in the head as raw
//! bits next to their [`Kind`]; [`crate::value`] turns them into typed values and back.
//!
//! Invariants: a `KeyEntry` owns its allocation and, through the head, its value; the table word's
//! [`FLAG_VOLATILE`] equals the `HAS_EXPIRY` bit; nothing is written through a shared reference.
#![allow(unsafe_code)]

mod guard;
pub mod layout;
mod lent;
mod raw;
#[cfg(test)]
mod tests;

use crate::table::InPlace;
use crate::time::UnixMs;
use crate::value::{Collection, EMBSTR_LIMIT, RawValue, StrRef, StrValue, heap_head, heap_pointer};
use bytes::{Bytes, BytesMut};
pub use guard::{Mut, Read, StrMut};
use layout::*;
pub use layout::{INLINE_LIMIT, Kind};
pub use lent::StrBytes;
use raw::Raw;
use std::mem::ManuallyDrop;

/// Flag bit of the table word of an entry that has an expiry: the expiry cycle finds such entries
/// without touching the others.
pub const FLAG_VOLATILE: u64 = 1;

/// Owning pointer to the allocation of a key. Eight bytes, never null.
#[repr(transparent)]
pub struct KeyEntry(Raw);

// SAFETY: the allocation is owned by this pointer alone, and all values in it are Send.
unsafe impl Send for KeyEntry {}
// SAFETY: shared references only read, and all values in it are Sync.
unsafe impl Sync for KeyEntry {}

impl KeyEntry {
    /// A key with a string.
    pub fn string(key: &[u8], value: StrValue<'_>, expiry: Option<UnixMs>, access: u32) -> KeyEntry {
        match value {
            StrValue::Int(n) => KeyEntry::with_head(key, Kind::Int, n as u64, expiry, access),
            StrValue::Bytes(bytes) if bytes.len() < INLINE_LIMIT => {
                KeyEntry(Raw::inline(key, bytes, expiry, access))
            }
            StrValue::Bytes(bytes) => KeyEntry::heap(key, Bytes::copy_from_slice(bytes), expiry, access),
            StrValue::Shared(bytes) if bytes.len() < INLINE_LIMIT => {
                KeyEntry(Raw::inline(key, &bytes, expiry, access))
            }
            StrValue::Shared(bytes) => KeyEntry::heap(key, bytes, expiry, access),
        }
    }

    fn heap(key: &[u8], value: Bytes, expiry: Option<UnixMs>, access: u32) -> KeyEntry {
        KeyEntry::with_head(key, Kind::Heap, heap_head(value), expiry, access)
    }

    /// A key with a value in raw form. Short strings move into the entry.
    pub fn raw(key: &[u8], value: RawValue, expiry: Option<UnixMs>, access: u32) -> KeyEntry {
        match value.into_heap_string() {
            Ok(bytes) => KeyEntry::string(key, StrValue::Shared(bytes), expiry, access),
            Err(value) => {
                let (kind, head) = value.into_parts();
                KeyEntry::with_head(key, kind, head, expiry, access)
            }
        }
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
            _ => {
                let old = self.0;
                self.0 = old.rebuilt(old.key(), expiry);
                old.free();
            }
        }
    }

    /// The same under another key.
    pub fn renamed(self, key: &[u8]) -> KeyEntry {
        let this = ManuallyDrop::new(self);
        let renamed = KeyEntry(this.0.rebuilt(key, this.expiry()));
        this.0.free();
        renamed
    }

    /// The access clock: LRU seconds, or LFU minutes and counter.
    #[inline]
    pub fn access(&self) -> u32 {
        self.0.access()
    }

    /// Stores the access clock (24 bits).
    #[inline]
    pub fn set_access(&mut self, access: u32) {
        self.0.update_access(access);
    }

    /// Starts to fetch what the head points to into the cache; a string inside the entry has nothing
    /// else.
    #[inline]
    pub fn prefetch_value(&self) {
        if !matches!(self.kind(), Kind::Inline | Kind::Int) {
            crate::prefetch::prefetch_address(self.0.head());
        }
    }

    /// The string it holds, if it is one.
    #[inline]
    pub fn as_str(&self) -> Option<StrRef<'_>> {
        match self.kind() {
            Kind::Inline => Some(StrRef::Bytes(self.0.inline_value())),
            Kind::Int => Some(StrRef::Int(self.0.head() as i64)),
            // SAFETY: the head of a Heap entry is the pointer of its Box, which lives as long as `self`.
            Kind::Heap => Some(StrRef::Heap(unsafe { &*heap_pointer(self.0.head()) })),
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
            StrValue::Shared(_) => false,
        };
        if !fits {
            *self = KeyEntry::string(self.key(), value, self.expiry(), self.access());
        }
    }

    /// The bytes of a string, to be changed in place; an integer becomes text first. `None` if this
    /// is no string.
    pub fn str_bytes_mut(&mut self) -> Option<StrBytes<'_>> {
        match self.as_str()? {
            StrRef::Int(n) => self.rewrite_inline(itoa::Buffer::new().format(n).as_bytes()),
            StrRef::Heap(_) => {
                // SAFETY: the head of a Heap entry is the pointer of its Box, lent while `self` is.
                return Some(StrBytes::heap(unsafe { &mut *heap_pointer(self.0.head()) }));
            }
            StrRef::Bytes(_) => {}
        }
        self.0.mark_edited();
        Some(StrBytes::inline(self.0.inline_value_mut()))
    }

    /// Makes a string `len` bytes long, filling up with zeroes; the allocation may move.
    pub fn resize_str(&mut self, len: usize) {
        let Some(string) = self.as_str() else { return };
        if matches!(string, StrRef::Heap(_)) {
            return self.edit_heap(|buffer| buffer.resize(len, 0));
        }
        let old = string.bytes();
        let kept = &old[..old.len().min(len)];
        let mut buffer = BytesMut::with_capacity(if len > EDIT_INLINE_LIMIT { len + len / 2 } else { len });
        buffer.extend_from_slice(kept);
        buffer.resize(len, 0);
        if len > EDIT_INLINE_LIMIT {
            *self = KeyEntry::heap(self.key(), buffer.freeze(), self.expiry(), self.access());
        } else {
            self.rewrite_inline(&buffer);
        }
    }

    /// Appends to a string; the allocation may move.
    pub fn append_str(&mut self, tail: &[u8]) {
        if self.kind() == Kind::Heap {
            return self.edit_heap(|buffer| buffer.extend_from_slice(tail));
        }
        let Some(old) = self.as_str().map(|string| string.len()) else { return };
        self.resize_str(old + tail.len());
        if let Some(mut bytes) = self.str_bytes_mut() {
            bytes[old..].copy_from_slice(tail);
        }
    }

    fn rewrite_inline(&mut self, value: &[u8]) {
        *self = KeyEntry(Raw::inline(self.key(), value, self.expiry(), self.access()));
        self.0.mark_edited();
    }

    /// Lends the buffer of a [`Kind::Heap`] string, unshared (copied if a reply still uses it).
    fn edit_heap(&mut self, edit: impl FnOnce(&mut BytesMut)) {
        // SAFETY: the head of a Heap entry is the pointer of its Box, lent while `self` is.
        let bytes = unsafe { &mut *heap_pointer(self.0.head()) };
        let mut buffer = lent::take(bytes);
        edit(&mut buffer);
        *bytes = buffer.freeze();
    }

    /// The name that OBJECT ENCODING gives a string: "int", "embstr" or "raw". Strings of up to 44
    /// bytes that were stored whole are embstr, as in Redis. `None` if this is no string.
    pub fn str_encoding(&self) -> Option<&'static str> {
        Some(match self.as_str()? {
            StrRef::Int(_) => "int",
            StrRef::Bytes(bytes) if bytes.len() <= EMBSTR_LIMIT && self.0.meta() & EDITED == 0 => "embstr",
            _ => "raw",
        })
    }

    /// The value in typed form, for reading. `None` if it is of another type.
    #[inline]
    pub fn collection<T: Collection>(&self) -> Option<Read<'_, T>> {
        Read::of(self)
    }

    /// Takes the value out; the entry is gone.
    pub fn into_value(self) -> RawValue {
        let this = ManuallyDrop::new(self);
        let value = match this.kind() {
            Kind::Inline => RawValue::from_string(Bytes::copy_from_slice(this.0.inline_value())),
            // SAFETY: ownership of the head passes to the RawValue; the entry frees only its own block.
            kind => unsafe { RawValue::from_parts(kind, this.0.head()) },
        };
        this.0.free();
        value
    }
}

impl InPlace<'_, KeyEntry> {
    /// Stores the access clock (24 bits).
    #[inline]
    pub fn set_access(&mut self, access: u32) {
        self.0.update_access(access);
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

// SAFETY: transparent over a word whose bits outside the address are ignored (see `raw`); the word
// is the address, aligned to 8 and below 2^47, plus FLAG_VOLATILE; keys never change.
unsafe impl crate::table::Thin for KeyEntry {
    const COUNTED: u64 = FLAG_VOLATILE;

    #[inline]
    fn into_word(self) -> u64 {
        let this = ManuallyDrop::new(self);
        this.0.address() | if this.0.meta() & HAS_EXPIRY != 0 { FLAG_VOLATILE } else { 0 }
    }

    #[inline]
    unsafe fn from_word(word: u64) -> Self {
        // SAFETY: the caller got the word from into_word.
        KeyEntry(unsafe { Raw::from_address(word & !7) })
    }

    #[inline]
    fn with_key<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(self.0.key())
    }
}
