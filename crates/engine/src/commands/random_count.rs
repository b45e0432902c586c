//! The count of HRANDFIELD, SRANDMEMBER and their like: negative, it allows repetitions.

use crate::error::Error;
use crate::text::parse_i64;

/// How many random elements are wanted, and whether one may come twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomCount(i64);

impl RandomCount {
    /// Reads the argument; `i64::MIN` has no positive counterpart and is refused.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        match parse_i64(text) {
            Some(i64::MIN) => Err(Error::new(format!(
                "ERR value is out of range, value must between {} and {}",
                -i64::MAX,
                i64::MAX
            ))),
            Some(count) => Ok(Self(count)),
            None => Err(Error::NOT_INTEGER),
        }
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
