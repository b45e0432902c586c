//! The 24-bit access clock of a key: last use in seconds (LRU), or frequency of use (LFU).
//!
//! ```text
//! LRU:  | seconds, modulo 2^24                        |
//! LFU:  | minutes of the last decay, modulo 2^16 | counter (8) |
//! ```
//! The counter grows logarithmically: from value c, an access raises it with probability
//! 1 / ((c - 5) * lfu-log-factor + 1); it falls by one for every `lfu-decay-time` minutes without
//! decay. New keys start at 5 so that they survive their first minutes. (Redis: evict.c.)

use crate::settings::Settings;
use crate::time::UnixMs;

/// What new keys start their LFU counter with.
pub const LFU_INIT: u32 = 5;

/// How accesses are recorded now.
#[derive(Debug, Clone, Copy)]
pub struct AccessClock {
    lfu: bool,
    seconds: u32,
    minutes: u32,
    log_factor: u32,
    decay_minutes: u32,
    /// State of a small xorshift generator: the only randomness of the hot path.
    noise: u64,
    /// Reads leave no trace (CLIENT NO-TOUCH).
    pub frozen: bool,
}

impl AccessClock {
    /// The clock at this time, under these settings. `noise` seeds the LFU's randomness.
    pub fn new(settings: &Settings, now: UnixMs, noise: u64) -> AccessClock {
        AccessClock {
            lfu: settings.maxmemory_policy.is_lfu(),
            seconds: now.lru_clock(),
            minutes: (now.seconds() / 60) as u32 & 0xffff,
            log_factor: settings.lfu_log_factor,
            decay_minutes: settings.lfu_decay_time,
            noise: noise | 1,
            frozen: false,
        }
    }

    /// The value of a key made now.
    #[inline]
    pub fn initial(&self) -> u32 {
        if self.lfu { self.minutes << 8 | LFU_INIT } else { self.seconds }
    }

    /// The value of a key used now whose value is `old`.
    #[inline]
    pub fn used(&mut self, old: u32) -> u32 {
        if self.frozen {
            old
        } else if self.lfu {
            let counter = self.raised(self.decayed(old));
            self.minutes << 8 | counter
        } else {
            self.seconds
        }
    }

    /// The LFU counter of a value, decayed to now.
    pub fn decayed(&self, value: u32) -> u32 {
        let elapsed = self.minutes.wrapping_sub(value >> 8) & 0xffff;
        let periods = elapsed.checked_div(self.decay_minutes).unwrap_or(0);
        (value & 0xff).saturating_sub(periods)
    }

    /// Seconds since the last use by an LRU value.
    pub fn idle_seconds(&self, value: u32) -> u32 {
        self.seconds.wrapping_sub(value) & 0x00ff_ffff
    }

    /// The value of a key that was not used for so many seconds (RESTORE, snapshots). Counting
    /// frequencies, it is that of a new key.
    pub fn idle_for(&self, seconds: u64) -> u32 {
        if self.lfu { self.initial() } else { self.seconds.wrapping_sub(seconds as u32) & 0x00ff_ffff }
    }

    /// The value of a key with this frequency counter; recording times, it is that of a new key.
    pub fn with_frequency(&self, counter: u8) -> u32 {
        if self.lfu { self.minutes << 8 | u32::from(counter) } else { self.initial() }
    }

    fn raised(&mut self, counter: u32) -> u32 {
        if counter >= 255 {
            return 255;
        }
        let steps = u64::from(counter.saturating_sub(LFU_INIT)) * u64::from(self.log_factor) + 1;
        self.noise ^= self.noise << 13;
        self.noise ^= self.noise >> 7;
        self.noise ^= self.noise << 17;
        counter + u32::from(self.noise.is_multiple_of(steps))
    }
}
