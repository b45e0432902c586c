//! The keyed hash of the tables: SipHash-1-3, the only place that knows it.
//!
//! A client chooses the keys, so an unkeyed hash would let it send a million keys of one bucket.
//! SipHash-1-3 (Aumasson and Bernstein) under a secret seed resists that. It is written out here
//! because keys are short byte strings known in one piece: the tail is read with overlapping loads
//! instead of byte by byte, and everything stays in registers. The tests compare it with the
//! `siphasher` crate.
//!
//! Use of the 64 bits:
//! ```text
//!   63                                    24 23            8 7        0
//!  +----------------------------------------+---------------+----------+
//!  | directory index, then fragment         | the caller's  | tag      |
//!  | (depth + 16 bits, at most 40)          | (shard)       |          |
//!  +----------------------------------------+---------------+----------+
//! ```

use crate::text::word_of;

/// The secret key of a table's hash, 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    k0: u64,
    k1: u64,
    /// Tests weaken the hash to a few bits, to see collisions that a good hash never shows.
    #[cfg(test)]
    mask: u64,
}

impl Seed {
    /// A seed from 128 random bits.
    pub const fn new(k0: u64, k1: u64) -> Self {
        Self {
            k0,
            k1,
            #[cfg(test)]
            mask: u64::MAX,
        }
    }

    /// A seed whose hashes keep only the bits of `mask`.
    #[cfg(test)]
    pub(crate) const fn weak(mask: u64) -> Self {
        Self { k0: 1, k1: 2, mask }
    }

    /// The hash of `key`.
    #[inline]
    pub fn hash(self, key: &[u8]) -> u64 {
        let hash = siphash13(self.k0, self.k1, key);
        #[cfg(test)]
        let hash = hash & self.mask;
        hash
    }
}

struct State {
    v0: u64,
    v1: u64,
    v2: u64,
    v3: u64,
}

impl State {
    #[inline(always)]
    fn round(&mut self) {
        self.v0 = self.v0.wrapping_add(self.v1);
        self.v2 = self.v2.wrapping_add(self.v3);
        self.v1 = self.v1.rotate_left(13) ^ self.v0;
        self.v3 = self.v3.rotate_left(16) ^ self.v2;
        self.v0 = self.v0.rotate_left(32).wrapping_add(self.v3);
        self.v2 = self.v2.wrapping_add(self.v1);
        self.v1 = self.v1.rotate_left(17) ^ self.v2;
        self.v3 = self.v3.rotate_left(21) ^ self.v0;
        self.v2 = self.v2.rotate_left(32);
    }

    #[inline(always)]
    fn absorb(&mut self, word: u64) {
        self.v3 ^= word;
        self.round();
        self.v0 ^= word;
    }
}

#[inline]
fn siphash13(k0: u64, k1: u64, key: &[u8]) -> u64 {
    let mut state = State {
        v0: k0 ^ 0x736f_6d65_7073_6575,
        v1: k1 ^ 0x646f_7261_6e64_6f6d,
        v2: k0 ^ 0x6c79_6765_6e65_7261,
        v3: k1 ^ 0x7465_6462_7974_6573,
    };
    let (words, _) = key.as_chunks::<8>();
    for word in words {
        state.absorb(u64::from_le_bytes(*word));
    }
    state.absorb(((key.len() as u64) << 56) | tail(key));
    state.v2 ^= 0xff;
    state.round();
    state.round();
    state.round();
    state.v0 ^ state.v1 ^ state.v2 ^ state.v3
}

/// The last `len % 8` bytes as a little-endian number.
#[inline(always)]
fn tail(key: &[u8]) -> u64 {
    let rest = key.len() % 8;
    if let Some(last) = key.last_chunk::<8>() {
        // Two shifts, because a shift by 64 (no rest) is not a shift.
        return (u64::from_le_bytes(*last) >> 1) >> (63 - 8 * rest);
    }
    word_of(key)
}

#[cfg(test)]
mod tests {
    use std::hash::Hasher;

    use super::*;

    #[test]
    fn agrees_with_the_siphasher_crate_at_every_length() {
        let key: Vec<u8> = (0..100u8).map(|byte| byte.wrapping_mul(151).wrapping_add(7)).collect();
        for len in 0..key.len() {
            let mut other = siphasher::sip::SipHasher13::new_with_keys(11, 22);
            other.write(&key[..len]);
            assert_eq!(Seed::new(11, 22).hash(&key[..len]), other.finish(), "length {len}");
        }
    }

    #[test]
    fn another_seed_gives_another_hash() {
        assert_ne!(Seed::new(1, 2).hash(b"key"), Seed::new(1, 3).hash(b"key"));
    }
}
