//! Registers of six bits, packed from the least significant bit of the first byte on.
//!
//! ```text
//! byte 0    byte 1    byte 2
//! 11000000  22221111  33333322      register 0 is the low six bits of byte 0
//! ```

use super::{MAX_RANK, REGISTERS};

const BITS: usize = 6;
/// The bytes all registers take.
pub(super) const BYTES: usize = REGISTERS * BITS / 8;

/// The value of a register.
pub(super) fn get(registers: &[u8], index: usize) -> u8 {
    let (byte, shift) = (index * BITS / 8, index * BITS % 8);
    let low = registers[byte] >> shift;
    // A register that starts in the upper five bits goes on in the next byte.
    let high = if shift > 2 { registers[byte + 1] << (8 - shift) } else { 0 };
    (low | high) & MAX_RANK
}

/// Sets a register.
pub(super) fn set(registers: &mut [u8], index: usize, rank: u8) {
    let (byte, shift) = (index * BITS / 8, index * BITS % 8);
    registers[byte] = registers[byte] & !(MAX_RANK << shift) | rank << shift;
    if shift > 2 {
        registers[byte + 1] = registers[byte + 1] & !(MAX_RANK >> (8 - shift)) | rank >> (8 - shift);
    }
}

/// Sets a register if it is lower; true when it was.
pub(super) fn raise(registers: &mut [u8], index: usize, rank: u8) -> bool {
    let lower = get(registers, index) < rank;
    if lower {
        set(registers, index, rank);
    }
    lower
}

/// Counts the registers of each value.
pub(super) fn histogram(registers: &[u8], histogram: &mut [u32; 64]) {
    for four in registers.chunks_exact(3) {
        let mut bits = u32::from_le_bytes([four[0], four[1], four[2], 0]);
        for _ in 0..4 {
            histogram[(bits & 63) as usize] += 1;
            bits >>= BITS;
        }
    }
}
