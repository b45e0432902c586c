//! The output of a connection: what was written and not yet sent.
//!
//! Replies are appended to the *tail*. When the tail is full (a slow client, a huge reply) it is sealed and a
//! new one begun, so that a large output is neither moved as it grows nor kept when it has been sent. In the
//! common case there is nothing but a tail, whose buffer a worker lends for the time of a batch.
//!
//! Invariant: sealed chunks are not empty of pending bytes; only the first chunk is partly sent.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;

use super::chunk::Chunk;

/// A tail that has to grow beyond this many bytes is sealed.
const SEAL_BYTES: usize = 256 * 1024;
/// Capacity of a tail that begins without a lent buffer.
const FIRST_BYTES: usize = 1024;
/// Pending bytes at which a reply is cut off that repeats elements as often as the caller asked for.
const REPEATS_BYTES: usize = 64 * 1024 * 1024;

/// Replies on their way to one client.
#[derive(Default)]
pub struct Output {
    sealed: VecDeque<Chunk>,
    tail: Chunk,
    /// Pending bytes of the sealed chunks.
    sealed_bytes: usize,
    /// Pending bytes above which the client will be given up; 0 is no limit.
    limit: usize,
    /// A reply was not written to its end, so that nothing can follow it.
    cut: bool,
}

/// A position in an output, to which it can be rolled back as long as nothing was sent.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    chunk: usize,
    raw: usize,
    shared: usize,
}

impl Output {
    /// From this size on stored values are referred to instead of copied.
    pub const SHARED_FROM: usize = 16 * 1024;

    /// Nothing to send, and no memory held.
    pub fn new() -> Output {
        Output::default()
    }

    /// Bytes that wait to be sent.
    #[inline]
    pub fn len(&self) -> usize {
        self.sealed_bytes + self.tail.pending()
    }

    /// Whether there is nothing to send.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sets the number of pending bytes above which the client will be given up; `usize::MAX` is no limit.
    #[inline]
    pub fn set_limit(&mut self, bytes: usize) {
        self.limit = if bytes == usize::MAX { 0 } else { bytes };
    }

    /// Whether more is pending than allowed: the client will be given up, so that it makes no sense to go on
    /// with a long reply.
    #[inline]
    pub fn is_over_limit(&self) -> bool {
        self.cut || self.limit != 0 && self.len() > self.limit
    }

    /// Whether a reply that repeats elements ends here, with its client: it has more pending than allowed, or
    /// than makes sense. Otherwise a few bytes of request could keep everybody waiting for minutes.
    pub fn ends_repeats(&mut self) -> bool {
        self.cut |= self.len() > REPEATS_BYTES;
        self.cut || self.is_over_limit()
    }

    /// Whether a reply was cut off, so that the client has to be closed.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Memory held in bytes, shared values excluded.
    pub fn memory_bytes(&self) -> usize {
        self.tail.memory_bytes() + self.sealed.iter().map(Chunk::memory_bytes).sum::<usize>()
    }

    /// Appends bytes that are already a reply or part of one.
    #[inline]
    pub fn append(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).extend_from_slice(bytes);
    }

    /// Appends bytes without copying them.
    pub fn append_shared(&mut self, bytes: Bytes) {
        self.tail.push_shared(bytes);
    }

    /// The buffer to append at most `count` bytes to.
    #[inline]
    pub(super) fn room(&mut self, count: usize) -> &mut Vec<u8> {
        if self.tail.raw.capacity() - self.tail.raw.len() < count {
            self.grow(count);
        }
        &mut self.tail.raw
    }

    #[cold]
    fn grow(&mut self, count: usize) {
        if self.tail.raw.len() < SEAL_BYTES {
            self.tail.raw.reserve(count.max(FIRST_BYTES));
            return;
        }
        let fresh = Chunk::with_buffer(Vec::with_capacity(count.max(SEAL_BYTES)));
        let full = std::mem::replace(&mut self.tail, fresh);
        self.sealed_bytes += full.pending();
        self.sealed.push_back(full);
    }

    /// The current end of the output.
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark { chunk: self.sealed.len(), raw: self.tail.raw.len(), shared: self.tail.shared_len() }
    }

    /// Withdraws everything that was written since `mark`. Nothing may have been sent since then.
    pub fn rollback(&mut self, mark: Mark) {
        while self.sealed.len() > mark.chunk {
            let Some(chunk) = self.sealed.pop_back() else { break };
            self.sealed_bytes -= chunk.pending();
            self.tail = chunk;
        }
        self.tail.truncate(mark.raw, mark.shared);
    }

    /// Replaces `old_len` bytes at `mark`, written in one piece, by `new`.
    pub(super) fn replace(&mut self, mark: Mark, old_len: usize, new: &[u8]) {
        match self.sealed.get_mut(mark.chunk) {
            Some(chunk) => {
                chunk.replace(mark.raw, old_len, new);
                self.sealed_bytes = self.sealed_bytes + new.len() - old_len;
            }
            None => self.tail.replace(mark.raw, old_len, new),
        }
    }

    /// What was written since `mark`, as far as it lies in one piece behind it.
    pub fn since(&self, mark: Mark) -> &[u8] {
        let chunk = self.sealed.get(mark.chunk).unwrap_or(&self.tail);
        chunk.raw.get(mark.raw..).unwrap_or_default()
    }

    /// Fills `slices` with what is to be sent next, for a vectored write, and returns how many were filled.
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for chunk in self.sealed.iter().chain(std::iter::once(&self.tail)) {
            if filled == slices.len() {
                break;
            }
            filled += chunk.slices(&mut slices[filled..]);
        }
        filled
    }

    /// Notes that the next `count` bytes were sent.
    ///
    /// # Panics
    /// If that is more than there is to send.
    pub fn advance(&mut self, mut count: usize) {
        while let Some(front) = self.sealed.front_mut() {
            let here = count.min(front.pending());
            front.advance(here);
            self.sealed_bytes -= here;
            count -= here;
            if front.pending() > 0 {
                return;
            }
            self.sealed.pop_front();
        }
        self.tail.advance(count);
        if self.tail.pending() == 0 {
            self.tail.reset();
        }
    }

    /// Forgets everything that was not sent, and keeps the memory of the tail.
    pub fn clear(&mut self) {
        self.sealed.clear();
        self.sealed_bytes = 0;
        let mut raw = std::mem::take(&mut self.tail).raw;
        raw.clear();
        self.tail = Chunk::with_buffer(raw);
    }

    /// Lends an empty buffer to write into, if the output has none. Gives back the one that is not needed.
    #[inline]
    pub fn give_buffer(&mut self, buffer: Vec<u8>) -> Option<Vec<u8>> {
        debug_assert!(buffer.is_empty());
        if self.tail.raw.capacity() > 0 {
            return Some(buffer);
        }
        self.tail.raw = buffer;
        None
    }

    /// Takes the buffer of an output that has nothing to send; it holds no memory afterwards.
    #[inline]
    pub fn take_buffer(&mut self) -> Option<Vec<u8>> {
        if !self.is_empty() || self.tail.raw.capacity() == 0 {
            return None;
        }
        let mut buffer = std::mem::take(&mut self.tail).raw;
        buffer.clear();
        Some(buffer)
    }

    /// Everything that waits to be sent in one piece, for tests and for small outputs.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.len());
        for chunk in self.sealed.iter().chain(std::iter::once(&self.tail)) {
            chunk.visit(|bytes| {
                all.extend_from_slice(bytes);
                true
            });
        }
        all
    }
}
