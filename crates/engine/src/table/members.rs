//! The members of a big set: a table whose entries are a length and bytes, or an integer.
//!
//! ```text
//!  text      word -> +--------+-------+     length takes 1 byte below 253 (blob.rs)
//!                    | length | bytes |
//!                    +--------+-------+
//!  integer   word = | value, 45 bits, two's complement | 1 0 0 |     bits 47..3, flag 4
//! ```
//! A member that is the shortest text of an integer of 45 bits is that integer, in the word itself:
//! it takes no allocation, and no cache line beside its bucket. Everything else is hashed and
//! compared as text, so both kinds live in one order.

use std::ptr::NonNull;

use rand::RngCore;

use super::blob::{self, alloc_size, length_size};
use super::{Seed, Table, Thin, WORD_MASK};
use crate::encoding::listpack::Item;

/// The flag of a word that is an integer.
const INTEGER: u64 = 4;

/// Integers below this, and not below its negative, fit a word.
const INTEGER_END: i64 = 1 << 44;

/// One member: a thin owning pointer or an integer.
#[repr(transparent)]
struct Entry(u64);

// SAFETY: the allocation outlives moves between threads and nothing in it is shared.
unsafe impl Send for Entry {}
// SAFETY: `&Entry` only reads.
unsafe impl Sync for Entry {}

// SAFETY: transparent over u64; reads mask or shift the table's bits away; members never change.
unsafe impl Thin for Entry {
    #[inline]
    fn into_word(self) -> u64 {
        std::mem::ManuallyDrop::new(self).0
    }

    #[inline]
    unsafe fn from_word(word: u64) -> Self {
        Self(word)
    }

    #[inline]
    fn with_key<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(self.member().text(&mut itoa::Buffer::new()))
    }
}

impl Entry {
    fn new(member: &[u8]) -> Self {
        if let Some(value) = small_integer(member) {
            return Self(((value as u64) << 3 | INTEGER) & WORD_MASK);
        }
        let blob = blob::allocate(length_size(member.len()) + member.len());
        // SAFETY: the allocation has room for both.
        unsafe {
            let at = blob::write_length(blob.as_ptr(), member.len());
            at.copy_from_nonoverlapping(member.as_ptr(), member.len());
        }
        Self(blob.as_ptr().expose_provenance() as u64)
    }

    #[inline(always)]
    fn start(&self) -> *mut u8 {
        std::ptr::with_exposed_provenance_mut((self.0 & WORD_MASK) as usize)
    }

    #[inline]
    fn member(&self) -> Item<'_> {
        if self.0 & INTEGER != 0 {
            return Item::Int(((self.0 << 16) as i64) >> 19);
        }
        // SAFETY: `new` wrote this layout, and `&self` keeps it unchanged.
        unsafe {
            let (length, at) = blob::read_length(self.start());
            Item::Str(std::slice::from_raw_parts(at, length))
        }
    }

    /// Bytes before rounding; 0 if there is no allocation.
    fn size(&self) -> usize {
        match self.member() {
            Item::Int(_) => 0,
            Item::Str(text) => length_size(text.len()) + text.len(),
        }
    }

    /// Bytes of the allocation.
    fn bytes(&self) -> usize {
        match self.size() {
            0 => 0,
            size => alloc_size(size),
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let size = self.size();
        if let (1.., Some(blob)) = (size, NonNull::new(self.start())) {
            // SAFETY: allocated by `new` with this size, and owned by `self` alone.
            unsafe { blob::free(blob, size) }
        }
    }
}

/// The integer whose shortest text this is, if it fits a word.
fn small_integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = match digits {
        b"0" => text.len() == 1,
        [b'1'..=b'9', ..] => digits.len() <= 14,
        _ => false,
    };
    if !canonical || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    let value = if digits.len() == text.len() { size } else { -size };
    (-INTEGER_END..INTEGER_END).contains(&value).then_some(value)
}

/// The members of a big set.
pub struct MemberTable {
    table: Table<Entry>,
    /// Bytes of all entries' allocations.
    entry_bytes: usize,
}

impl MemberTable {
    /// An empty set.
    pub const fn new(seed: Seed) -> Self {
        Self { table: Table::new(seed), entry_bytes: 0 }
    }

    /// Prepares an empty set for about so many members.
    pub fn reserve(&mut self, members: usize) {
        self.table.reserve(members);
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Is there no member?
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Is this a member?
    #[inline]
    pub fn contains(&self, member: &[u8]) -> bool {
        self.table.contains(self.table.hash(member), member)
    }

    /// Adds a member; true if it is new.
    #[inline]
    pub fn insert(&mut self, member: &[u8]) -> bool {
        let hash = self.table.hash(member);
        if self.table.contains(hash, member) {
            return false;
        }
        let entry = Entry::new(member);
        self.entry_bytes += entry.bytes();
        self.table.insert(hash, entry);
        true
    }

    /// Removes a member; true if it was one.
    #[inline]
    pub fn remove(&mut self, member: &[u8]) -> bool {
        let removed = self.table.remove(self.table.hash(member), member);
        if let Some(entry) = &removed {
            self.entry_bytes -= entry.bytes();
        }
        removed.is_some()
    }

    /// All members.
    pub fn iter(&self) -> impl Iterator<Item = Item<'_>> {
        self.table.iter().map(Entry::member)
    }

    /// One step of a scan; see [`Table::scan`].
    pub fn scan<'a>(&'a self, cursor: u64, mut emit: impl FnMut(Item<'a>)) -> u64 {
        self.table.scan(cursor, |entry| emit(entry.member()))
    }

    /// A member, each with the same probability.
    pub fn random<R: RngCore + ?Sized>(&self, rng: &mut R) -> Option<Item<'_>> {
        self.table.random(rng).map(Entry::member)
    }

    /// Emits `n` different members at random; all if there are no more.
    pub fn random_distinct<'a, R: RngCore + ?Sized>(
        &'a self,
        rng: &mut R,
        n: usize,
        mut emit: impl FnMut(Item<'a>),
    ) {
        self.table.random_distinct(rng, n, |entry| emit(entry.member()));
    }

    /// Fetches what a lookup will need into the cache; `phase` 0 the bucket, 1 the entry.
    pub fn prefetch(&self, member: &[u8], phase: u8) {
        let hash = self.table.hash(member);
        if phase == 0 { self.table.prefetch_bucket(hash) } else { self.table.prefetch_entry(hash) }
    }

    /// Bytes of the table and its entries. Constant time.
    pub fn bytes(&self) -> usize {
        self.table.bytes() + self.entry_bytes
    }

    /// Bytes of the entries without the table.
    pub fn entry_bytes(&self) -> usize {
        self.entry_bytes
    }

    /// The table, for its statistics.
    pub fn stats(&self) -> super::Stats {
        self.table.stats()
    }
}

impl Clone for MemberTable {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.table.seed());
        self.iter().for_each(|member| _ = copy.insert(member.text(&mut itoa::Buffer::new())));
        copy
    }
}
