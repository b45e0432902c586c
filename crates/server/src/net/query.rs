//! The bytes that a connection sent and that are not executed yet.
//!
//! ```text
//!  0              filled          capacity
//!  +----------------+----------------+
//!  | not consumed   | room to read   |
//!  +----------------+----------------+
//! ```
//! The memory is lent: a connection holds a buffer only while it has unfinished input, so an idle
//! one costs none. All of the vector is initialised once, reading then needs no clearing.

use std::io::{self, Read};

/// Size of a buffer as lent, and the least room a read is given.
pub const READ_SIZE: usize = 16 * 1024;

/// Input of a connection.
#[derive(Default)]
pub struct QueryBuffer {
    data: Vec<u8>,
    filled: usize,
}

impl QueryBuffer {
    /// True if a connection holds no memory here.
    pub fn is_unallocated(&self) -> bool {
        self.data.capacity() == 0
    }

    /// Uses this memory from now on.
    pub fn lend(&mut self, mut memory: Vec<u8>) {
        debug_assert_eq!(self.filled, 0);
        if memory.len() < READ_SIZE {
            memory.resize(READ_SIZE, 0);
        }
        self.data = memory;
    }

    /// Gives the memory back if nothing is in it.
    pub fn give_back(&mut self) -> Option<Vec<u8>> {
        (self.filled == 0 && !self.is_unallocated()).then(|| std::mem::take(&mut self.data))
    }

    /// What has arrived.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.data[..self.filled]
    }

    /// Bytes that have arrived.
    pub fn len(&self) -> usize {
        self.filled
    }

    /// Bytes of memory held.
    pub fn capacity(&self) -> usize {
        self.data.capacity()
    }

    /// Reads once. `Ok(true)` means that the source may have more.
    pub fn read_from(&mut self, source: &mut impl Read) -> io::Result<(usize, bool)> {
        if self.data.len() - self.filled < READ_SIZE / 2 {
            let len = (self.data.len() * 2).max(READ_SIZE);
            self.data.resize(len, 0);
        }
        let room = &mut self.data[self.filled..];
        let size = room.len();
        let n = source.read(room)?;
        self.filled += n;
        Ok((n, n == size))
    }

    /// Forgets the first `count` bytes.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        if count >= self.filled {
            self.filled = 0;
        } else if count > 0 {
            self.data.copy_within(count..self.filled, 0);
            self.filled -= count;
        }
    }

    /// Gives back memory beyond what is needed: returns true if it shrank.
    pub fn shrink(&mut self) -> bool {
        let wanted = if self.filled == 0 { 0 } else { self.filled.next_multiple_of(1024) };
        let shrinks = self.data.len() > wanted.max(READ_SIZE) || self.filled == 0 && !self.is_unallocated();
        if shrinks {
            self.data.truncate(wanted);
            self.data.shrink_to_fit();
        }
        shrinks
    }
}
