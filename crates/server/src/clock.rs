//! Time, at the price of one read of a counter per command.
//!
//! There are two kinds of time, and they must not be mixed:
//!
//! ```text
//! Tick     the processor's counter   never goes back or jumps   periods, ages, timeouts, deadlines
//! UnixMs   the system's clock        anybody may set it         expiry of keys, and times that users see
//! ```
//! [`Clock`] reads the processor's counter through `quanta` and derives the wall clock from it, too. The wall clock is
//! taken from the system at every turn of the event loop, so that steps of the system's clock are followed.
//!
//! A clock is made once, at the start of the process, and passed to all parts that need the time. Tests pass clocks of a
//! `ManualTime`, which moves both kinds of time on request only, and independently.

use ochre_engine::time::UnixMs;
use std::ops::Add;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time, in nanoseconds of the counter, which all clocks of the process share. A deadline is a point that lies
/// ahead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(u64);

impl Tick {
    /// A point that never comes.
    pub const NEVER: Tick = Tick(u64::MAX);

    /// The point at which the counter shows `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Tick {
        Tick(nanos)
    }

    /// Nanoseconds of the counter.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Whole seconds of the counter.
    pub const fn seconds(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// The time that has passed since `earlier`; zero if that point is the later one.
    #[inline]
    pub const fn since(self, earlier: Tick) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Tick {
    type Output = Tick;

    /// The point `time` later; [`Tick::NEVER`] if that is out of range.
    #[inline]
    fn add(self, time: Duration) -> Tick {
        Tick(u64::try_from(time.as_nanos()).map_or(u64::MAX, |nanos| self.0.saturating_add(nanos)))
    }
}

/// The clock of a worker. Clones show the same time.
#[derive(Clone)]
pub struct Clock {
    counter: Counter,
    wall: WallClock,
    /// The wall clock in nanoseconds when it was last read, and the counter at that moment.
    base: (i64, Tick),
}

impl Clock {
    /// A clock set to the system's time.
    pub fn new() -> Clock {
        Clock::over(quanta::Clock::new(), WallClock::System)
    }

    fn over(counter: quanta::Clock, wall: WallClock) -> Clock {
        let counter = Counter(counter);
        let base = (wall.nanos(), counter.tick());
        Clock { counter, wall, base }
    }

    /// Reads the clock of the system. To be called once per turn of the event loop.
    pub fn sync(&mut self) {
        self.base = (self.wall.nanos(), self.tick());
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

/// The counter of a clock, for measuring durations.
#[derive(Clone)]
pub struct Counter(quanta::Clock);

impl Counter {
    /// Reads the counter.
    #[inline]
    pub fn tick(&self) -> Tick {
        Tick(self.0.delta_as_nanos(0, self.0.raw()))
    }

    /// Microseconds since `start`.
    pub fn micros_since(&self, start: Tick) -> u64 {
        self.tick().0.saturating_sub(start.0) / 1000
    }
}

impl Default for Clock {
    fn default() -> Self {
        Clock::new()
    }
}

/// The source of the wall clock: the system, or a test.
#[derive(Clone)]
enum WallClock {
    System,
    #[cfg(test)]
    Manual(manual::Wall),
}

impl WallClock {
    #[allow(clippy::disallowed_methods)]
    fn nanos(&self) -> i64 {
        match self {
            WallClock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                since.ok().and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0)
            }
            #[cfg(test)]
            WallClock::Manual(wall) => wall.nanos(),
        }
    }
}

#[cfg(test)]
mod manual;
#[cfg(test)]
pub use manual::ManualTime;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_neither_overflow_nor_underflow() {
        let (early, late) = (Tick(5), Tick(1_000_000_005));
        assert_eq!(late.since(early), Duration::from_secs(1));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(early + Duration::from_secs(1), late);
        assert_eq!(late + Duration::MAX, Tick::NEVER);
        assert_eq!(Tick::NEVER + Duration::from_nanos(1), Tick::NEVER);
    }

    #[test]
    fn the_wall_clock_is_followed_at_the_next_turn_and_ticks_do_not_care() {
        let time = ManualTime::new();
        let mut clock = time.clock();
        let (tick, now) = (clock.tick(), clock.now());
        time.advance(Duration::from_millis(7));
        assert_eq!(clock.now(), UnixMs(now.0 + 7));
        time.step_wall_ms(-3_600_000);
        assert_eq!(clock.now(), UnixMs(now.0 + 7), "between two turns the wall clock goes with the counter");
        clock.sync();
        assert_eq!(clock.now(), UnixMs(now.0 + 7 - 3_600_000));
        assert_eq!(clock.tick().since(tick), Duration::from_millis(7));
    }
}
