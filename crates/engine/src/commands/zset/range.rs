//! Ranges in arguments: of scores, of texts, of ranks.

use crate::command::Error;
use crate::sorted::{LexRange, ScoreRange};
use crate::text::parse_f64;

/// The range of scores of two arguments.
pub(super) fn score_range(min: &[u8], max: &[u8]) -> Result<ScoreRange, Error> {
    ScoreRange::parse(min, max, strtod).ok_or(Error::fixed("ERR min or max is not a float"))
}

/// The range of texts of two arguments.
pub(super) fn lex_range<'a>(min: &'a [u8], max: &'a [u8]) -> Result<LexRange<'a>, Error> {
    LexRange::parse(min, max).ok_or(Error::fixed("ERR min or max not valid string range item"))
}

/// A number as C's strtod reads it, which is less strict than scores elsewhere: nothing is 0, blanks
/// in front and overflow are no errors, a NUL is the end (zslParseRange in Redis).
fn strtod(text: &[u8]) -> Option<f64> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    if text.is_empty() {
        return Some(0.0);
    }
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\x0b' | b'\x0c' | b'\r');
    let digits = &text[text.iter().take_while(|byte| blank(byte)).count()..];
    parse_f64(digits).or_else(|| std::str::from_utf8(digits).ok()?.parse().ok())
}

/// Turns a pair of indices, negative ones counted from the end, into ranks.
pub(super) fn ranks_between(start: i64, stop: i64, len: usize) -> std::ops::Range<usize> {
    let len = len as i64;
    let from_start = |index: i64| if index < 0 { len.saturating_add(index) } else { index };
    let (start, stop) = (from_start(start).max(0), from_start(stop).min(len - 1));
    if start > stop { 0..0 } else { start as usize..stop as usize + 1 }
}
