//! The state of eviction, which keeps the memory within `maxmemory`. `exec/eviction.rs` evicts keys before a command
//! may use more memory.
//!
//! The time that one command spends on eviction is limited by `maxmemory-eviction-tenacity`. If it does not suffice,
//! eviction goes on in later turns of the loop (Redis: evict.c, performEvictions).
//!
//! Several workers keep one limit. Asking for the sum of all threads before each command would be too dear. So a
//! worker that has asked gets a *headroom*: bytes that it may use, by its own counter, before it asks again. This is a
//! share of the free memory, and never more than [`TOLERANCE`] allows all workers together. Near the limit the shares
//! shrink, so the limit is met as closely as the commands under way allow. Above it a worker frees a little more than
//! it has to.

use crate::alloc;
use crate::clock::{Clock, Tick};
use ochre_engine::cycle::EvictionPool;
use std::ops::RangeInclusive;

/// The divisor for the part of the limit that all workers together may use without asking: a quarter of a percent, and as
/// much again of the memory that they have freed themselves.
const TOLERANCE: u64 = 400;

/// Nanoseconds for which a worker does not search again after it has found nothing to evict. In the shared mode a search
/// costs a lock per shard.
const REST_NANOS: u64 = 1_000_000;

/// The bounds of the memory of this thread within which it need not ask for the memory of all threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headroom {
    /// Bytes by the counter of this thread. There is a lower bound because other threads may have used the memory that
    /// this one has freed. `None`: the thread has to ask.
    bounds: Option<RangeInclusive<i64>>,
    /// Whether only commands may run that use no more memory.
    is_stuck: bool,
}

impl Headroom {
    /// The headroom of the only worker: `free` bytes more than it has in use now.
    pub fn of(free: u64) -> Headroom {
        let end = alloc::used_by_this_thread().saturating_add_unsigned(free);
        Headroom { bounds: Some(i64::MIN..=end), is_stuck: false }
    }

    /// Whether a command may run without asking. `needs` tells whether the command may use more memory.
    #[inline]
    pub fn is_left(&self, needs: impl FnOnce() -> bool) -> bool {
        let is_within = |bounds: &RangeInclusive<i64>| bounds.contains(&alloc::used_by_this_thread());
        self.bounds.as_ref().is_some_and(is_within) && !(self.is_stuck && needs())
    }
}

/// The state of eviction of a worker.
#[derive(Default)]
pub struct Eviction {
    /// The best candidates for eviction.
    pub pool: EvictionPool,
    /// Whether the limit was still exceeded when the time was up.
    pub unfinished: bool,
    /// The bounds of the headroom, if they are known.
    bounds: Option<RangeInclusive<i64>>,
    /// The time at which nothing was found to evict although memory did not suffice.
    stuck: Option<Tick>,
}

impl Eviction {
    /// The headroom of this worker.
    pub fn headroom(&self) -> Headroom {
        Headroom { bounds: self.bounds.clone(), is_stuck: self.stuck.is_some() }
    }

    /// Forgets candidates and bounds, because the limit or the policy may have changed.
    pub fn forget(&mut self) {
        self.pool.clear();
        self.bounds = None;
        self.stuck = None;
    }

    /// Forgets the headroom, so that the worker asks again.
    pub fn ask_again(&mut self) {
        self.bounds = None;
    }

    /// Whether the last search found nothing to evict, a moment ago.
    pub fn rests(&self, clock: &Clock) -> bool {
        self.stuck.is_some_and(|since| clock.nanos(since, clock.tick()) < REST_NANOS)
    }

    /// Keeps the result of an attempt to get below `limit`, after which `free` bytes are left below it. `workers` is
    /// the number of workers that share them.
    pub fn conclude(&mut self, pressure: Pressure, free: u64, limit: u64, workers: u64, clock: &Clock) {
        let tolerated = limit / TOLERANCE / workers;
        self.unfinished = pressure == Pressure::Running;
        let headroom = match pressure {
            Pressure::Relieved => Some(tolerated.min(free / workers)),
            Pressure::Stuck => Some(tolerated),
            Pressure::Running => None,
        };
        let used = alloc::used_by_this_thread();
        self.bounds = headroom
            .map(|headroom| used.saturating_sub_unsigned(tolerated)..=used.saturating_add_unsigned(headroom));
        self.stuck = match pressure {
            Pressure::Stuck if self.rests(clock) => self.stuck,
            Pressure::Stuck => Some(clock.tick()),
            _ => None,
        };
    }
}

/// The result of an attempt to get below the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressure {
    /// The memory is below the limit.
    Relieved,
    /// The memory is above the limit, and keys are being evicted.
    Running,
    /// The memory is above the limit, and nothing can be evicted.
    Stuck,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 1_000_000;
    const WORKERS: u64 = 4;

    /// The headroom of a worker that has found `free` bytes free.
    fn headroom(pressure: Pressure, free: u64) -> Option<RangeInclusive<i64>> {
        let mut eviction = Eviction::default();
        eviction.conclude(pressure, free, LIMIT, WORKERS, &Clock::new());
        eviction.bounds
    }

    #[test]
    fn workers_together_use_less_than_one_percent_without_asking() {
        let headroom = headroom(Pressure::Relieved, LIMIT).expect("there is headroom");
        let together = (headroom.end() - headroom.start()).cast_unsigned() * WORKERS;
        assert!((LIMIT / 1000..LIMIT / 100).contains(&together), "{together}");
    }

    #[test]
    fn in_front_of_the_limit_the_shares_shrink() {
        assert_eq!(headroom(Pressure::Relieved, 100).map(|headroom| *headroom.end()), Some(25));
        assert_eq!(headroom(Pressure::Relieved, 0).map(|headroom| *headroom.end()), Some(0));
        assert_eq!(headroom(Pressure::Running, 0), None);
    }

    #[test]
    fn only_what_needs_memory_asks_again_when_nothing_can_be_evicted() {
        let (mut eviction, clock) = (Eviction::default(), Clock::new());
        let has_headroom = |eviction: &Eviction, needs: bool| eviction.headroom().is_left(|| needs);
        assert!(!has_headroom(&eviction, false) && !eviction.rests(&clock));
        eviction.conclude(Pressure::Stuck, 0, LIMIT, WORKERS, &clock);
        assert!(has_headroom(&eviction, false) && !has_headroom(&eviction, true) && eviction.rests(&clock));
        eviction.conclude(Pressure::Relieved, LIMIT, LIMIT, WORKERS, &clock);
        assert!(has_headroom(&eviction, true) && !eviction.rests(&clock));
        eviction.forget();
        assert!(!has_headroom(&eviction, false));
    }
}
