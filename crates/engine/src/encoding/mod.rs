//! Byte-level structures shared with Redis: listpack, intset, LZF, and the quicklist built of them.
//!
//! Their bytes are written to RDB files and DUMP payloads as they stand in memory, so each
//! module keeps Redis's layout to the byte and draws it. Everything that enters from outside
//! passes a `from_bytes` that walks the whole value; after that the structures trust themselves.

mod block;
pub mod intset;
pub mod listpack;
pub mod lzf;
pub mod quicklist;

use std::fmt;

/// Bytes that are not the structure they claim to be: the fault of the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt {
    /// Offset, in bytes from the start of the structure, of the first byte that makes no sense.
    pub offset: usize,
    /// What was expected there, for the log.
    pub reason: &'static str,
}

impl Corrupt {
    pub(crate) fn at(offset: usize, reason: &'static str) -> Self {
        Corrupt { offset, reason }
    }
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {}", self.reason, self.offset)
    }
}

impl std::error::Error for Corrupt {}
