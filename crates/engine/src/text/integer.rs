//! Integers as Redis reads them: one canonical text per number.
//!
//! Strictness matters because it decides encodings: a value may be kept as an integer only if
//! printing the integer gives the same bytes back. Hence no sign `+`, no blanks, no leading
//! zeros and no `-0` (util.c `string2ll`). The same
//! strictness rules lengths on the wire, so [`parse_i64`] lives with the protocol.
//! Printing is the itoa crate's business.

pub use ochre_resp::digits::{atoi, parse_i64};

/// An unsigned integer as Redis reads stream ids and the like (util.c `string2ull`).
///
/// Canonical texts first; whatever is left gets the leniency of C's `strtoull`: blanks in front,
/// a sign, leading zeros, and a negative number wrapping around unless its text is canonical.
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    if let Some(value) = parse_i64(text) {
        return u64::try_from(value).ok();
    }
    let start = text.iter().position(|&byte| !is_c_space(byte))?;
    parse_c_unsigned(&text[start..])
}

/// The cursor of a SCAN: C's `strtoul` on a text that does not begin with a blank (db.c
/// `parseScanCursorOrReply`). The empty text is 0.
pub fn parse_cursor(text: &[u8]) -> Option<u64> {
    if text.is_empty() { Some(0) } else { parse_c_unsigned(text) }
}

/// C's `strtoull` on a whole text without blanks in front.
fn parse_c_unsigned(text: &[u8]) -> Option<u64> {
    let (negative, digits) = super::hex::split_sign(text);
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().try_fold(0u64, |value, &byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })?;
    Some(if negative { value.wrapping_neg() } else { value })
}

/// What C's `isspace` calls a blank.
pub(super) fn is_c_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// How many decimal digits `value` prints with; 1 for zero.
#[inline]
pub fn digits_u64(value: u64) -> usize {
    value.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// How many bytes `value` prints with, the sign included.
#[inline]
pub fn len_i64(value: i64) -> usize {
    digits_u64(value.unsigned_abs()) + usize::from(value < 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_canonical_texts_are_integers() {
        let good: &[(&[u8], i64)] = &[
            (b"0", 0),
            (b"-1", -1),
            (b"99", 99),
            (b"9223372036854775807", i64::MAX),
            (b"-9223372036854775808", i64::MIN),
        ];
        for &(text, value) in good {
            assert_eq!(parse_i64(text), Some(value));
        }
        let bad: &[&[u8]] = &[
            b"",
            b"-",
            b"+1",
            b" 1",
            b"1 ",
            b"01",
            b"-0",
            b"-01",
            b"1a",
            b"1\0",
            b"0x1",
            b"1.0",
            b"9223372036854775808",
            b"-9223372036854775809",
            b"18446744073709551616",
            b"99999999999999999999",
            b"100000000000000000000000",
        ];
        for text in bad {
            assert_eq!(parse_i64(text), None, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn unsigned_integers_take_what_strtoull_takes() {
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse_u64(b"18446744073709551616"), None);
        assert_eq!(parse_u64(b"007"), Some(7));
        assert_eq!(parse_u64(b" +7"), Some(7));
        assert_eq!(parse_u64(b"-7"), None);
        assert_eq!(parse_u64(b"-07"), Some(7u64.wrapping_neg()));
        for bad in [&b""[..], b" ", b"+", b"7 ", b"x", b"7x"] {
            assert_eq!(parse_u64(bad), None);
        }
    }

    proptest! {
        #[test]
        fn parsing_reverses_printing(value: i64, shift in 0u32..64) {
            let value = value >> shift;
            let text = value.to_string();
            prop_assert_eq!(parse_i64(text.as_bytes()), Some(value));
            prop_assert_eq!(len_i64(value), text.len());
        }

        #[test]
        fn whatever_parses_prints_the_same(text in "[-0-9]{0,21}") {
            if let Some(value) = parse_i64(text.as_bytes()) {
                prop_assert_eq!(value.to_string(), text);
            }
        }
    }
}
