//! The size that Redis would give the reply buffer of a client.
//!
//! Ours is lent and costs an idle client nothing, but CLIENT LIST shows the size (`rbs`) and the
//! recent peak (`rbp`) of a buffer that grows to 16 KB with use and shrinks to 1 KB without
//! (server.c: clientsCronResizeOutputBuffer), and tools look at them.

use ochre_engine::time::UnixMs;

const SMALLEST: usize = 1024;
const LARGEST: usize = super::describe::OWN_OUTPUT;

/// A buffer that is not there.
#[derive(Debug, Clone, Copy)]
pub struct ReplyBuffer {
    size: usize,
    peak: usize,
    reset: UnixMs,
}

impl ReplyBuffer {
    /// The buffer of a new client.
    pub fn new(now: UnixMs) -> ReplyBuffer {
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

    /// Notes that so many bytes of replies wait.
    #[inline]
    pub fn note(&mut self, pending: usize) {
        self.peak = self.peak.max(pending.min(self.size));
    }

    /// Grows or shrinks; forgets the peak after `reset_ms` milliseconds unless that is negative.
    pub fn adapt(&mut self, now: UnixMs, reset_ms: i64, pending: usize) {
        if self.size / 2 >= SMALLEST && self.peak < self.size / 2 {
            self.size = SMALLEST.max(self.peak + 1);
        } else if self.size * 2 < LARGEST * 2 && self.peak == self.size {
            self.size = LARGEST.min(self.size * 2);
        }
        if reset_ms >= 0 && now.0 - self.reset.0 >= reset_ms {
            self.peak = pending.min(self.size);
            self.reset = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_buffer_shrinks_and_a_busy_one_grows() {
        let mut buffer = ReplyBuffer::new(UnixMs(0));
        (0..10).for_each(|turn| buffer.adapt(UnixMs(turn * 1000), 5000, 0));
        assert_eq!(buffer.size(), SMALLEST);
        for turn in 10..20 {
            buffer.note(100_000);
            buffer.adapt(UnixMs(turn * 1000), 5000, 0);
        }
        assert_eq!(buffer.size(), LARGEST);
    }
}
