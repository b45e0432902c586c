//! LZF, the light compression of RDB strings and of the inner nodes of long lists.
//!
//! ```text
//! 000lllll  bytes              l + 1 bytes follow as they are (1 to 32)
//! lllooooo  oooooooo           copy l + 2 bytes (3 to 8) from o + 1 bytes back
//! 111ooooo  l  oooooooo        copy l + 9 bytes (9 to 264) from o + 1 bytes back
//! ```
//! The output need not be the bytes liblzf would choose, but any LZF reader understands it.
//! The compressor remembers where it last saw each hash of three bytes, takes the first match
//! it meets and never looks back, and takes longer steps the longer it finds none: speed matters
//! more than the last percent.

use super::Corrupt;

/// The longest run of literal bytes.
const MAX_LITERALS: usize = 32;
/// The farthest back a copy reaches.
const MAX_DISTANCE: usize = 1 << 13;
/// The longest copy.
const MAX_COPY: usize = 264;
/// The shortest copy, and the number of bytes hashed.
const MIN_COPY: usize = 3;
/// Bits of the hash of three bytes.
const TABLE_BITS: u32 = 13;
/// So many steps without a match make the steps one byte longer.
const PATIENCE: usize = 32;

/// Compresses `input`; `None` if the result would not be at most `limit` bytes long.
pub fn compress(input: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(limit.min(input.len()));
    Compressor::new().compress(input, limit, &mut out).then_some(out)
}

/// A compressor to be used again and again: its memory need not be cleared each time.
pub struct Compressor {
    /// Where each hash was seen last: positions, counted through all inputs so far.
    seen: Box<[u32; 1 << TABLE_BITS]>,
    /// The positions of the inputs before this one lie below.
    base: u32,
}

impl Default for Compressor {
    fn default() -> Self {
        Self::new()
    }
}

impl Compressor {
    /// A compressor that has seen nothing.
    pub fn new() -> Self {
        Compressor { seen: Box::new([0; 1 << TABLE_BITS]), base: 1 }
    }

    /// Appends `input` compressed to `out`. False, with `out` in disorder, if that would be more than
    /// `limit` bytes.
    pub fn compress(&mut self, input: &[u8], limit: usize, out: &mut Vec<u8>) -> bool {
        let Ok(len) = u32::try_from(input.len()) else { return false };
        if self.base.checked_add(len).is_none() {
            if len == u32::MAX {
                return false;
            }
            self.seen.fill(0);
            self.base = 1;
        }
        let limit = limit.saturating_add(out.len());
        let mut writer = Writer { out, limit };
        // A part of the table stays in the fastest cache.
        let done = if input.len() < 2048 {
            squeeze::<10>(input, &mut self.seen[..], self.base, &mut writer)
        } else {
            squeeze::<TABLE_BITS>(input, &mut self.seen[..], self.base, &mut writer)
        };
        self.base += len;
        done
    }
}

/// Decompresses `input` into a vector of exactly `len` bytes.
pub fn decompress(input: &[u8], len: usize) -> Result<Vec<u8>, Corrupt> {
    let mut out = Vec::new();
    decompress_into(input, len, &mut out)?;
    Ok(out)
}

/// Decompresses `input` into a vector, which has exactly `len` bytes afterwards.
pub fn decompress_into(input: &[u8], len: usize, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    // Three bytes of input make at most 264 of output: a larger claim is a lie, and nothing is
    // reserved for it.
    if len / MAX_COPY > input.len() {
        return Err(Corrupt::at(0, "compressed data too short for its length"));
    }
    out.clear();
    out.reserve_exact(len);
    let mut at = 0;
    while at < input.len() {
        at = step(input, at, out, len)?;
    }
    if out.len() != len {
        return Err(Corrupt::at(at, "compressed data shorter than its length"));
    }
    Ok(())
}

/// Carries out the instruction at `at` and returns the offset behind it.
fn step(input: &[u8], at: usize, out: &mut Vec<u8>, len: usize) -> Result<usize, Corrupt> {
    let cut = || Corrupt::at(at, "compressed data ends too early");
    let control = usize::from(input[at]);
    if control < 1 << 5 {
        let literals = input.get(at + 1..at + 2 + control).ok_or_else(cut)?;
        if literals.len() > len - out.len() {
            return Err(Corrupt::at(at, "compressed data longer than its length"));
        }
        out.extend_from_slice(literals);
        return Ok(at + 2 + control);
    }
    let (extra, low, next) = match control >> 5 {
        7 => {
            let more = input.get(at + 1..at + 3).ok_or_else(cut)?;
            (usize::from(more[0]), more[1], at + 3)
        }
        _ => (0, *input.get(at + 1).ok_or_else(cut)?, at + 2),
    };
    let copied = (control >> 5) + extra + 2;
    let distance = ((control & 0x1F) << 8 | usize::from(low)) + 1;
    if copied > len - out.len() {
        return Err(Corrupt::at(at, "compressed data longer than its length"));
    }
    let Some(from) = out.len().checked_sub(distance) else {
        return Err(Corrupt::at(at, "compressed data refers to before its start"));
    };
    if distance >= copied {
        out.extend_from_within(from..from + copied);
    } else {
        // The source overlaps what is being written: a repeated pattern.
        for index in from..from + copied {
            let byte = out[index];
            out.push(byte);
        }
    }
    Ok(next)
}

