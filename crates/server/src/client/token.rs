//! The address of a client inside the server.

/// The address of a client: its worker, and its index in the set of that worker. The index is used again when the client is
/// gone; a client id is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(u64);

impl Token {
    /// A token that no client has.
    pub const NOWHERE: Token = Token(u64::MAX);

    /// The token for an index in the set of a worker.
    #[inline]
    pub fn new(worker: usize, place: usize) -> Token {
        Token((worker as u64) << 32 | place as u64)
    }

    /// The number of the worker that the client belongs to.
    #[inline]
    pub fn worker(self) -> usize {
        (self.0 >> 32) as usize
    }

    /// The index in the set of the worker.
    #[inline]
    pub fn place(self) -> usize {
        (self.0 & 0xffff_ffff) as usize
    }
}
