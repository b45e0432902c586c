//! One stretch of output: bytes of our own with shared values inserted between them.
//!
//! ```text
//! raw     $20000\r\n        \r\n$16384\r\n          \r\n+OK\r\n
//! shared            ^at 8: value      ^at 18: value
//! ```
//! A large stored value is only referred to, and let go as soon as it is sent.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;

#[derive(Default)]
pub(super) struct Chunk {
    pub(super) raw: Vec<u8>,
    /// Not wholly sent values, each with its position in `raw`, in order.
    shared: VecDeque<(usize, Bytes)>,
    /// Bytes of `raw` that were sent.
    sent: usize,
    /// Bytes in `shared`.
    shared_bytes: usize,
}

impl Chunk {
    /// A chunk that writes into `raw`, which is empty.
    pub(super) fn with_buffer(raw: Vec<u8>) -> Chunk {
        Chunk { raw, ..Chunk::default() }
    }

    /// Bytes that are not sent yet.
    #[inline]
    pub(super) fn pending(&self) -> usize {
        self.raw.len() - self.sent + self.shared_bytes
    }

    /// Memory of its own in bytes, shared values excluded.
    pub(super) fn memory_bytes(&self) -> usize {
        self.raw.capacity() + self.shared.capacity() * size_of::<(usize, Bytes)>()
    }

    pub(super) fn push_shared(&mut self, value: Bytes) {
        self.shared_bytes += value.len();
        self.shared.push_back((self.raw.len(), value));
    }

    /// Number of shared values: with the length of `raw`, a position to come back to.
    #[inline]
    pub(super) fn shared_len(&self) -> usize {
        self.shared.len()
    }

    /// Forgets everything behind a position.
    pub(super) fn truncate(&mut self, raw: usize, shared: usize) {
        self.raw.truncate(raw);
        for (_, value) in self.shared.drain(shared.min(self.shared.len())..) {
            self.shared_bytes -= value.len();
        }
    }

    /// Inserts bytes at a position of `raw`, before a shared value at the same position.
    pub(super) fn replace(&mut self, at: usize, old_len: usize, new: &[u8]) {
        if old_len == new.len() {
            self.raw[at..at + old_len].copy_from_slice(new);
            return;
        }
        self.raw.splice(at..at + old_len, new.iter().copied());
        for (position, _) in self.shared.iter_mut().rev().take_while(|(position, _)| *position > at) {
            *position = *position + new.len() - old_len;
        }
    }

    /// Fills `slices` with what is to be sent next and returns how many were filled.
    pub(super) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        self.visit(|bytes| {
            let Some(slot) = slices.get_mut(filled) else { return false };
            *slot = IoSlice::new(bytes);
            filled += 1;
            true
        });
        filled
    }

    /// Shows the pending pieces in order until `wanted` says that it is enough.
    pub(super) fn visit<'a>(&'a self, mut wanted: impl FnMut(&'a [u8]) -> bool) {
        let mut from = self.sent;
        for (at, value) in &self.shared {
            if (*at > from && !wanted(&self.raw[from..*at])) || !wanted(value) {
                return;
            }
            from = *at;
        }
        if self.raw.len() > from {
            wanted(&self.raw[from..]);
        }
    }

    /// Notes that the next `count` bytes were sent.
    ///
    /// # Panics
    /// If that is more than is pending.
    pub(super) fn advance(&mut self, mut count: usize) {
        while let Some((at, value)) = self.shared.front_mut() {
            let raw = count.min(*at - self.sent);
            self.sent += raw;
            count -= raw;
            let sent = count.min(value.len());
            if *at > self.sent || (sent == 0 && !value.is_empty()) {
                return;
            }
            self.shared_bytes -= sent;
            count -= sent;
            bytes::Buf::advance(value, sent);
            if !value.is_empty() {
                return;
            }
            self.shared.pop_front();
        }
        assert!(count <= self.raw.len() - self.sent, "more output acknowledged than written");
        self.sent += count;
    }

    /// Makes a wholly sent chunk empty again and keeps its memory.
    pub(super) fn reset(&mut self) {
        debug_assert_eq!(self.pending(), 0);
        self.raw.clear();
        self.sent = 0;
    }
}
