//! Where the parts of a key's allocation stand.
//!
//! ```text
//!  0        1..4      4..          next        next      next   next
//! +--------+---------+------------+-----------+---------+------+---------------+
//! | meta   | access  | key length | expiry    | head    | key  | inline string |
//! | 1 byte | 3 bytes | 1 or 4     | 0 or 8    | 1,2 or 8|      |               |
//! +--------+---------+------------+-----------+---------+------+---------------+
//! ```
//!
//! `meta`: bits 0-3 the [`Kind`], bit 4 "has an expiry", bit 5 "key length takes 4 bytes",
//! bit 6 "inline string length takes 2 bytes", bit 7 "a command edited this string in place" (it is
//! shown as raw, however short). `access` is the LRU clock (24 bits, seconds) or the
//! LFU counter with its decay time. `head` is the length of an inline string (1 or 2 bytes), an
//! integer, or the pointer of a value that has an allocation of its own (8 bytes). A short string
//! without expiry thus costs 6 bytes beside its key and value: `key:123456` with 64 bytes fits the
//! 80-byte size class.

/// What a key holds, encoding included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// String inside the entry.
    Inline = 0,
    /// String that is a 64-bit integer.
    Int = 1,
    /// String in an allocation of its own, shared with replies under way.
    Heap = 2,
    /// List in one listpack.
    ListPacked = 3,
    /// List as a chain of listpacks.
    ListQuick = 4,
    /// Set of integers in an intset.
    SetInt = 5,
    /// Set in a listpack.
    SetPacked = 6,
    /// Set in a table.
    SetTable = 7,
    /// Hash in a listpack.
    HashPacked = 8,
    /// Hash in a table.
    HashTable = 9,
    /// Sorted set in a listpack.
    ZsetPacked = 10,
    /// Sorted set as table and ordered index.
    ZsetTree = 11,
    /// Stream.
    Stream = 12,
}

impl Kind {
    const ALL: [Kind; 13] = [
        Kind::Inline,
        Kind::Int,
        Kind::Heap,
        Kind::ListPacked,
        Kind::ListQuick,
        Kind::SetInt,
        Kind::SetPacked,
        Kind::SetTable,
        Kind::HashPacked,
        Kind::HashTable,
        Kind::ZsetPacked,
        Kind::ZsetTree,
        Kind::Stream,
    ];

    #[inline]
    pub(super) fn from_meta(meta: u8) -> Kind {
        Kind::ALL[(meta & KIND_MASK) as usize]
    }

    /// True for the three string forms.
    #[inline]
    pub fn is_string(self) -> bool {
        (self as u8) <= Kind::Heap as u8
    }
}

pub(super) const KIND_MASK: u8 = 0x0f;
pub(super) const HAS_EXPIRY: u8 = 1 << 4;
pub(super) const WIDE_KEY: u8 = 1 << 5;
pub(super) const WIDE_VALUE: u8 = 1 << 6;

pub(super) const EDITED: u8 = 1 << 7;

/// Strings that grow beyond this many bytes by editing move into an allocation with spare room.
pub(super) const EDIT_INLINE_LIMIT: usize = 256;

/// Strings up to this many bytes live inside the entry; at and above it they are shared with the
/// replies that send them.
pub const INLINE_LIMIT: usize = 16 * 1024;

/// Offset of the key length.
pub(super) const KEY_LENGTH_AT: usize = 4;

/// Offset of the expiry (if any) or of the head.
#[inline]
pub(super) const fn after_key_length(meta: u8) -> usize {
    KEY_LENGTH_AT + if meta & WIDE_KEY != 0 { 4 } else { 1 }
}

/// Offset of the head.
#[inline]
pub(super) const fn head_at(meta: u8) -> usize {
    HEAD_AT[(meta >> 4) as usize & 3] as usize
}

/// Offset of the key, by meta byte: one table lookup on the hot path.
#[inline]
pub(super) const fn key_at(meta: u8) -> usize {
    KEY_AT[(meta & 0x7f) as usize] as usize
}

const HEAD_AT: [u8; 4] = {
    let mut table = [0; 4];
    let mut i = 0;
    while i < 4 {
        let meta = (i as u8) << 4;
        table[i] = (after_key_length(meta) + if meta & HAS_EXPIRY != 0 { 8 } else { 0 }) as u8;
        i += 1;
    }
    table
};

const KEY_AT: [u8; 128] = {
    let mut table = [0; 128];
    let mut i = 0;
    while i < 128 {
        let meta = i as u8;
        let head = if meta & KIND_MASK == Kind::Inline as u8 {
            if meta & WIDE_VALUE != 0 { 2 } else { 1 }
        } else {
            8
        };
        table[i] = (head_at(meta) + head) as u8;
        i += 1;
    }
    table
};
