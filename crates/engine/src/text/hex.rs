//! Hexadecimal floats (`0x1.8p3`), which C's number parsers accept and hence Redis too.

use super::eq_ignore_case;

/// A binary float of more bits than any target has: `(mantissa + rest) * 2^exponent`, where the
/// rest is below 1 and only known to be zero or not (`sticky`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Binary {
    pub mantissa: u128,
    pub exponent: i32,
    pub sticky: bool,
}

/// Splits a C sign off `text`: whether it is negative, and what follows.
pub(super) fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// Whether an unsigned text names infinity.
pub(super) fn is_infinity(text: &[u8]) -> bool {
    eq_ignore_case(text, b"inf") || eq_ignore_case(text, b"infinity")
}

/// Parses an unsigned hexadecimal float. `None` if the text is anything else.
pub(super) fn parse_hex(text: &[u8]) -> Option<Binary> {
    let [b'0', b'x' | b'X', body @ ..] = text else { return None };
    let split = body.iter().position(|byte| matches!(byte, b'p' | b'P')).unwrap_or(body.len());
    let (digits, power) = body.split_at(split);
    let mut result = parse_hex_digits(digits)?;
    if let [_, power @ ..] = power {
        let power = parse_exponent(power)?;
        result.exponent = result.exponent.saturating_add(power).clamp(-EXPONENT_LIMIT, EXPONENT_LIMIT);
    }
    Some(result)
}

/// Beyond every float of 80 bits, and far from overflowing an `i32` when added to.
const EXPONENT_LIMIT: i32 = 100_000_000;

fn parse_hex_digits(digits: &[u8]) -> Option<Binary> {
    let mut result = Binary { mantissa: 0, exponent: 0, sticky: false };
    let (mut seen, mut behind_point) = (false, false);
    for &byte in digits {
        if byte == b'.' {
            if behind_point {
                return None;
            }
            behind_point = true;
            continue;
        }
        let digit = (byte as char).to_digit(16)?;
        seen = true;
        if result.mantissa >> 124 == 0 {
            result.mantissa = result.mantissa << 4 | u128::from(digit);
            result.exponent -= if behind_point { 4 } else { 0 };
        } else {
            result.sticky |= digit != 0;
            result.exponent = result.exponent.saturating_add(if behind_point { 0 } else { 4 });
        }
    }
    seen.then_some(result)
}

/// Parses the decimal exponent behind `e` or `p`; huge ones are capped, not refused.
pub(super) fn parse_exponent(text: &[u8]) -> Option<i32> {
    let (negative, digits) = split_sign(text);
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i32;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = (value * 10 + i32::from(byte - b'0')).min(EXPONENT_LIMIT);
    }
    Some(if negative { -value } else { value })
}

impl Binary {
    /// Rounds to `precision` bits (at most 64), to nearest and to even on a tie, with no exponent
    /// below `min_exponent`: gives mantissa and exponent. The mantissa has `precision` bits unless
    /// the number is subnormal or zero.
    pub(super) fn round(self, precision: u32, min_exponent: i32) -> (u64, i32) {
        if self.mantissa == 0 && !self.sticky {
            return (0, min_exponent);
        }
        // Make room for the bits below the target precision, so that no digit is invented.
        let zeros = self.mantissa.leading_zeros().min(127);
        let wide = self.mantissa << zeros;
        let exponent = self.exponent.saturating_sub(zeros as i32);
        let target = (exponent + (128 - precision as i32)).max(min_exponent);
        let shift = (target - exponent).unsigned_abs();
        if shift > 128 {
            return (0, min_exponent);
        }
        let kept = wide.checked_shr(shift).unwrap_or(0);
        let half = 1u128 << (shift - 1);
        let lost = if shift == 128 { wide } else { wide & ((1u128 << shift) - 1) };
        let up = lost > half || (lost == half && (self.sticky || kept & 1 == 1));
        let rounded = kept + u128::from(up);
        if rounded >> precision != 0 {
            return ((rounded >> 1) as u64, target + 1);
        }
        (rounded as u64, target)
    }
}
