//! The fewest digits that read back as the same double: Grisu2 (Florian Loitsch, "Printing
//! floating-point numbers quickly and accurately with integers", 2010).
//!
//! Since 7.2 Redis prints doubles by this algorithm, and its flaws are part of the texts: about
//! two in a thousand numbers with a fraction get a digit more than the very shortest text has
//! (`2.9489899999999998`, not `2.94899`). Reproducing them needs the same intermediate rounding,
//! hence no library.
//!
//! The idea: the value `w` and the middles to its neighbours are multiplied by a power of ten, kept
//! as a rounded 64-bit number, so that the product has its binary point inside a word. Digits of
//! the upper bound are produced until what is left is smaller than the distance to the lower
//! bound; then the last digit is lowered while that brings the text closer to `w`.

use std::sync::LazyLock;

use super::big::Big;
use super::hex::Binary;

/// Digits and the power of ten of the last one: the value is `digits * 10^exponent`.
pub(super) struct Digits {
    bytes: [u8; 20],
    count: usize,
    pub(super) exponent: i32,
}

impl Digits {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.count]
    }

    fn push(&mut self, digit: u64) {
        // Leading zeros do not count.
        if digit != 0 || self.count != 0 {
            self.bytes[self.count] = b'0' + digit as u8;
            self.count += 1;
        }
    }
}

/// A float with a mantissa of 64 bits: `mantissa * 2^exponent`.
#[derive(Clone, Copy)]
struct Float {
    mantissa: u64,
    exponent: i32,
}

impl Float {
    fn normalized(mantissa: u64, exponent: i32) -> Self {
        let zeros = mantissa.leading_zeros();
        Self { mantissa: mantissa << zeros, exponent: exponent - zeros as i32 }
    }

    /// The product, its mantissa rounded to 64 bits.
    fn times(self, other: Self) -> Self {
        let product = u128::from(self.mantissa) * u128::from(other.mantissa);
        let rounded = (product + (1 << 63)) >> 64;
        Self { mantissa: rounded as u64, exponent: self.exponent + other.exponent + 64 }
    }
}

/// The digits of a positive, finite `value`.
pub(super) fn shortest_digits(value: f64) -> Digits {
    const HIDDEN: u64 = 1 << 52;
    let bits = value.to_bits();
    let (fraction, biased) = (bits & (HIDDEN - 1), (bits >> 52 & 0x7ff) as i32);
    let (mantissa, exponent) =
        if biased == 0 { (fraction, -1074) } else { (fraction | HIDDEN, biased - 1075) };
    // Below a power of two the neighbour is only half as far.
    let lower_shift = if mantissa == HIDDEN { 2 } else { 1 };
    let upper = Float::normalized((mantissa << 1) + 1, exponent - 1);
    let lower = ((mantissa << lower_shift) - 1) << (exponent - lower_shift - upper.exponent);
    let lower = Float { mantissa: lower, exponent: upper.exponent };

    let (power, ten_exponent) = cached_power(upper.exponent);
    let middle = Float::normalized(mantissa, exponent).times(power);
    let mut upper = upper.times(power);
    let mut lower = lower.times(power);
    // The products are off by at most one: keep to the safe side of both bounds.
    lower.mantissa += 1;
    upper.mantissa -= 1;
    generate(middle, upper, lower, ten_exponent)
}

fn generate(middle: Float, upper: Float, lower: Float, ten_exponent: i32) -> Digits {
    let mut digits = Digits { bytes: [0; 20], count: 0, exponent: ten_exponent };
    let point = upper.exponent.unsigned_abs();
    let one = 1u64 << point;
    let mut target = upper.mantissa - middle.mantissa;
    let mut delta = upper.mantissa - lower.mantissa;
    let mut whole = upper.mantissa >> point;
    let mut rest = upper.mantissa & (one - 1);
    for place in (0..10).rev() {
        let unit = 10u64.pow(place);
        digits.push(whole / unit);
        whole %= unit;
        let left = (whole << point) + rest;
        if left <= delta {
            digits.exponent += place as i32;
            round_last(&mut digits, delta, left, unit << point, target);
            return digits;
        }
    }
    loop {
        rest *= 10;
        delta *= 10;
        target = target.wrapping_mul(10);
        digits.exponent -= 1;
        digits.push(rest >> point);
        rest &= one - 1;
        if rest < delta {
            round_last(&mut digits, delta, rest, one, target);
            return digits;
        }
    }
}

/// Lowers the last digit while that brings the text closer to the value, which lies `target`
/// below the upper bound; `left` is how far below it the digits are now.
fn round_last(digits: &mut Digits, delta: u64, mut left: u64, unit: u64, target: u64) {
    while left < target
        && delta - left >= unit
        && (left + unit < target || target - left > left + unit - target)
    {
        digits.bytes[digits.count - 1] -= 1;
        left += unit;
    }
}

const FIRST_POWER: i32 = -348;
const POWER_STEP: i32 = 8;
const POWERS: usize = 87;

/// The powers of ten from -348 to 340 in steps of eight, each rounded to 64 bits.
static POWER_TABLE: LazyLock<[Float; POWERS]> =
    LazyLock::new(|| std::array::from_fn(|index| power_of_ten(FIRST_POWER + POWER_STEP * index as i32)));

fn power_of_ten(exponent: i32) -> Float {
    let mut five = Big::new(1);
    five.mul_pow5(exponent.unsigned_abs());
    let (mantissa, shift, sticky) = if exponent >= 0 {
        let (top, shift, sticky) = five.top();
        (top, shift as i32, sticky)
    } else {
        Big::new(1).divide(five)
    };
    let binary = Binary { mantissa, exponent: shift + exponent, sticky };
    let (mantissa, exponent) = binary.round(64, i32::MIN / 2);
    Float { mantissa, exponent }
}

/// A power of ten that takes a float of this exponent to one between -60 and -32, and minus its
/// own exponent: the power of ten of the result's unit.
fn cached_power(exponent: i32) -> (Float, i32) {
    const LOG10_2: f64 = 0.30102999566398114;
    let approximate = (-f64::from(exponent + POWERS as i32) * LOG10_2) as i32;
    let mut index = (approximate - FIRST_POWER) / POWER_STEP;
    loop {
        let power = POWER_TABLE[index as usize];
        let reached = exponent + power.exponent + 64;
        if reached < -60 {
            index += 1;
        } else if reached > -32 {
            index -= 1;
        } else {
            return (power, -(FIRST_POWER + index * POWER_STEP));
        }
    }
}
