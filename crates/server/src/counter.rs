//! A number that one thread changes and all threads may read.
//!
//! A change is a load and a store, as with a plain number, and costs the same, because nothing is locked. Two threads
//! that changed the same counter would lose counts; the documentation of each counter names its owner.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that its owner changes and all threads may read.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// A counter at zero.
    pub const fn new() -> Counter {
        Counter(AtomicU64::new(0))
    }

    /// The value.
    #[inline]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// Sets the value. For the owner.
    #[inline]
    pub fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    /// Adds to the value. For the owner.
    #[inline]
    pub fn add(&self, more: u64) {
        self.set(self.get().wrapping_add(more));
    }

    /// Raises the value, if the new one is greater. For the owner.
    #[inline]
    pub fn raise_to(&self, value: u64) {
        self.set(self.get().max(value));
    }

    /// Returns the value and sets it to zero. For the owner.
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
