//! Time that stands still until a test moves it.
//!
//! The counter is the one that `quanta` offers for tests, so clocks need no branch of their own for it.

use super::{Clock, WallClock};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The wall clock at the beginning: a day in 2023, in nanoseconds since 1970.
const START_NANOS: i64 = 1_700_000_000_000_000_000;

/// The time of a test. Clones share the time.
#[derive(Clone)]
pub struct ManualTime {
    counter: quanta::Clock,
    control: Arc<quanta::Mock>,
    wall: Wall,
}

impl ManualTime {
    /// Time whose counter shows one second.
    pub fn new() -> ManualTime {
        let (counter, control) = quanta::Clock::mock();
        control.increment(Duration::from_secs(1));
        ManualTime { counter, control, wall: Wall(Arc::new(AtomicI64::new(START_NANOS))) }
    }

    /// A clock that shows this time.
    pub fn clock(&self) -> Clock {
        Clock::over(self.counter.clone(), WallClock::Manual(self.wall.clone()))
    }

    /// Moves the counter and the wall clock forward by `time`.
    pub fn advance(&self, time: Duration) {
        self.control.increment(time);
        self.wall.0.fetch_add(i64::try_from(time.as_nanos()).unwrap(), Ordering::Relaxed);
    }

    /// Sets the wall clock forward by `step_ms` milliseconds, or back if that is negative.
    pub fn step_wall_ms(&self, step_ms: i64) {
        self.wall.0.fetch_add(step_ms * 1_000_000, Ordering::Relaxed);
    }
}

/// The wall clock, in nanoseconds since 1970.
#[derive(Clone)]
pub(super) struct Wall(Arc<AtomicI64>);

impl Wall {
    pub(super) fn nanos(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}
