//! Counting set bits and finding the first bit of a kind.
//!
//! Counting adds words in a tree of carry-save adders (Harley and Seal): sixteen words cost one
//! hardware-independent population count instead of sixteen, which matters because the baseline
//! x86-64 has no such instruction. Searching skips words that are all of the other kind.

use std::ops::Range;

/// How many bits of `data` are 1.
pub fn count_ones(data: &[u8]) -> u64 {
    let (blocks, rest) = data.as_chunks::<BLOCK>();
    let mut adders = Adders::default();
    let mut total = 0;
    for block in blocks {
        total += 16 * adders.add_block(block);
    }
    total += adders.rest();
    let (words, bytes) = rest.as_chunks::<8>();
    for word in words {
        total += ones(u64::from_ne_bytes(*word));
    }
    for byte in bytes {
        total += u64::from(byte.count_ones());
    }
    total
}

/// How many bits in `range` are 1; the range is cut to the length of `data`.
pub fn count_ones_in(data: &[u8], range: Range<u64>) -> u64 {
    let Some(edges) = Edges::new(data, &range) else { return 0 };
    let first = data[edges.first] & edges.first_mask;
    if edges.first == edges.last {
        return u64::from((first & edges.last_mask).count_ones());
    }
    let last = data[edges.last] & edges.last_mask;
    let middle = count_ones(&data[edges.first + 1..edges.last]);
    middle + u64::from(first.count_ones()) + u64::from(last.count_ones())
}

/// The offset of the first bit of `data` that equals `bit`.
pub fn find_bit(data: &[u8], bit: bool) -> Option<u64> {
    // With the wanted bits turned into ones, the first one is found by its leading zeros.
    let flip = if bit { 0 } else { u64::MAX };
    let (words, bytes) = data.as_chunks::<8>();
    let start = words.iter().position(|word| u64::from_ne_bytes(*word) != flip);
    if let Some(at) = start {
        let word = u64::from_be_bytes(words[at]) ^ flip;
        return Some(at as u64 * 64 + u64::from(word.leading_zeros()));
    }
    let at = bytes.iter().position(|&byte| byte != flip as u8)?;
    let byte = bytes[at] ^ flip as u8;
    Some((words.len() as u64 * 8 + at as u64) * 8 + u64::from(byte.leading_zeros()))
}

/// The offset of the first bit in `range`, cut to the length of `data`, that equals `bit`.
pub fn find_bit_in(data: &[u8], range: Range<u64>, bit: bool) -> Option<u64> {
    let edges = Edges::new(data, &range)?;
    let flip = if bit { 0 } else { 0xff };
    let edge = |at: usize, mask: u8| {
        let wanted = (data[at] ^ flip) & mask;
        (wanted != 0).then(|| at as u64 * 8 + u64::from(wanted.leading_zeros()))
    };
    if edges.first == edges.last {
        return edge(edges.first, edges.first_mask & edges.last_mask);
    }
    let middle = edges.first + 1;
    edge(edges.first, edges.first_mask)
        .or_else(|| find_bit(&data[middle..edges.last], bit).map(|offset| middle as u64 * 8 + offset))
        .or_else(|| edge(edges.last, edges.last_mask))
}

/// A range of bits as its first and last byte and the bits that belong to it in these.
struct Edges {
    first: usize,
    last: usize,
    first_mask: u8,
    last_mask: u8,
}

impl Edges {
    fn new(data: &[u8], range: &Range<u64>) -> Option<Self> {
        let end = range.end.min(data.len() as u64 * 8);
        if range.start >= end {
            return None;
        }
        Some(Self {
            first: (range.start >> 3) as usize,
            last: ((end - 1) >> 3) as usize,
            first_mask: 0xff >> (range.start & 7),
            last_mask: 0xff << (7 - ((end - 1) & 7)),
        })
    }
}

/// Sixteen words of 64 bits.
const BLOCK: usize = 128;

/// Per bit position, how often a one was seen: a binary number across the four words, of which
/// only the carry out of the eights is counted right away.
#[derive(Default)]
struct Adders {
    ones: u64,
    twos: u64,
    fours: u64,
    eights: u64,
}

impl Adders {
    /// Adds a block and gives the number of carries into the sixteens.
    #[inline(always)]
    fn add_block(&mut self, block: &[u8; BLOCK]) -> u64 {
        let (words, _) = block.as_chunks::<8>();
        let first = self.add_eight(words, 0);
        let second = self.add_eight(words, 8);
        ones(carry_save(&mut self.eights, first, second))
    }

    /// Adds eight words and gives the carries into the eights.
    #[inline(always)]
    fn add_eight(&mut self, words: &[[u8; 8]], at: usize) -> u64 {
        let first = self.add_four(words, at);
        let second = self.add_four(words, at + 4);
        carry_save(&mut self.fours, first, second)
    }

    /// Adds four words and gives the carries into the fours.
    #[inline(always)]
    fn add_four(&mut self, words: &[[u8; 8]], at: usize) -> u64 {
        let word = |offset: usize| u64::from_ne_bytes(words[at + offset]);
        let first = carry_save(&mut self.ones, word(0), word(1));
        let second = carry_save(&mut self.ones, word(2), word(3));
        carry_save(&mut self.twos, first, second)
    }

    fn rest(&self) -> u64 {
        ones(self.ones) + 2 * ones(self.twos) + 4 * ones(self.fours) + 8 * ones(self.eights)
    }
}

/// Adds three bits in each of 64 columns: the sum stays in `sum`, the carries are returned.
#[inline(always)]
fn carry_save(sum: &mut u64, a: u64, b: u64) -> u64 {
    let partial = *sum ^ a;
    let carry = (*sum & a) | (partial & b);
    *sum = partial ^ b;
    carry
}

#[inline(always)]
fn ones(word: u64) -> u64 {
    u64::from(word.count_ones())
}
