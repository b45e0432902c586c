//! The bytes of a key's allocation: reading and writing the fields of [`super::layout`].
//!
//! `Raw` is a plain pointer: it neither frees nor owns; [`super::KeyEntry`] does both. All accesses
//! are unaligned reads and writes inside the block, whose size follows from its first bytes.

use super::layout::*;
use crate::time::UnixMs;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::num::NonZeroU64;
use std::ptr::NonNull;

/// Word with the address of an entry's block; the other bits (flags below, hash above) are the
/// table's, and ignored.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Raw(NonZeroU64);

/// The bits of the address: below 2^47, aligned to 8.
const ADDRESS: u64 = (1 << 48) - 8;

/// The parts of a block that are known before it is allocated.
struct Plan {
    meta: u8,
    key_len: usize,
    tail: usize,
}

impl Plan {
    fn new(kind: Kind, key: &[u8], inline: usize, expiry: Option<UnixMs>) -> Plan {
        let mut meta = kind as u8;
        if expiry.is_some() {
            meta |= HAS_EXPIRY;
        }
        if key.len() > u8::MAX as usize {
            meta |= WIDE_KEY;
        }
        if inline > u8::MAX as usize {
            meta |= WIDE_VALUE;
        }
        Plan { meta, key_len: key.len(), tail: inline }
    }

    fn build(&self, key: &[u8], expiry: Option<UnixMs>, access: u32) -> Raw {
        let layout = layout_of(key_at(self.meta) + self.key_len + self.tail);
        // SAFETY: the layout is not empty: a header takes at least 6 bytes.
        let Some(block) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        let raw = Raw(NonZeroU64::new(block.as_ptr().expose_provenance() as u64).expect("not null"));
        raw.write(0, &[self.meta]);
        raw.write_access(access);
        if self.meta & WIDE_KEY != 0 {
            raw.write(KEY_LENGTH_AT, &(self.key_len as u32).to_le_bytes());
        } else {
            raw.write(KEY_LENGTH_AT, &[self.key_len as u8]);
        }
        if let Some(at) = expiry {
            raw.write_expiry(at);
        }
        raw.write(key_at(self.meta), key);
        raw
    }
}

fn layout_of(size: usize) -> Layout {
    Layout::from_size_align(size, 8).expect("keys and inline strings are far smaller than isize::MAX")
}

impl Raw {
    /// A block with an inline string.
    pub(super) fn inline(key: &[u8], value: &[u8], expiry: Option<UnixMs>, access: u32) -> Raw {
        let plan = Plan::new(Kind::Inline, key, value.len(), expiry);
        let raw = plan.build(key, expiry, access);
        if plan.meta & WIDE_VALUE != 0 {
            raw.write(head_at(plan.meta), &(value.len() as u16).to_le_bytes());
        } else {
            raw.write(head_at(plan.meta), &[value.len() as u8]);
        }
        raw.write(key_at(plan.meta) + key.len(), value);
        raw
    }

    /// A block with an 8-byte head.
    pub(super) fn pointer(key: &[u8], kind: Kind, head: u64, expiry: Option<UnixMs>, access: u32) -> Raw {
        let raw = Plan::new(kind, key, 0, expiry).build(key, expiry, access);
        raw.write_head(head);
        raw
    }

    /// A new block with the same content but another key or expiry, instead of the old one: that has to be
    /// freed, but not here, as `key` may lie in it.
    pub(super) fn rebuilt(self, key: &[u8], expiry: Option<UnixMs>) -> Raw {
        let new = match Kind::from_meta(self.meta()) {
            Kind::Inline => Raw::inline(key, self.inline_value(), expiry, self.access()),
            kind => Raw::pointer(key, kind, self.head(), expiry, self.access()),
        };
        new.write(0, &[new.meta() | (self.meta() & EDITED)]);
        new
    }

    pub(super) fn address(self) -> u64 {
        self.0.get() & ADDRESS
    }

    /// # Safety
    /// `address` must come from [`Raw::address`] of a block that is still allocated.
    #[inline]
    pub(super) unsafe fn from_address(address: u64) -> Raw {
        // SAFETY: blocks are never at address 0.
        Raw(unsafe { NonZeroU64::new_unchecked(address) })
    }

    #[inline]
    fn block(self) -> *mut u8 {
        std::ptr::with_exposed_provenance_mut(self.address() as usize)
    }

