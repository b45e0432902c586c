//! Registers of one byte each, for unions of several values.

use super::{Corrupt, Encoding, REGISTERS, dense, encoding, estimate, invalidate, raise, sparse, to_dense};
use super::{DENSE_BYTES, HEADER};

/// The union of some values.
pub struct Registers {
    ranks: Box<[u8; REGISTERS]>,
    /// One of the values was dense.
    any_dense: bool,
}

impl Default for Registers {
    fn default() -> Self {
        Self::new()
    }
}

impl Registers {
    /// The union of nothing.
    pub fn new() -> Self {
        Registers { ranks: Box::new([0; REGISTERS]), any_dense: false }
    }

    /// Takes a checked value in.
    pub fn merge(&mut self, value: &[u8]) -> Result<(), Corrupt> {
        match encoding(value) {
            Encoding::Dense => {
                self.any_dense = true;
                self.merge_dense(&value[HEADER..DENSE_BYTES]);
                Ok(())
            }
            Encoding::Sparse => sparse::for_each_run(&value[HEADER..], |first, len, rank| {
                for own in &mut self.ranks[first..first + len] {
                    *own = rank.max(*own);
                }
            }),
        }
    }

    fn merge_dense(&mut self, registers: &[u8]) {
        for (own, four) in self.ranks.chunks_exact_mut(4).zip(registers.chunks_exact(3)) {
            let bits = u32::from_le_bytes([four[0], four[1], four[2], 0]);
            own[0] = own[0].max((bits & 63) as u8);
            own[1] = own[1].max((bits >> 6 & 63) as u8);
            own[2] = own[2].max((bits >> 12 & 63) as u8);
            own[3] = own[3].max((bits >> 18) as u8);
        }
    }

    /// The estimate for the union.
    pub fn count(&self) -> u64 {
        let mut histogram = [0u32; 64];
        for rank in self.ranks.iter() {
            histogram[usize::from(rank & 63)] += 1;
        }
        estimate::from_histogram(&histogram)
    }

    /// Raises the registers of a checked value to the union, and voids its cached estimate. The
    /// value becomes dense if one of the merged ones was.
    pub fn write_to(&self, value: &mut Vec<u8>, sparse_max_bytes: usize) -> Result<(), Corrupt> {
        if self.any_dense {
            to_dense(value)?;
        }
        for (index, rank) in self.ranks.iter().enumerate().filter(|(_, rank)| **rank > 0) {
            if encoding(value) == Encoding::Dense {
                dense::raise(&mut value[HEADER..], index, *rank);
            } else {
                raise(value, index, *rank, sparse_max_bytes)?;
            }
        }
        invalidate(value);
        Ok(())
    }
}
