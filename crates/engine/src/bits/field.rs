//! BITFIELD: integers of 1 to 64 bits at any bit offset, with three ways to treat overflow.
//!
//! Unsigned fields have at most 63 bits, since replies are signed 64-bit integers. Values travel
//! as `i64`; an unsigned field stores the low bits of it.

/// Signedness and width of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldType {
    /// Two's complement if set.
    pub signed: bool,
    /// Width: 1 to 64 if signed, else 1 to 63.
    pub bits: u32,
}

/// What happens to a value that does not fit its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Overflow {
    /// Keep the low bits.
    #[default]
    Wrap,
    /// Store the nearest value that fits.
    Saturate,
    /// Store nothing.
    Fail,
}

/// What a SET or INCRBY found and left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The value before.
    pub old: i64,
    /// The value after.
    pub new: i64,
}

impl FieldType {
    /// Parses `i8`, `u63` and the like.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (&kind, width) = text.split_first()?;
        let signed = match kind {
            b'i' => true,
            b'u' => false,
            _ => return None,
        };
        let limit = if signed { 64 } else { 63 };
        let bits = crate::text::parse_i64(width).filter(|bits| (1..=limit).contains(bits))?;
        Some(Self { signed, bits: bits as u32 })
    }

    /// Reads the field at bit `offset`; bits behind the end of `data` are 0.
    pub fn get(self, data: &[u8], offset: u64) -> i64 {
        let raw = read(data, offset, self.bits);
        if self.signed { sign_extend(raw, self.bits) } else { raw as i64 }
    }

    /// Stores `value` at bit `offset`, which must be inside `data`. `None` if it does not fit
    /// and `overflow` says to fail.
    pub fn set(self, data: &mut [u8], offset: u64, value: i64, overflow: Overflow) -> Option<Stored> {
        let old = self.get(data, offset);
        // A negative value counts as a huge one in an unsigned field, as in Redis.
        let mut exact = if self.signed { i128::from(value) } else { i128::from(value as u64) };
        // A value so low that its distance to the upper end passes 63 bits counts as too high in Redis
        // (bitops.c: checkSignedBitfieldOverflow).
        let (_, max) = self.limits();
        if overflow == Overflow::Saturate && self.bits < 64 && max - exact > i128::from(i64::MAX) {
            exact = max;
        }
        self.store(data, offset, old, exact, overflow)
    }

    /// Adds `increment` to the field at bit `offset`, which must be inside `data`.
    pub fn increment(
        self,
        data: &mut [u8],
        offset: u64,
        increment: i64,
        overflow: Overflow,
    ) -> Option<Stored> {
        let old = self.get(data, offset);
        self.store(data, offset, old, i128::from(old) + i128::from(increment), overflow)
    }

    fn store(
        self,
        data: &mut [u8],
        offset: u64,
        old: i64,
        exact: i128,
        overflow: Overflow,
    ) -> Option<Stored> {
        let (min, max) = self.limits();
        let fits = (min..=max).contains(&exact);
        let new = match overflow {
            _ if fits => exact as i64,
            Overflow::Fail => return None,
            Overflow::Saturate => exact.clamp(min, max) as i64,
            Overflow::Wrap if self.signed => sign_extend(exact as u64 & low_mask(self.bits), self.bits),
            Overflow::Wrap => (exact as u64 & low_mask(self.bits)) as i64,
        };
        write(data, offset, self.bits, new as u64);
        Some(Stored { old, new })
    }

    fn limits(self) -> (i128, i128) {
        if self.signed {
            let half = 1i128 << (self.bits - 1);
            (-half, half - 1)
        } else {
            (0, (1i128 << self.bits) - 1)
        }
    }
}

fn low_mask(bits: u32) -> u64 {
    u64::MAX >> (64 - bits)
}

fn sign_extend(raw: u64, bits: u32) -> i64 {
    let unused = 64 - bits;
    (raw << unused) as i64 >> unused
}

/// A field touches at most nine bytes: 64 bits and 7 in front.
const WINDOW: usize = 9;

fn read(data: &[u8], offset: u64, bits: u32) -> u64 {
    let mut window = [0; 16];
    if let Some(tail) = usize::try_from(offset >> 3).ok().and_then(|start| data.get(start..)) {
        let len = tail.len().min(WINDOW);
        window[..len].copy_from_slice(&tail[..len]);
    }
    let shifted = u128::from_be_bytes(window) << (offset & 7);
    (shifted >> (128 - bits)) as u64
}

fn write(data: &mut [u8], offset: u64, bits: u32, value: u64) {
    let tail = &mut data[(offset >> 3) as usize..];
    let len = tail.len().min(WINDOW);
    let mut window = [0; 16];
    window[..len].copy_from_slice(&tail[..len]);
    let shift = 128 - bits - (offset & 7) as u32;
    let mask = u128::from(low_mask(bits)) << shift;
    let value = u128::from(value) << shift & mask;
    let merged = u128::from_be_bytes(window) & !mask | value;
    tail[..len].copy_from_slice(&merged.to_be_bytes()[..len]);
}
