//! A number that one thread changes and all may read.
//!
//! Changing it is a load and a store, as with a plain number: nothing is locked, so it costs the
//! same. Two threads that changed one would lose counts; who owns a counter is said where it is.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// See the module.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Zero.
    pub const fn new() -> Counter {
        Counter(AtomicU64::new(0))
    }

    /// Its value.
    #[inline]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// Gives it a value. For its owner.
    #[inline]
    pub fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    /// Adds to it. For its owner.
    #[inline]
    pub fn add(&self, more: u64) {
        self.set(self.get().wrapping_add(more));
    }

    /// Raises it to a value that may be greater. For its owner.
    #[inline]
    pub fn raise_to(&self, value: u64) {
        self.set(self.get().max(value));
    }

    /// Takes its value away. For its owner.
    pub fn take(&self) -> u64 {
        let value = self.get();
        self.set(0);
        value
    }
}

impl std::ops::AddAssign<u64> for Counter {
    #[inline]
    fn add_assign(&mut self, more: u64) {
        self.add(more);
    }
}
