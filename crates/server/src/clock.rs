//! Time, as cheaply as the machine offers it: one counter read per command.
//!
//! [`Clock`] reads the processor's counter through `quanta` and derives both the duration of a
//! command and the wall clock from it. The wall clock is taken from the system at every turn of
//! the event loop, so that steps of the system's clock are followed.

use ochre_engine::time::UnixMs;
use std::time::{SystemTime, UNIX_EPOCH};

/// A point in time, in nanoseconds of the counter: the same for all clocks of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(u64);

/// The clock of a worker.
pub struct Clock {
    counter: Counter,
    /// Wall clock in nanoseconds when it was last asked, and the counter at that moment.
    base: (i64, Tick),
}

impl Clock {
    /// A clock set to the system's time.
    pub fn new() -> Clock {
        let counter = Counter(quanta::Clock::new());
        let base = (wall_nanos(), counter.tick());
        Clock { counter, base }
    }

    /// Follows the system's clock; called once per turn of the event loop.
    pub fn sync(&mut self) {
        self.base = (wall_nanos(), self.tick());
    }

    /// Reads the counter.
    #[inline]
    pub fn tick(&self) -> Tick {
        self.counter.tick()
    }

    /// Nanoseconds between two points; 0 if the second is the earlier one.
    #[inline]
    pub fn nanos(&self, from: Tick, to: Tick) -> u64 {
        to.0.saturating_sub(from.0)
    }

    /// The wall clock at a point, in nanoseconds since 1970.
    #[inline]
    fn unix_nanos(&self, at: Tick) -> i64 {
        self.base.0.saturating_add_unsigned(self.nanos(self.base.1, at))
    }

    /// The wall clock at a point, in microseconds since 1970.
    pub fn unix_us(&self, at: Tick) -> i64 {
        self.unix_nanos(at) / 1000
    }

    /// The wall clock at a point.
    #[inline]
    pub fn unix_ms(&self, at: Tick) -> UnixMs {
        UnixMs(self.unix_nanos(at) / 1_000_000)
    }

    /// A handle that measures time while the worker's other parts are borrowed.
    pub fn handle(&self) -> Counter {
        self.counter.clone()
    }

    /// The wall clock now.
    pub fn now(&self) -> UnixMs {
        self.unix_ms(self.tick())
    }
}

/// Measures how long something takes.
#[derive(Clone)]
pub struct Counter(quanta::Clock);

impl Counter {
    #[inline]
    fn tick(&self) -> Tick {
        Tick(self.0.delta_as_nanos(0, self.0.raw()))
    }

    /// Microseconds since a point.
    pub fn micros_since(&self, start: Tick) -> u64 {
        self.tick().0.saturating_sub(start.0) / 1000
    }
}

impl Default for Clock {
    fn default() -> Self {
        Clock::new()
    }
}

#[allow(clippy::disallowed_methods)]
fn wall_nanos() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.ok().and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}
