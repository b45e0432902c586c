//! Texts and numbers: integers, doubles and long doubles as Redis reads and prints them, glob patterns.
//!
//! Redis's number texts are part of its protocol: a value is an integer only if its text is the
//! one canonical text of that integer, a score accepts whatever C's `strtod` accepts, and
//! INCRBYFLOAT calculates in the 80-bit floats of the x87. Each of these rules lives in one room:
//!
//! | room | what |
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
