//! Time, as cheaply as the machine offers it: one counter read per command.
//!
//! [`Clock`] reads the processor's counter through `quanta` and derives both the duration of a
//! command and the wall clock from it. The wall clock is taken from the system at every turn of
//! the event loop, so that steps of the system's clock are followed.

use ochre_engine::time::UnixMs;
use std::time::{SystemTime, UNIX_EPOCH};

/// A point on the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(u64);

/// The clock of a worker.
pub struct Clock {
    counter: quanta::Clock,
    /// Wall clock in microseconds when it was last asked, and the counter at that moment.
    base: (i64, Tick),
}

impl Clock {
    /// A clock set to the system's time.
    pub fn new() -> Clock {
        let counter = quanta::Clock::new();
        let base = (wall_us(), Tick(counter.raw()));
        Clock { counter, base }
    }

    /// Follows the system's clock; called once per turn of the event loop.
    pub fn sync(&mut self) {
        self.base = (wall_us(), self.tick());
    }

    /// Reads the counter.
    #[inline]
    pub fn tick(&self) -> Tick {
        Tick(self.counter.raw())
    }

    /// Nanoseconds between two points.
    #[inline]
    pub fn nanos(&self, from: Tick, to: Tick) -> u64 {
        self.counter.delta_as_nanos(from.0, to.0)
    }

    /// The wall clock at a point, in microseconds since 1970.
    #[inline]
    pub fn unix_us(&self, at: Tick) -> i64 {
        self.base.0 + (self.nanos(self.base.1, at) / 1000) as i64
    }

    /// The wall clock at a point.
    #[inline]
    pub fn unix_ms(&self, at: Tick) -> UnixMs {
        UnixMs(self.unix_us(at) / 1000)
    }

    /// A handle that measures time while the worker's other parts are borrowed.
    pub fn handle(&self) -> Counter {
        Counter(self.counter.clone())
    }

    /// The wall clock now.
    pub fn now(&self) -> UnixMs {
        self.unix_ms(self.tick())
    }
}

/// Measures how long something takes.
pub struct Counter(quanta::Clock);

impl Counter {
    /// Microseconds since a point.
    pub fn micros_since(&self, start: Tick) -> u64 {
        self.0.delta_as_nanos(start.0, self.0.raw()) / 1000
    }
}

impl Default for Clock {
    fn default() -> Self {
        Clock::new()
    }
}

#[allow(clippy::disallowed_methods)]
fn wall_us() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as i64)
}
