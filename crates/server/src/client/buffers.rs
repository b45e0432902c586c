//! The sizes that Redis would give the buffers of a client.
//!
//! The buffers of Ochre are lent and cost an idle client nothing. But CLIENT LIST shows the sizes (`qbuf-free`, `rbs`)
//! and the recent peak (`rbp`) of buffers that grow with use and shrink without, and tools read these numbers. So the
//! numbers are computed as Redis does (server.c: clientsCronResizeQueryBuffer, clientsCronResizeOutputBuffer), without
//! buffers behind them.

use crate::clock::Tick;
use std::time::Duration;

const SMALLEST: usize = 1024;
const LARGEST: usize = OWN_OUTPUT;

/// Bytes of replies that Redis keeps in a client's own buffer; only what is beyond is reported as
/// memory of its output (server.h: PROTO_REPLY_CHUNK_BYTES).
pub const OWN_OUTPUT: usize = 16 * 1024;

/// Bytes that a read makes available (server.h: PROTO_IOBUF_LEN).
const READ: usize = 16 * 1024;
/// Bytes above which an input buffer shrinks if it was not needed lately (server.h: PROTO_RESIZE_THRESHOLD).
const LARGE_INPUT: usize = 32 * 1024;
/// Unused bytes that are not worth shrinking a buffer for.
const WASTE: usize = 4 * 1024;

/// The input buffer that Redis would have for a client.
#[derive(Debug, Clone, Copy, Default)]
pub struct InputBuffer {
    size: usize,
    peak: usize,
}

impl InputBuffer {
    /// Bytes of the buffer.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Notes that `needed` bytes of input have arrived and are in use.
    #[inline]
    pub fn note(&mut self, needed: usize) {
        self.size = self.size.max(READ).max(needed);
        self.peak = self.peak.max(needed);
    }

    /// Shrinks the buffer if it is too large: after more than 2 seconds without input (`idle`) to the `used` bytes, else
    /// to the peak. The peak starts anew with `used` or the `announced` bytes of an argument that is arriving.
    pub fn adapt(&mut self, idle: Duration, used: usize, announced: usize) {
        if self.size.saturating_sub(used) > WASTE {
            if idle.as_secs() > 2 {
                self.size = used;
            } else if self.size > LARGE_INPUT && self.size / 2 > self.peak {
                self.size = used.max(self.peak);
            }
        }
        self.peak = used.max(announced);
    }
}

/// The reply buffer that Redis would have for a client.
#[derive(Debug, Clone, Copy)]
pub struct ReplyBuffer {
    size: usize,
    peak: usize,
    reset: Tick,
}

impl ReplyBuffer {
    /// The buffer of a new client.
    pub fn new(now: Tick) -> ReplyBuffer {
        ReplyBuffer { size: LARGEST, peak: LARGEST, reset: now }
    }

    /// Bytes of the buffer.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Most bytes in it since the peak was last reset.
    pub fn peak(&self) -> usize {
        self.peak
    }

    /// Notes that `pending` bytes of replies wait.
    #[inline]
    pub fn note(&mut self, pending: usize) {
        self.peak = self.peak.max(pending.min(self.size));
    }

    /// Grows or shrinks the buffer, and sets the peak to `pending` if the last reset is `reset` ago; `None` never resets.
    pub fn adapt(&mut self, now: Tick, reset: Option<Duration>, pending: usize) {
        if self.size / 2 >= SMALLEST && self.peak < self.size / 2 {
            self.size = SMALLEST.max(self.peak + 1);
        } else if self.size * 2 < LARGEST * 2 && self.peak == self.size {
            self.size = LARGEST.min(self.size * 2);
        }
        if reset.is_some_and(|reset| now.since(self.reset) >= reset) {
            self.peak = pending.min(self.size);
            self.reset = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_buffer_keeps_what_was_needed_lately() {
        let mut buffer = InputBuffer::default();
        buffer.note(26);
        assert_eq!(buffer.size(), READ);
        buffer.note(400_000);
        buffer.adapt(Duration::ZERO, 0, 0);
        assert_eq!(buffer.size(), 400_000);
        buffer.note(100);
        buffer.adapt(Duration::ZERO, 0, 0);
        assert_eq!(buffer.size(), 100);
        buffer.adapt(Duration::from_secs(3), 0, 0);
        assert_eq!(buffer.size(), 100);
        buffer.note(26);
        buffer.adapt(Duration::from_secs(3), 0, 0);
        assert_eq!(buffer.size(), 0);
    }

    #[test]
    fn an_idle_buffer_shrinks_and_a_busy_one_grows() {
        let second = |n| Tick::default() + Duration::from_secs(n);
        let reset = Some(Duration::from_secs(5));
        let mut buffer = ReplyBuffer::new(second(0));
        (0..10).for_each(|turn| buffer.adapt(second(turn), reset, 0));
        assert_eq!(buffer.size(), SMALLEST);
        for turn in 10..20 {
            buffer.note(100_000);
            buffer.adapt(second(turn), reset, 0);
        }
        assert_eq!(buffer.size(), LARGEST);
    }
}
