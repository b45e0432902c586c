//! Doubles as Redis reads and prints them.
//!
//! *Reading* follows C's `strtod` on the whole text (util.c `string2d`): decimal and hexadecimal
//! floats, `inf` and `infinity` with sign and in any case, no NaN, no blanks, no overflow to
//! infinity and no underflow to zero. Subnormal results are fine.
//!
//! *Printing* changed between versions, in replies and in scores kept as text:
//! up to 7.0 the 17 significant digits of `%.17g`, since 7.2 the fewest digits that read back
//! as the same double (room `shortest`). Both forms print integral values as integers where Redis does.
//! Texts are made in a small buffer on the stack.

use crate::level::Level;
use std::io::Write;

use super::hex::{is_infinity, parse_hex, split_sign};
use super::shortest::shortest_digits;

/// How doubles are printed; a matter of the compatibility level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoubleStyle {
    /// `%.17g`: up to 7.0.
    Digits17,
    /// The shortest text that reads back the same: since 7.2.
    Shortest,
}

impl DoubleStyle {
    /// The style of a level.
    pub fn at(level: Level) -> Self {
        if level >= Level::V7_2 { DoubleStyle::Shortest } else { DoubleStyle::Digits17 }
    }
}

/// The text of a double.
#[derive(Clone, Copy)]
pub struct DoubleText {
    bytes: [u8; DoubleText::CAPACITY],
    len: u8,
}

/// The double that the whole of `text` names, if Redis takes it for one.
#[inline]
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    match small_integer(text) {
        Some(value) => Some(value),
        None => parse_general(text),
    }
}

/// Scores are integers most of the time: up to 15 plain digits are exact in a double.
#[inline]
fn small_integer(text: &[u8]) -> Option<f64> {
    if text.is_empty() || text.len() > 15 {
        return None;
    }
    let mut value = 0i64;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(value as f64)
}

