//! What a worker has to do at a certain time, by the processor's counter.
//!
//! ```text
//! arm ──> deadlines ── next() ──> how long the poll may wait
//!                   └─ due(now) ──> the timers whose time has come, earliest first; each is disarmed
//! ```
//! Deadlines are [`Tick`]s: setting the system's clock moves none of them. There is one timer of each kind, which
//! stands for the first deadline of its kind; where there are many (the waits of clients), they are kept in order
//! elsewhere, and the timer is armed anew before each poll. So a queue is one short array.

use crate::clock::Tick;
use std::time::Duration;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// The next turn of the cron.
    Cron,
    /// CLIENT PAUSE ends.
    EndOfPause,
    /// The wait of a client of this worker ends.
    EndOfWait,
}

const ALL: [Timer; 3] = [Timer::Cron, Timer::EndOfPause, Timer::EndOfWait];

/// The timers of a worker.
#[derive(Debug, Default)]
pub struct Timers {
    deadlines: [Option<Tick>; ALL.len()],
}

impl Timers {
    /// Lets a timer go off at this time, in place of when it would have; `None`: not at all.
    pub fn arm(&mut self, timer: Timer, at: Option<Tick>) {
        self.deadlines[timer as usize] = at;
    }

    /// When a timer goes off.
    pub fn deadline(&self, timer: Timer) -> Option<Tick> {
        self.deadlines[timer as usize]
    }

    /// When the first of them goes off.
    pub fn next(&self) -> Option<Tick> {
        self.deadlines.iter().flatten().min().copied()
    }

    /// The one that should have gone off first, and when, if the time of any has come. It is disarmed.
    pub fn due(&mut self, now: Tick) -> Option<(Timer, Tick)> {
        let armed = ALL.into_iter().filter_map(|timer| Some((timer, self.deadline(timer)?)));
        let (timer, at) = armed.filter(|(_, at)| *at <= now).min_by_key(|(_, at)| *at)?;
        self.arm(timer, None);
        Some((timer, at))
    }

    /// How long the poll may wait: whole milliseconds, rounded up, as one that ends too early would only be repeated.
    pub fn poll_timeout(&self, now: Tick, longest: Duration) -> Duration {
        let left = self.next().map_or(longest, |at| at.since(now).min(longest));
        Duration::from_millis(u64::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }
}

/// When something periodic is to be done again that was due at `due` and was done at `now`. The pace is kept, but
/// what was missed while the process stood still is not made up for.
pub fn next_turn(due: Tick, now: Tick, period: Duration) -> Tick {
    let next = due + period;
    if next > now { next } else { now + period }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualTime;

    const fn at(millis: u64) -> Tick {
        Tick::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn timers_go_off_in_the_order_of_their_deadlines_and_once() {
        let mut timers = Timers::default();
        timers.arm(Timer::Cron, Some(at(30)));
        timers.arm(Timer::EndOfPause, Some(at(10)));
        timers.arm(Timer::EndOfWait, Some(at(20)));
        assert_eq!((timers.next(), timers.due(at(9))), (Some(at(10)), None));
        let order: Vec<_> = std::iter::from_fn(|| timers.due(at(30))).collect();
        assert_eq!(order, [(Timer::EndOfPause, at(10)), (Timer::EndOfWait, at(20)), (Timer::Cron, at(30))]);
        assert_eq!((timers.next(), timers.due(Tick::NEVER)), (None, None));
    }

    #[test]
    fn a_timer_can_be_armed_anew_and_disarmed() {
        let mut timers = Timers::default();
        timers.arm(Timer::EndOfPause, Some(at(10)));
        timers.arm(Timer::EndOfPause, Some(at(20)));
        assert_eq!(timers.due(at(15)), None);
        timers.arm(Timer::EndOfPause, None);
        assert_eq!(timers.due(at(25)), None);
    }

    #[test]
    fn the_poll_never_ends_before_the_timer_it_waits_for() {
        let mut timers = Timers::default();
        let longest = Duration::from_secs(1);
        assert_eq!(timers.poll_timeout(at(0), longest), longest);
        timers.arm(Timer::Cron, Some(at(100)));
        assert_eq!(timers.poll_timeout(at(0), longest), Duration::from_millis(100));
        assert_eq!(
            timers.poll_timeout(at(99) + Duration::from_nanos(999_999), longest),
            Duration::from_millis(1)
        );
        assert_eq!(timers.poll_timeout(at(100), longest), Duration::ZERO);
        timers.arm(Timer::Cron, Some(Tick::NEVER));
        assert_eq!(timers.poll_timeout(at(0), longest), longest);
    }

    #[test]
    fn the_pace_is_kept_and_a_stall_brings_no_burst() {
        let period = Duration::from_millis(100);
        assert_eq!(next_turn(at(100), at(100), period), at(200));
        assert_eq!(next_turn(at(100), at(107), period), at(200), "a late turn does not delay the next one");
        assert_eq!(next_turn(at(100), at(5000), period), at(5100), "what was missed stays undone");
    }

    #[test]
    fn the_cron_turns_ten_times_a_second_whatever_the_wall_clock_does() {
        let (time, period, mut timers) = (ManualTime::new(), Duration::from_millis(100), Timers::default());
        let mut clock = time.clock();
        timers.arm(Timer::Cron, Some(clock.tick()));
        for step_ms in [0, -3_600_000, 7_200_000, -3_600_000] {
            time.step_wall_ms(step_ms);
            let mut turns = 0;
            for _ in 0..1000 {
                clock.sync();
                if let Some((Timer::Cron, due)) = timers.due(clock.tick()) {
                    turns += 1;
                    timers.arm(Timer::Cron, Some(next_turn(due, clock.tick(), period)));
                }
                time.advance(Duration::from_millis(1));
            }
            assert_eq!(turns, 10, "after a step of {step_ms} ms");
        }
    }
}
