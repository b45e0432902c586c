//! Bit kernels of the bitmap commands: counting, searching, combining, integers of any width.
//!
//! Bit 0 is the most significant bit of the first byte, so a string is read left to right and an
//! integer field is big-endian whatever its alignment:
//!
//! ```text
//! offset    0       8        a field of 5 bits with the value 23 at offset 7
//!           00000001|01110000
//! ```
//!
//! Offsets count bits in a `u64`, ranges are half-open. Bits behind the end of a string read
//! as 0; nothing here grows a string.

mod combine;
mod field;
mod lcs;
mod scan;

pub use combine::{BitOp, combine};
pub use field::{FieldType, Overflow, Stored};
pub use lcs::{Lcs, Match, lcs, lcs_len};
pub use scan::{count_ones, count_ones_in, find_bit, find_bit_in};

/// The bit at `offset`; false behind the end.
#[inline]
pub fn get_bit(data: &[u8], offset: u64) -> bool {
    usize::try_from(offset >> 3).ok().and_then(|at| data.get(at)).is_some_and(|byte| byte & mask(offset) != 0)
}

/// Sets the bit at `offset`, which must be inside, and gives the old one.
#[inline]
pub fn set_bit(data: &mut [u8], offset: u64, on: bool) -> bool {
    let byte = &mut data[(offset >> 3) as usize];
    let old = *byte & mask(offset) != 0;
    *byte = if on { *byte | mask(offset) } else { *byte & !mask(offset) };
    old
}

fn mask(offset: u64) -> u8 {
    0x80 >> (offset & 7)
}

#[cfg(test)]
mod tests;
