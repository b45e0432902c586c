//! Waiting on the processor for a short time, before a thread sleeps.
//!
//! What a worker waits for here usually takes a microsecond or two, and sleeping and waking take several. The wait is bounded
//! by the clock, not by a number of pauses: a pause takes a processor between 4 and 60 ns, depending on its make.

/// Waits until the condition holds, for a short time. Returns whether it held; the caller has found that it did not yet.
#[cfg(not(loom))]
pub fn wait_briefly(mut is_over: impl FnMut() -> bool) -> bool {
    use std::time::{Duration, Instant};

    /// About as long as a worker holds a shard to look up some keys, or needs for the rest of a small batch. When a whole
    /// pipeline runs meanwhile, or the other worker was suspended, sleeping is cheaper.
    const PATIENCE: Duration = Duration::from_micros(5);
    /// Pauses between two looks at the clock, which is slower to read than what is waited for.
    const PAUSES: usize = 8;

    let started = Instant::now();
    loop {
        for _ in 0..PAUSES {
            std::hint::spin_loop();
            if is_over() {
                return true;
            }
        }
        if started.elapsed() >= PATIENCE {
            return false;
        }
    }
}

/// The model checker explores the ways that sleep: a wait that depends on the clock cannot be repeated.
#[cfg(loom)]
pub fn wait_briefly(_: impl FnMut() -> bool) -> bool {
    false
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::wait_briefly;

    #[test]
    fn a_wait_ends_with_its_condition_or_without_it() {
        let mut left = 3;
        assert!(wait_briefly(|| {
            left -= 1;
            left == 0
        }));
        assert_eq!(left, 0);
        assert!(!wait_briefly(|| false));
    }
}
