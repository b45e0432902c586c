//! The 80-bit floats of the x87, in software.
//!
//! INCRBYFLOAT, HINCRBYFLOAT and a few replies calculate in C's `long double`, which on the
//! machines where Redis runs has a mantissa of 64 bits. Doubles give other digits (`0.1 + 0.2`
//! must answer `0.3`), so the three operations needed are done here exactly:
//!
//! - reading, rounded to nearest even (`strtold`);
//! - addition, rounded likewise;
//! - printing as `%.17Lf` without trailing zeros, never with an exponent (util.c `ld2string`
//!   in its "human" mode).
//!
//! A finite number is `mantissa * 2^exponent`; the mantissa has its top bit set unless the
//! exponent is the smallest one (subnormal) or the value is zero.

use super::big::Big;
use super::hex::{Binary, is_infinity, parse_exponent, parse_hex, split_sign};

/// A `long double` of 80 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extended {
    negative: bool,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Finite { mantissa: u64, exponent: i32 },
    Infinite,
    Nan,
}

/// Bits of the mantissa.
const PRECISION: u32 = 64;
/// The exponent of the smallest subnormal.
const MIN_EXPONENT: i32 = -16445;
/// The largest exponent of a mantissa of 64 bits: values end below 2^16384.
const MAX_EXPONENT: i32 = 16384 - 64;
/// Texts of this length or more are refused (`MAX_LONG_DOUBLE_CHARS`).
const MAX_TEXT_LEN: usize = 5 * 1024;
/// Digits behind the point in human output.
const FRACTION_DIGITS: usize = 17;
const FRACTION_SCALE: u64 = 10u64.pow(FRACTION_DIGITS as u32);

impl Extended {
    /// The number that the whole of `text` names, if Redis takes it for one.
    ///
    /// `inf` is a number here (adding it is refused later); NaN, blanks, overflow to infinity
    /// and underflow to zero are not.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() >= MAX_TEXT_LEN {
            return None;
        }
        let (negative, body) = split_sign(text);
        if is_infinity(body) {
            return Some(Self { negative, kind: Kind::Infinite });
        }
        let (binary, is_zero) = if let [b'0', b'x' | b'X', ..] = body {
            let binary = parse_hex(body)?;
            (binary, binary.mantissa == 0)
        } else {
            let decimal = Decimal::parse(body)?;
            (decimal.to_binary(), decimal.is_zero())
        };
        let value = Self::rounded(negative, binary);
        match value.kind {
            Kind::Finite { mantissa, .. } if mantissa != 0 || is_zero => Some(value),
            _ => None,
        }
    }

    /// Neither infinite nor NaN.
    pub fn is_finite(self) -> bool {
        matches!(self.kind, Kind::Finite { .. })
    }

    /// Appends the human form: up to 17 digits behind the point, no trailing zeros, no exponent.
    pub fn push_human(self, out: &mut Vec<u8>) {
        let (mantissa, exponent) = match self.kind {
            Kind::Finite { mantissa, exponent } => (mantissa, exponent),
            Kind::Infinite => {
                out.extend_from_slice(if self.negative { b"-inf" } else { b"inf" });
                return;
            }
            Kind::Nan => {
                out.extend_from_slice(if self.negative { b"-nan" } else { b"nan" });
                return;
            }
        };
        let start = out.len();
        if self.negative {
            out.push(b'-');
        }
        if exponent >= 0 {
            push_integer(out, mantissa, exponent);
        } else {
            push_fraction(out, mantissa, exponent.unsigned_abs());
        }
        if out[start..] == *b"-0" {
            out.remove(start);
        }
    }

    /// The human form on its own.
    pub fn to_human(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(24);
        self.push_human(&mut out);
        out
    }

    fn add_finite(self, other: Self) -> Self {
        let (high, low) = if self.exponent() >= other.exponent() { (self, other) } else { (other, self) };
        // One bit is left for the carry, 63 for the smaller number; what is shifted out of those
        // only matters as "not zero".
        let distance = (high.exponent() - low.exponent()).unsigned_abs();
        let large = u128::from(high.mantissa()) << 63;
        let small = u128::from(low.mantissa()) << 63;
        let shifted = small.checked_shr(distance).unwrap_or(0);
        let lost = if distance == 0 { 0 } else { small.wrapping_shl(128u32.saturating_sub(distance)) };
        let shifted = shifted | u128::from(lost != 0 || (distance >= 128 && small != 0));
        let (negative, mantissa) = if high.negative == low.negative {
            (high.negative, large + shifted)
        } else if large >= shifted {
            (high.negative, large - shifted)
        } else {
            (low.negative, shifted - large)
        };
        let negative = if mantissa == 0 { high.negative && low.negative } else { negative };
        Self::rounded(negative, Binary { mantissa, exponent: high.exponent() - 63, sticky: false })
    }

    fn rounded(negative: bool, binary: Binary) -> Self {
        let (mantissa, exponent) = binary.round(PRECISION, MIN_EXPONENT);
        let kind = if exponent > MAX_EXPONENT && mantissa != 0 {
            Kind::Infinite
        } else {
            Kind::Finite { mantissa, exponent }
        };
        Self { negative, kind }
    }

    fn mantissa(self) -> u64 {
        match self.kind {
            Kind::Finite { mantissa, .. } => mantissa,
            _ => 0,
        }
    }

    fn exponent(self) -> i32 {
        match self.kind {
            Kind::Finite { exponent, .. } => exponent,
            _ => 0,
        }
    }
}