    pub(super) fn free(self) {
        // SAFETY: the block was allocated with the layout of its size, by `Plan::build`.
        unsafe { dealloc(self.block(), layout_of(self.size())) }
    }

    #[inline]
    pub(super) fn meta(self) -> u8 {
        // SAFETY: every block has a first byte.
        unsafe { self.block().read() }
    }

    #[inline]
    fn read<const N: usize>(self, at: usize) -> [u8; N] {
        // SAFETY: callers read fields that the meta byte says are there.
        unsafe { self.block().add(at).cast::<[u8; N]>().read_unaligned() }
    }

    #[inline]
    fn write(self, at: usize, bytes: &[u8]) {
        // SAFETY: callers write fields that the meta byte says are there; `bytes` never comes from
        // the same field of the same block.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.block().add(at), bytes.len()) }
    }

    #[inline]
    fn slice<'a>(self, at: usize, len: usize) -> &'a [u8] {
        // SAFETY: the range lies in the block; the lifetime is bounded by the callers' signatures
        // in KeyEntry, which owns the block.
        unsafe { std::slice::from_raw_parts(self.block().add(at), len) }
    }

    #[inline]
    fn key_len(self) -> usize {
        if self.meta() & WIDE_KEY != 0 {
            u32::from_le_bytes(self.read(KEY_LENGTH_AT)) as usize
        } else {
            self.read::<1>(KEY_LENGTH_AT)[0] as usize
        }
    }

    #[inline]
    fn inline_len(self) -> usize {
        let meta = self.meta();
        if meta & WIDE_VALUE != 0 {
            u16::from_le_bytes(self.read(head_at(meta))) as usize
        } else {
            self.read::<1>(head_at(meta))[0] as usize
        }
    }

    #[inline]
    pub(super) fn key<'a>(self) -> &'a [u8] {
        self.slice(key_at(self.meta()), self.key_len())
    }

    #[inline]
    pub(super) fn inline_value<'a>(self) -> &'a [u8] {
        self.slice(key_at(self.meta()) + self.key_len(), self.inline_len())
    }

    /// The inline string, to be changed in place.
    #[inline]
    pub(super) fn inline_value_mut<'a>(self) -> &'a mut [u8] {
        let at = key_at(self.meta()) + self.key_len();
        // SAFETY: the range lies in the block; KeyEntry lends it for as long as it is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.block().add(at), self.inline_len()) }
    }

    pub(super) fn mark_edited(self) {
        self.write(0, &[self.meta() | EDITED]);
    }

    #[inline]
    pub(super) fn overwrite_inline(self, value: &[u8]) -> bool {
        let fits = self.inline_len() == value.len();
        if fits {
            self.write(0, &[self.meta() & !EDITED]);
            self.write(key_at(self.meta()) + self.key_len(), value);
        }
        fits
    }

    pub(super) fn size(self) -> usize {
        let meta = self.meta();
        let tail = if Kind::from_meta(meta) == Kind::Inline { self.inline_len() } else { 0 };
        key_at(meta) + self.key_len() + tail
    }

    #[inline]
    pub(super) fn expiry(self) -> Option<UnixMs> {
        let meta = self.meta();
        (meta & HAS_EXPIRY != 0).then(|| UnixMs(i64::from_le_bytes(self.read(after_key_length(meta)))))
    }

    pub(super) fn write_expiry(self, at: UnixMs) {
        self.write(after_key_length(self.meta()), &at.0.to_le_bytes());
    }

    #[inline]
    pub(super) fn access(self) -> u32 {
        u32::from_le_bytes(self.read(0)) >> 8
    }

    /// Writes the access clock if it is another: the line is then often not written at all.
    #[inline]
    pub(super) fn update_access(self, access: u32) {
        if self.access() != access {
            self.write_access(access);
        }
    }

    #[inline]
    fn write_access(self, access: u32) {
        self.write(1, &access.to_le_bytes()[..3]);
    }

    #[inline]
    pub(super) fn head(self) -> u64 {
        u64::from_le_bytes(self.read(head_at(self.meta())))
    }

    #[inline]
    pub(super) fn write_head(self, head: u64) {
        self.write(head_at(self.meta()), &head.to_le_bytes());
    }

    #[inline]
    pub(super) fn write_kind(self, kind: Kind) {
        self.write(0, &[(self.meta() & !KIND_MASK) | kind as u8]);
    }
}
