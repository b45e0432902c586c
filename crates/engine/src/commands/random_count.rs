//! The count of HRANDFIELD, SRANDMEMBER and their like: negative, it allows repetitions.

use crate::commands::number::int_in;
use crate::error::Error;

/// How many random elements are wanted, and whether one may come twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomCount(i64);

impl RandomCount {
    /// Reads the argument; `i64::MIN` has no positive counterpart and is refused.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        int_in(text, -i64::MAX..=i64::MAX).map(Self)
    }

    /// The number without its sign.
    pub fn number(self) -> usize {
        self.0.unsigned_abs() as usize
    }

    /// May an element come twice?
    pub fn repeats(self) -> bool {
        self.0 < 0
    }

    /// How many will come out of a collection of `len` elements.
    pub fn of(self, len: usize) -> usize {
        if self.repeats() { self.number() } else { self.number().min(len) }
    }
}