impl std::ops::Add for Extended {
    type Output = Self;

    /// The sum, rounded to nearest even.
    fn add(self, other: Self) -> Self {
        match (self.kind, other.kind) {
            (Kind::Finite { .. }, Kind::Finite { .. }) => self.add_finite(other),
            (Kind::Infinite, Kind::Infinite) if self.negative != other.negative => {
                Self { negative: true, kind: Kind::Nan }
            }
            (Kind::Nan, _) | (Kind::Infinite, Kind::Finite { .. } | Kind::Infinite) => self,
            (_, _) => other,
        }
    }
}

impl From<i64> for Extended {
    fn from(value: i64) -> Self {
        let mantissa = u128::from(value.unsigned_abs());
        Self::rounded(value < 0, Binary { mantissa, exponent: 0, sticky: false })
    }
}

impl From<f64> for Extended {
    fn from(value: f64) -> Self {
        let negative = value.is_sign_negative();
        if value.is_nan() {
            return Self { negative, kind: Kind::Nan };
        }
        if value.is_infinite() {
            return Self { negative, kind: Kind::Infinite };
        }
        let bits = value.to_bits();
        let fraction = u128::from(bits & ((1 << 52) - 1));
        let (mantissa, exponent) = match (bits >> 52 & 0x7ff) as i32 {
            0 => (fraction, -1074),
            biased => (fraction | 1 << 52, biased - 1075),
        };
        Self::rounded(negative, Binary { mantissa, exponent, sticky: false })
    }
}

fn push_integer(out: &mut Vec<u8>, mantissa: u64, exponent: i32) {
    let mut big = Big::new(mantissa);
    big.shl(exponent.unsigned_abs());
    big.push_decimal(out);
}

/// Appends `mantissa / 2^shift` rounded to 17 digits behind the point, ties to even.
fn push_fraction(out: &mut Vec<u8>, mantissa: u64, shift: u32) {
    let (mut whole, fraction) =
        if shift < 64 { (mantissa >> shift, mantissa & ((1 << shift) - 1)) } else { (0, mantissa) };
    // 64 bits of fraction times 57 bits of scale: exact in 128 bits.
    let scaled = u128::from(fraction) * u128::from(FRACTION_SCALE);
    let mut digits = scaled.checked_shr(shift).unwrap_or(0) as u64;
    if shift <= 127 {
        let rest = scaled & ((1 << shift) - 1);
        let half = 1u128 << (shift - 1);
        digits += u64::from(rest > half || (rest == half && digits & 1 == 1));
    }
    if digits == FRACTION_SCALE {
        digits = 0;
        whole += 1;
    }
    out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
    if digits == 0 {
        return;
    }
    let mut padded = [b'0'; FRACTION_DIGITS];
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(digits).as_bytes();
    padded[FRACTION_DIGITS - text.len()..].copy_from_slice(text);
    let len = padded.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
    out.push(b'.');
    out.extend_from_slice(&padded[..len]);
}

