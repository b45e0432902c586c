//! Where a client is.

/// Place of a client in the directory: its worker, and the place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(u64);

impl Token {
    /// A place that no client has.
    pub const NOWHERE: Token = Token(u64::MAX);

    /// A place of a worker.
    #[inline]
    pub fn new(worker: usize, place: usize) -> Token {
        Token((worker as u64) << 32 | place as u64)
    }

    /// The worker whose client it is.
    #[inline]
    pub fn worker(self) -> usize {
        (self.0 >> 32) as usize
    }

    /// The place among the clients of the worker.
    #[inline]
    pub fn place(self) -> usize {
        (self.0 & 0xffff_ffff) as usize
    }
}
