//! Points in time. The engine never asks for them: they are arguments.

/// Milliseconds since the Unix epoch, as expiry times are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixMs(pub i64);

impl UnixMs {
    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The 24-bit clock in seconds that entries keep their last access in (it wraps after 194 days).
    pub const fn lru_clock(self) -> u32 {
        (self.seconds() as u32) & 0x00ff_ffff
    }
}