/// Output that refuses to grow beyond a limit.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    limit: usize,
}

impl Writer<'_> {
    fn literals(&mut self, bytes: &[u8]) -> bool {
        for run in bytes.chunks(MAX_LITERALS) {
            if self.out.len() + 1 + run.len() > self.limit {
                return false;
            }
            self.out.push((run.len() - 1) as u8);
            self.out.extend_from_slice(run);
        }
        true
    }

    fn copy(&mut self, distance: usize, len: usize) -> bool {
        if self.out.len() + 3 > self.limit {
            return false;
        }
        let (offset, len) = (distance - 1, len - 2);
        let high = (offset >> 8) as u8;
        if len < 7 {
            self.out.push((len << 5) as u8 | high);
        } else {
            self.out.extend_from_slice(&[7 << 5 | high, (len - 7) as u8]);
        }
        self.out.push(offset as u8);
        true
    }
}

/// Positions in `seen` are counted from `base`; lower ones are of other inputs.
fn squeeze<const BITS: u32>(input: &[u8], seen: &mut [u32], base: u32, writer: &mut Writer<'_>) -> bool {
    let seen = &mut seen[..1 << BITS];
    let last = input.len().saturating_sub(MIN_COPY - 1);
    let (mut at, mut literals_from) = (0, 0);
    while at < last {
        let slot = &mut seen[hash::<BITS>(input, at)];
        let candidate = slot.checked_sub(base).map(|from| from as usize);
        *slot = base + at as u32;
        let from = candidate.filter(|from| at - from <= MAX_DISTANCE);
        let (from, len) = from.map_or((0, 0), |from| (from, common_len(input, from, at)));
        if len < MIN_COPY {
            at += 1 + (at - literals_from) / PATIENCE;
            continue;
        }
        if !writer.literals(&input[literals_from..at]) || !writer.copy(at - from, len) {
            return false;
        }
        at += len;
        literals_from = at;
        // The end of a match is where the next one most likely begins.
        for behind in at.saturating_sub(2)..at.min(last) {
            seen[hash::<BITS>(input, behind)] = base + behind as u32;
        }
    }
    writer.literals(&input[literals_from..])
}

#[inline]
fn hash<const BITS: u32>(input: &[u8], at: usize) -> usize {
    let three = &input[at..at + MIN_COPY];
    let three = u32::from_le_bytes([three[0], three[1], three[2], 0]);
    (three.wrapping_mul(0x9E37_79B1) >> (32 - BITS)) as usize
}

#[inline]
fn common_len(input: &[u8], from: usize, at: usize) -> usize {
    let here = &input[at..input.len().min(at + MAX_COPY)];
    let there = &input[from..from + here.len()];
    let (here_words, _) = here.as_chunks::<8>();
    let (there_words, _) = there.as_chunks::<8>();
    for (index, (a, b)) in here_words.iter().zip(there_words).enumerate() {
        let different = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if different != 0 {
            return 8 * index + different.trailing_zeros() as usize / 8;
        }
    }
    let done = 8 * here_words.len();
    done + here[done..].iter().zip(&there[done..]).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_redis_compressed() {
        let compressed = b"\x01\x61\x61\xe0\x59\x00\x00\x62\xe0\x00\x00\x02\x61\x62\x63\x40\x02\x01\x62\x63";
        let plain = [&[b'a'; 100][..], &[b'b'; 10], b"abcabcabc"].concat();
        assert_eq!(decompress(compressed, plain.len()).unwrap(), plain);
        for wrong in [0, plain.len() - 1, plain.len() + 1, usize::MAX] {
            assert!(decompress(compressed, wrong).is_err());
        }
    }

    #[test]
    fn incompressible_input_is_refused() {
        let input: Vec<u8> = (0..=255).collect();
        assert_eq!(compress(&input, input.len()), None);
        assert!(compress(&[b'x'; 1000], 20).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 96 }))]
        #[test]
        fn what_is_compressed_comes_back(
            words in prop::collection::vec(prop::collection::vec(97u8..101, 1..12), 0..60),
            repeat in 1usize..40,
        ) {
            let input = words.concat().repeat(repeat);
            if let Some(small) = compress(&input, input.len()) {
                prop_assert!(small.len() <= input.len());
                prop_assert_eq!(decompress(&small, input.len()).unwrap(), input);
            }
        }

        #[test]
        fn a_compressor_forgets_the_inputs_before(
            inputs in prop::collection::vec(prop::collection::vec(97u8..99, 0..80), 1..20),
        ) {
            let mut compressor = Compressor::new();
            for input in inputs {
                let mut out = b"head".to_vec();
                if compressor.compress(&input, input.len(), &mut out) {
                    prop_assert_eq!(decompress(&out[4..], input.len()).unwrap(), input);
                }
            }
        }

        #[test]
        fn hostile_input_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..60), len in 0usize..4000) {
            if let Ok(out) = decompress(&bytes, len) {
                prop_assert_eq!(out.len(), len);
            }
        }
    }
}
