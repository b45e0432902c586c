//! A bucket: one cache line with seven words, their tags, and the overflow bit.
//!
//! ```text
//!  byte 0        8        16            48       56  57       62  63
//!  +--------+--------+--   --+--------+---+---+-- --+---+-----------+
//!  | word 0 | word 1 |  ...  | word 6 | t0| t1| ... | t6| control   |
//!  +--------+--------+--   --+--------+---+---+-- --+---+-----------+
//!   word:    63..48 fragment (16 bits of hash), 47..0 the entry
//!   tag:     8 other bits of the hash, never 0; 0 is an empty slot
//!   control: bit 7 overflow, the rest 0
//! ```
//! Tags and control are one little-endian number, searched eight bytes at a time in a register. The
//! search may report a slot that does not match (a borrow above a true match); the caller compares
//! the fragment anyway.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x0080_8080_8080_8080;
const OVERFLOW: u64 = 1 << 63;

/// Entries of a bucket.
pub(super) const SLOTS: usize = 7;

/// One cache line of a segment.
#[repr(C, align(64))]
pub(super) struct Bucket {
    /// The entries; 0 where the tag is 0.
    pub words: [u64; SLOTS],
    meta: u64,
}

/// A set of slots, walked from the lowest.
#[derive(Clone, Copy)]
pub(super) struct Slots(u64);

impl Iterator for Slots {
    type Item = usize;
    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let slot = self.0.trailing_zeros() as usize / 8;
        self.0 &= self.0 - 1;
        Some(slot)
    }
}

/// The tag of a hash.
#[inline(always)]
pub(super) fn tag_of(hash: u64) -> u8 {
    let tag = hash as u8;
    tag + u8::from(tag == 0)
}

impl Bucket {
    /// The slots that may carry `tag`.
    #[inline(always)]
    pub fn matching(&self, tag: u8) -> Slots {
        let differs = self.meta ^ (LOW * u64::from(tag));
        Slots(differs.wrapping_sub(LOW) & !differs & HIGH)
    }

    /// The slots in use.
    #[inline(always)]
    pub fn occupied(&self) -> Slots {
        let low_bits = LOW * 0x7f;
        Slots((((self.meta & low_bits) + low_bits) | self.meta) & HIGH)
    }

    /// The first empty slot.
    #[inline(always)]
    pub fn vacant(&self) -> Option<usize> {
        Slots(self.meta.wrapping_sub(LOW) & !self.meta & HIGH).next()
    }

    /// Fills an empty slot.
    #[inline(always)]
    pub fn put(&mut self, slot: usize, tag: u8, word: u64) {
        self.words[slot] = word;
        self.meta |= u64::from(tag) << (8 * slot);
    }

    /// Empties a slot.
    #[inline(always)]
    pub fn take(&mut self, slot: usize) -> (u8, u64) {
        let tag = self.tag(slot);
        self.meta &= !(0xff << (8 * slot));
        (tag, std::mem::take(&mut self.words[slot]))
    }

    /// The tag of a slot; 0 if it is empty.
    #[inline(always)]
    pub fn tag(&self, slot: usize) -> u8 {
        (self.meta >> (8 * slot)) as u8
    }

    /// Does an entry that looked for room here sit in a later bucket?
    #[inline(always)]
    pub fn overflows(&self) -> bool {
        self.meta & OVERFLOW != 0
    }

    /// Records whether an entry that looked for room here sits in a later bucket.
    #[inline(always)]
    pub fn set_overflow(&mut self, overflow: bool) {
        self.meta = if overflow { self.meta | OVERFLOW } else { self.meta & !OVERFLOW };
    }
}