fn parse_general(text: &[u8]) -> Option<f64> {
    let (negative, body) = split_sign(text);
    let magnitude = match body {
        [b'0'..=b'9' | b'.', ..] => parse_magnitude(body)?,
        _ if is_infinity(body) => f64::INFINITY,
        _ => return None,
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// The number that SORT takes a text for: as [`parse_f64`], but blanks in front and the empty
/// text (0) are fine, and the text ends with a zero byte if there is one.
pub fn parse_f64_prefix(text: &[u8]) -> Option<f64> {
    let text = &text[..memchr::memchr(0, text).unwrap_or(text.len())];
    if text.is_empty() {
        return Some(0.0);
    }
    let start = text.iter().position(|&byte| !super::integer::is_c_space(byte))?;
    parse_f64(&text[start..])
}

/// Parses digits; overflow to infinity and underflow to zero are errors.
fn parse_magnitude(text: &[u8]) -> Option<f64> {
    let (value, is_zero) = if let [b'0', b'x' | b'X', ..] = text {
        let binary = parse_hex(text)?;
        (from_parts(binary.round(53, MIN_EXPONENT)), binary.mantissa == 0)
    } else {
        let value = std::str::from_utf8(text).ok()?.parse::<f64>().ok()?;
        let mantissa = text.split(|byte| matches!(byte, b'e' | b'E')).next().unwrap_or(text);
        (value, value == 0.0 && !mantissa.iter().any(|byte| matches!(byte, b'1'..=b'9')))
    };
    (value.is_finite() && (value != 0.0 || is_zero)).then_some(value)
}

/// The exponent of the smallest subnormal double.
const MIN_EXPONENT: i32 = -1074;

/// Makes `mantissa * 2^exponent` of a mantissa of 53 bits, or fewer at the smallest exponent.
fn from_parts((mantissa, exponent): (u64, i32)) -> f64 {
    const HIDDEN: u64 = 1 << 52;
    if mantissa < HIDDEN {
        return f64::from_bits(mantissa);
    }
    let biased = i64::from(exponent) - i64::from(MIN_EXPONENT) + 1;
    if biased >= 2047 {
        return f64::INFINITY;
    }
    f64::from_bits((biased as u64) << 52 | (mantissa & (HIDDEN - 1)))
}

impl DoubleText {
    const CAPACITY: usize = 40;

    /// The text of a double in a reply (networking.c `addReplyDouble`).
    ///
    /// The two styles differ beyond the number of digits: up to 7.0 large integral values were
    /// printed with an exponent too, e.g. `1e+17`.
    pub fn reply(value: f64, style: DoubleStyle) -> Self {
        match style {
            DoubleStyle::Digits17 if value.is_finite() => Self::general17(value),
            _ => Self::score(value, style),
        }
    }

    /// The text of a score where it is stored or logged (util.c `d2string`).
    pub fn score(value: f64, style: DoubleStyle) -> Self {
        if value.is_nan() {
            return Self::of(b"nan");
        }
        if value.is_infinite() {
            return Self::of(if value < 0.0 { b"-inf" } else { b"inf" });
        }
        if value == 0.0 {
            return Self::of(if value.is_sign_negative() { b"-0" } else { b"0" });
        }
        if let Some(integer) = as_i64(value) {
            return Self::of(itoa::Buffer::new().format(integer).as_bytes());
        }
        match style {
            DoubleStyle::Digits17 => Self::general17(value),
            DoubleStyle::Shortest => Self::shortest(value),
        }
    }

    /// The bytes of the text.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// C's `%.17g` of a finite number: 17 significant digits, no trailing zeros, an exponent
    /// below -4 and from 17 on.
    fn general17(value: f64) -> Self {
        if value == 0.0 {
            return Self::of(if value.is_sign_negative() { b"-0" } else { b"0" });
        }
        let scientific = Self::format(format_args!("{:.16e}", value.abs()));
        let mut decimal = Decimal::split(scientific.as_bytes());
        decimal.strip_zeros();
        let mut text = Self::signed(value);
        if decimal.exponent < -4 || decimal.exponent >= 17 {
            text.push_scientific(&decimal, 2);
        } else {
            text.push_plain(&decimal);
        }
        text
    }

    /// The shortest digits, laid out as fpconv's `emit_digits` does.
    fn shortest(value: f64) -> Self {
        let shortest = shortest_digits(value.abs());
        let decimal = Decimal::of(shortest.as_bytes(), shortest.exponent);
        let mut text = Self::signed(value);
        let plain_integer = (0..8).contains(&shortest.exponent);
        let plain_fraction = shortest.exponent < 0 && (shortest.exponent > -7 || decimal.exponent.abs() < 4);
        if plain_integer || plain_fraction {
            text.push_plain(&decimal);
        } else {
            text.push_scientific(&decimal, 1);
        }
        text
    }

    fn of(bytes: &[u8]) -> Self {
        let mut text = Self { bytes: [0; Self::CAPACITY], len: 0 };
        text.push(bytes);
        text
    }

    fn signed(value: f64) -> Self {
        Self::of(if value.is_sign_negative() { b"-" } else { b"" })
    }

    fn format(arguments: std::fmt::Arguments<'_>) -> Self {
        let mut text = Self::of(b"");
        let mut rest = &mut text.bytes[..];
        // The longest scientific text has 24 bytes: it always fits.
        let fits = rest.write_fmt(arguments).is_ok();
        debug_assert!(fits, "a double in scientific form fits its buffer");
        text.len = (Self::CAPACITY - rest.len()) as u8;
        text
    }

    fn push(&mut self, bytes: &[u8]) {
        let start = usize::from(self.len);
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len() as u8;
    }

    fn push_zeros(&mut self, count: usize) {
        self.push(&[b'0'; Self::CAPACITY][..count]);
    }

    /// `d.ddde+xx` with at least `width` digits of exponent.
    fn push_scientific(&mut self, decimal: &Decimal, width: usize) {
        let (first, rest) = decimal.digits().split_at(1);
        self.push(first);
        if !rest.is_empty() {
            self.push(b".");
            self.push(rest);
        }
        self.push(if decimal.exponent < 0 { b"e-" } else { b"e+" });
        let mut buffer = itoa::Buffer::new();
        let exponent = buffer.format(decimal.exponent.unsigned_abs()).as_bytes();
        self.push_zeros(width.saturating_sub(exponent.len()));
        self.push(exponent);
    }

    /// Plain notation with the point where the exponent says.
    fn push_plain(&mut self, decimal: &Decimal) {
        let digits = decimal.digits();
        let point = decimal.exponent + 1;
        if point <= 0 {
            self.push(b"0.");
            self.push_zeros(point.unsigned_abs() as usize);
            self.push(digits);
        } else if point as usize >= digits.len() {
            self.push(digits);
            self.push_zeros(point as usize - digits.len());
        } else {
            let (whole, fraction) = digits.split_at(point as usize);
            self.push(whole);
            self.push(b".");
            self.push(fraction);
        }
    }
}

/// The integer equal to `value`, if there is one and it is well inside 64 bits (`double2ll`).
#[inline]
pub fn as_i64(value: f64) -> Option<i64> {
    let limit = (i64::MAX / 2) as f64;
    if !(-limit..=limit).contains(&value) {
        return None;
    }
    let integer = value as i64;
    (integer as f64 == value).then_some(integer)
}

/// Significant digits and the power of ten of the first one.
struct Decimal {
    digits: [u8; 20],
    count: usize,
    exponent: i32,
}

impl Decimal {
    /// Takes apart what Rust's `{:e}` prints of a positive number.
    fn split(text: &[u8]) -> Self {
        let mut decimal = Self { digits: [0; 20], count: 0, exponent: 0 };
        let mark = memchr::memchr(b'e', text).unwrap_or(text.len());
        for &byte in text[..mark].iter().filter(|&&byte| byte != b'.') {
            decimal.digits[decimal.count] = byte;
            decimal.count += 1;
        }
        let exponent = text.get(mark + 1..).unwrap_or(b"");
        decimal.exponent = super::hex::parse_exponent(exponent).unwrap_or(0);
        decimal
    }

    /// Digits whose last one stands for this power of ten.
    fn of(text: &[u8], last: i32) -> Self {
        let mut digits = [0; 20];
        digits[..text.len()].copy_from_slice(text);
        Self { digits, count: text.len(), exponent: last + text.len() as i32 - 1 }
    }

    fn digits(&self) -> &[u8] {
        &self.digits[..self.count]
    }

    fn strip_zeros(&mut self) {
        while self.count > 1 && self.digits[self.count - 1] == b'0' {
            self.count -= 1;
        }
    }
}

/// Appends `value` with `digits` digits (1 to 17) behind the point, as distances are printed.
///
/// Up to 7.0 that is C's `%.4f`. Since 7.2 the value is scaled in floating point first and then
/// rounded to even (util.c `fixedpoint_d2string`), which may differ in the last digit, and a
/// negative number that rounds to zero loses its sign.
pub fn push_fixed(out: &mut Vec<u8>, value: f64, digits: usize, style: DoubleStyle) {
    if style == DoubleStyle::Digits17 {
        // Writing to a Vec cannot fail.
        let _ = write!(out, "{value:.digits$}");
        return;
    }
    let scaled = (value * 10f64.powi(digits as i32)).round_ties_even() as i64;
    if scaled < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(scaled.unsigned_abs()).as_bytes();
    let mut padded = [b'0'; 40];
    let start = padded.len() - text.len();
    padded[start..].copy_from_slice(text);
    let point = padded.len() - digits;
    out.extend_from_slice(&padded[start.min(point - 1)..point]);
    out.push(b'.');
    out.extend_from_slice(&padded[point..]);
}

impl std::fmt::Debug for DoubleText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests;
