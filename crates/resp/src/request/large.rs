//! A large argument on its way: bytes go from the socket straight into the buffer that will be stored.
//!
//! The buffer ends with exactly the argument's length, so that it can be kept as it is. A header is only a
//! promise, hence memory is reserved in steps: one MiB at first, then eight times what has arrived, so that
//! little is moved and a promise without bytes behind it costs little.

use std::io::{self, Read};

/// Reserved for a promise without a single byte behind it.
const FIRST_STEP: usize = 1024 * 1024;

/// Bytes reserved for each byte that has arrived.
const STEP_FACTOR: usize = 8;

/// A partly arrived large argument.
#[derive(Debug)]
pub struct Large {
    arrived: Vec<u8>,
    len: usize,
}

impl Large {
    /// An argument of `len` bytes of which `arrived` are there.
    pub(crate) fn new(arrived: &[u8], len: usize) -> Large {
        let mut large = Large { arrived: Vec::new(), len };
        large.arrived.reserve_exact(len.min(FIRST_STEP.max(arrived.len())));
        large.arrived.extend_from_slice(arrived);
        large
    }

    /// Bytes still to come; the two line end bytes behind the argument belong to the query buffer again.
    pub fn missing(&self) -> usize {
        self.len - self.arrived.len()
    }

    /// Bytes that are there.
    pub fn arrived(&self) -> usize {
        self.arrived.len()
    }

    /// Bytes of the whole argument, as announced.
    #[expect(clippy::len_without_is_empty, reason = "no large argument is empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Bytes reserved so far.
    #[cfg(test)]
    pub(super) fn reserved(&self) -> usize {
        self.arrived.capacity()
    }

    /// Appends what `bytes` has of the argument and returns how much that was.
    pub fn append(&mut self, bytes: &[u8]) -> usize {
        let mine = bytes.len().min(self.missing());
        let mut rest = &bytes[..mine];
        while !rest.is_empty() {
            let step = self.room().min(rest.len());
            self.arrived.extend_from_slice(&rest[..step]);
            rest = &rest[step..];
        }
        mine
    }

    /// Reads from `source` until the argument is complete, `limit` bytes were read, or the source has no more
    /// for now. `Ok(0)` is the end of the source; an error is reported only if nothing was read before it.
    pub fn read_from(&mut self, source: &mut impl Read, limit: usize) -> io::Result<usize> {
        let before = self.arrived.len();
        let want = self.room().min(limit) as u64;
        let outcome = source.take(want).read_to_end(&mut self.arrived);
        match self.arrived.len() - before {
            0 => outcome,
            read => Ok(read),
        }
    }

    /// The complete argument.
    pub(crate) fn into_vec(self) -> Vec<u8> {
        debug_assert_eq!(self.missing(), 0);
        self.arrived
    }

    /// Makes room for the next bytes and says for how many.
    fn room(&mut self) -> usize {
        if self.arrived.len() == self.arrived.capacity() {
            let step = self.missing().min(FIRST_STEP.max(self.arrived.len() * STEP_FACTOR));
            self.arrived.reserve_exact(step);
        }
        (self.arrived.capacity() - self.arrived.len()).min(self.missing())
    }
}