/// A decimal text taken apart: `digits * 10^exponent`, where `digits` may contain one point that
/// does not count.
struct Decimal<'a> {
    digits: &'a [u8],
    exponent: i32,
}

impl<'a> Decimal<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let split = text.iter().position(|byte| matches!(byte, b'e' | b'E')).unwrap_or(text.len());
        let (mantissa, power) = text.split_at(split);
        let mut exponent = match power {
            [] => 0,
            [_, power @ ..] => parse_exponent(power)?,
        };
        let well_formed = mantissa.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.'));
        let points = mantissa.iter().filter(|&&byte| byte == b'.').count();
        if !well_formed || points > 1 || mantissa.len() == points {
            return None;
        }
        if let Some(point) = memchr::memchr(b'.', mantissa) {
            exponent -= (mantissa.len() - point - 1) as i32;
        }
        let first = mantissa.iter().position(|byte| matches!(byte, b'1'..=b'9'));
        Some(Self { digits: &mantissa[first.unwrap_or(mantissa.len())..], exponent })
    }

    fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    fn iter(&self) -> impl Iterator<Item = u8> + 'a {
        self.digits.iter().copied().filter(|&byte| byte != b'.')
    }

    fn to_binary(&self) -> Binary {
        let count = self.iter().count();
        // Far out of range: any value on the right side of all limits will do.
        let magnitude = self.exponent.saturating_add(count as i32);
        if self.is_zero() || magnitude < -5000 {
            return Binary { mantissa: 0, exponent: 0, sticky: false };
        }
        if magnitude > 5000 {
            return Binary { mantissa: 1, exponent: 20_000, sticky: false };
        }
        let small = if self.exponent < 0 { count <= 38 } else { count <= 19 };
        if small && self.exponent.unsigned_abs() <= 27 {
            self.to_binary_small()
        } else {
            self.to_binary_big()
        }
    }

    /// Digits that fit 128 bits (64 if they are to be multiplied) and a power of five that fits 64
    /// bits: no big integers. Whatever was printed before comes here.
    fn to_binary_small(&self) -> Binary {
        let digits = self.iter().fold(0u128, |value, byte| value * 10 + u128::from(byte - b'0'));
        let five = u128::from(5u64.pow(self.exponent.unsigned_abs()));
        if self.exponent >= 0 {
            return Binary { mantissa: digits * five, exponent: self.exponent, sticky: false };
        }
        // The dividend has 128 bits and the divisor at most 63: the quotient has over 64.
        let shift = digits.leading_zeros();
        let dividend = digits << shift;
        let mantissa = dividend / five;
        let sticky = dividend != mantissa * five;
        Binary { mantissa, exponent: self.exponent - shift as i32, sticky }
    }

    fn to_binary_big(&self) -> Binary {
        let mut digits = Big::from_digits(self.iter());
        if self.exponent >= 0 {
            digits.mul_pow5(self.exponent.unsigned_abs());
            let (mantissa, shift, sticky) = digits.top();
            return Binary { mantissa, exponent: self.exponent + shift as i32, sticky };
        }
        let mut divisor = Big::new(1);
        divisor.mul_pow5(self.exponent.unsigned_abs());
        let (mantissa, exponent, sticky) = digits.divide(divisor);
        Binary { mantissa, exponent: exponent + self.exponent, sticky }
    }
}

#[cfg(test)]
mod tests;
