//! Texts and numbers: integers, doubles and long doubles as Redis reads and prints them, glob patterns.
//!
//! Redis's number texts are part of its protocol: a value is an integer only if its text is the
//! one canonical text of that integer, a score accepts whatever C's `strtod` accepts, and
//! INCRBYFLOAT calculates in the 80-bit floats of the x87. Each of these rules lives in one module:
//!
//! | module | what |
//! |---|---|
//! | [`integer`] | strict signed and unsigned integers, digit counting |
//! | [`double`] | `strtod` rules in, `%.17g` or shortest digits out, fixed-point output |
//! | [`extended`] | 80-bit floats: exact parsing, addition, human output |
//! | [`glob`] | `KEYS`-style patterns in linear-ish time |
//! | [`units`] | memory sizes such as `64mb` |
//! | [`repr`] | quoted, escaped texts for logs and DEBUG output |
//!
//! Everything takes and gives bytes: keys, values and arguments are not UTF-8.

mod big;
pub mod double;
pub mod extended;
pub mod glob;
mod hex;
pub mod integer;
pub mod repr;
mod shortest;
pub mod units;

pub use double::{DoubleStyle, DoubleText, parse_f64};
pub use extended::Extended;
pub use glob::glob_match;
pub use integer::{parse_i64, parse_u64};

/// Whether `arg` is the keyword `word`, whatever the case of its letters.
///
/// ```
/// # use ochre_engine::text::eq_ignore_case;
/// assert!(eq_ignore_case(b"withScores", b"WITHSCORES"));
/// ```
#[inline]
pub fn eq_ignore_case(arg: &[u8], word: &[u8]) -> bool {
    arg.eq_ignore_ascii_case(word)
}

/// Up to eight bytes as one little-endian number; the missing ones are 0.
///
/// Loads that overlap instead of a loop over bytes: names and keys are this short.
#[inline(always)]
pub fn word_of(bytes: &[u8]) -> u64 {
    debug_assert!(bytes.len() <= 8, "a word has eight bytes");
    if let Some(all) = bytes.as_array::<8>() {
        return u64::from_le_bytes(*all);
    }
    if let (Some(low), Some(high)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let (low, high) = (u32::from_le_bytes(*low), u32::from_le_bytes(*high));
        return u64::from(low) | u64::from(high) << (8 * (bytes.len() - 4));
    }
    let byte = |at: usize| u64::from(bytes[at]) << (8 * at);
    if bytes.is_empty() { 0 } else { byte(0) | byte(bytes.len() / 2) | byte(bytes.len() - 1) }
}

#[cfg(test)]
mod tests {
    use super::word_of;

    #[test]
    fn a_word_has_the_bytes_in_their_order() {
        let bytes = [0x91, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0xf7, 0x08];
        for len in 0..=bytes.len() {
            let mut padded = [0; 8];
            padded[..len].copy_from_slice(&bytes[..len]);
            assert_eq!(word_of(&bytes[..len]), u64::from_le_bytes(padded), "length {len}");
        }
    }
}
