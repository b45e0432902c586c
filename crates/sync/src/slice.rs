//! The time for which a worker has had its run permit.
//!
//! Only the worker itself begins and ends its slice, but anybody may ask: the answer is advice on when to pass the permit on,
//! and nothing else depends on it. So the start is kept in an atomic that orders nothing. It is the standard library's under the
//! model checker, too: there is no interleaving to explore.

#[cfg(loom)]
pub use at_once::Slice;
#[cfg(not(loom))]
pub use timed::Slice;

#[cfg(not(loom))]
mod timed {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, Instant};

    /// How long a worker keeps its permit while others wait for one: long against changing threads, short
    /// against what a client notices.
    const LENGTH: Duration = Duration::from_millis(4);

    /// The slice of one worker, if it has one.
    pub struct Slice {
        epoch: Instant,
        /// Nanoseconds from the epoch to the start, at least 1; 0 if there is no slice.
        start_ns: AtomicU64,
    }

    impl Slice {
        /// No slice.
        pub fn none() -> Slice {
            Slice { epoch: Instant::now(), start_ns: AtomicU64::new(0) }
        }

        /// It begins now.
        pub fn begin(&self) {
            self.start_ns.store(self.now_ns().max(1), Ordering::Relaxed);
        }

        /// Ends it. False if there was none.
        pub fn end(&self) -> bool {
            let is_on = self.is_on();
            self.start_ns.store(0, Ordering::Relaxed);
            is_on
        }

        /// True if it has begun.
        pub fn is_on(&self) -> bool {
            self.start_ns.load(Ordering::Relaxed) > 0
        }

        /// True if it has begun and has lasted long enough.
        pub fn is_over(&self) -> bool {
            let start_ns = self.start_ns.load(Ordering::Relaxed);
            start_ns > 0 && self.now_ns().saturating_sub(start_ns) > LENGTH.as_nanos() as u64
        }

        fn now_ns(&self) -> u64 {
            self.epoch.elapsed().as_nanos() as u64
        }
    }
}

/// The model checker repeats what it did, which no clock does: a slice is over as soon as somebody wants the permit.
#[cfg(loom)]
mod at_once {
    use std::sync::atomic::{AtomicBool, Ordering};

    pub struct Slice(AtomicBool);

    impl Slice {
        pub fn none() -> Slice {
            Slice(AtomicBool::new(false))
        }

        pub fn begin(&self) {
            self.0.store(true, Ordering::Relaxed);
        }

        pub fn end(&self) -> bool {
            self.0.swap(false, Ordering::Relaxed)
        }

        pub fn is_on(&self) -> bool {
            self.0.load(Ordering::Relaxed)
        }

        pub fn is_over(&self) -> bool {
            self.is_on()
        }
    }
}
