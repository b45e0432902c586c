//! Just enough arithmetic on large unsigned integers to convert floats exactly.
//!
//! Only texts that 128 bits cannot hold come here: numbers with more than 19 digits or with
//! large exponents. Simple loops over 64-bit limbs are therefore good enough; the length of a
//! number text is bounded by the callers (5 KB), which bounds the work.

use std::cmp::Ordering;

/// An unsigned integer of any size: limbs from least to most significant, the last not zero.
#[derive(Clone, Debug)]
pub(super) struct Big {
    limbs: Vec<u64>,
}

/// The largest power of five in a limb, and its exponent.
const FIVE_POWER: (u64, u32) = (5u64.pow(27), 27);

/// The largest power of ten in a limb, and its exponent.
const TEN_POWER: (u64, usize) = (10u64.pow(19), 19);

impl Big {
    pub(super) fn new(value: u64) -> Self {
        let mut big = Self { limbs: vec![value] };
        big.trim();
        big
    }

    /// The integer that these ASCII digits name.
    pub(super) fn from_digits(digits: impl Iterator<Item = u8>) -> Self {
        let mut big = Self::new(0);
        for digit in digits {
            big.mul_add(10, u64::from(digit - b'0'));
        }
        big
    }

    pub(super) fn mul_add(&mut self, factor: u64, addend: u64) {
        let mut carry = u128::from(addend);
        for limb in &mut self.limbs {
            let wide = u128::from(*limb) * u128::from(factor) + carry;
            *limb = wide as u64;
            carry = wide >> 64;
        }
        if carry != 0 {
            self.limbs.push(carry as u64);
        }
    }

    pub(super) fn mul_pow5(&mut self, mut exponent: u32) {
        while exponent >= FIVE_POWER.1 {
            self.mul_add(FIVE_POWER.0, 0);
            exponent -= FIVE_POWER.1;
        }
        self.mul_add(5u64.pow(exponent), 0);
    }

    pub(super) fn shl(&mut self, bits: u32) {
        let small = bits % 64;
        if small != 0 {
            self.mul_add(1 << small, 0);
        }
        let whole = (bits / 64) as usize;
        if !self.limbs.is_empty() {
            self.limbs.splice(0..0, std::iter::repeat_n(0, whole));
        }
    }

    pub(super) fn bit_len(&self) -> u32 {
        match self.limbs.last() {
            Some(top) => self.limbs.len() as u32 * 64 - top.leading_zeros(),
            None => 0,
        }
    }

    /// The topmost 128 bits `m`, how far they are shifted down, and whether bits below are set:
    /// the value is `m << shift` plus, if set, something smaller than `1 << shift`.
    pub(super) fn top(&self) -> (u128, u32, bool) {
        let limb = |index: usize| self.limbs.get(index).copied().map_or(0u128, u128::from);
        let count = self.limbs.len();
        if count <= 2 {
            return (limb(1) << 64 | limb(0), 0, false);
        }
        // Three limbs hold at least 129 bits; keep the upper two and a sticky rest.
        let rest = self.limbs[..count - 2].iter().any(|&limb| limb != 0);
        (limb(count - 1) << 64 | limb(count - 2), (count as u32 - 2) * 64, rest)
    }

    /// `self / divisor` to 67 bits: the quotient `q`, an exponent and whether a rest is left, so
    /// that the value is `q * 2^exponent` plus, if a rest is left, less than `2^exponent`.
    pub(super) fn divide(mut self, mut divisor: Self) -> (u128, i32, bool) {
        const BITS: i32 = 67;
        let shift = self.bit_len() as i32 - divisor.bit_len() as i32;
        if shift < 0 {
            self.shl(shift.unsigned_abs());
        } else {
            divisor.shl(shift.unsigned_abs());
        }
        let mut quotient = 0u128;
        for _ in 0..BITS {
            quotient <<= 1;
            if self.cmp(&divisor) != Ordering::Less {
                self.sub(&divisor);
                quotient |= 1;
            }
            self.shl(1);
        }
        (quotient, shift - (BITS - 1), !self.limbs.is_empty())
    }

    /// Appends the decimal text.
    pub(super) fn push_decimal(mut self, out: &mut Vec<u8>) {
        let mut groups = Vec::new();
        while !self.limbs.is_empty() {
            groups.push(self.div_rem(TEN_POWER.0));
        }
        let mut groups = groups.into_iter().rev();
        let first = groups.next().unwrap_or(0);
        out.extend_from_slice(itoa::Buffer::new().format(first).as_bytes());
        for group in groups {
            let mut buffer = itoa::Buffer::new();
            let digits = buffer.format(group).as_bytes();
            out.extend(std::iter::repeat_n(b'0', TEN_POWER.1 - digits.len()));
            out.extend_from_slice(digits);
        }
    }

    fn div_rem(&mut self, divisor: u64) -> u64 {
        let mut rest = 0u128;
        for limb in self.limbs.iter_mut().rev() {
            let wide = rest << 64 | u128::from(*limb);
            *limb = (wide / u128::from(divisor)) as u64;
            rest = wide % u128::from(divisor);
        }
        self.trim();
        rest as u64
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let by_length = self.limbs.len().cmp(&other.limbs.len());
        by_length.then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev()))
    }

    /// Subtracts `other`, which is not larger.
    fn sub(&mut self, other: &Self) {
        let mut borrow = false;
        for (index, limb) in self.limbs.iter_mut().enumerate() {
            let taken = other.limbs.get(index).copied().unwrap_or(0);
            let (value, first) = limb.overflowing_sub(taken);
            let (value, second) = value.overflowing_sub(u64::from(borrow));
            *limb = value;
            borrow = first || second;
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
    }
}
