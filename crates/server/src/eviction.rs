//! Keeps `maxmemory`: evicts keys before a command may use more memory.
//!
//! One command pays for at most `maxmemory-eviction-tenacity`'s share of time; what is left over
//! goes on in later turns of the loop (Redis: evict.c, performEvictions).
//!
//! Several workers keep one limit. Asking for the sum of all threads before each command would be too dear, so a
//! worker that has asked may use so many bytes, by its own counter, before it asks again: a share of what was free, and
//! never more than [`TOLERANCE`] allows all workers together. In front of the limit the shares shrink, so the limit
//! is met as closely as the commands under way allow; behind it a worker makes a little more room than it needs.
//!
//! What is known of it is here; `exec/eviction.rs` evicts.

use crate::alloc;
use crate::clock::{Clock, Tick};
use ochre_engine::cycle::EvictionPool;
use std::ops::RangeInclusive;

/// All workers together may use this part of the limit without asking: a quarter of a percent, and as much again of
/// what they freed themselves.
const TOLERANCE: u64 = 400;

/// Nothing was found to evict: a worker among others, for whom looking costs a lock per shard, does not look again
/// for so long.
const REST_NANOS: u64 = 1_000_000;

/// What this thread may have in use before it asks again what all threads use, in bytes by its own counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headroom {
    /// What it frees others may have taken, so among others it asks again as well when it has freed much. `None`: it has
    /// to ask.
    bounds: Option<RangeInclusive<i64>>,
    /// Only what uses no more memory may run.
    is_stuck: bool,
}

impl Headroom {
    /// So many bytes more than this thread has in use now, for the only worker.
    pub fn of(free: u64) -> Headroom {
        let end = alloc::used_by_this_thread().saturating_add_unsigned(free);
        Headroom { bounds: Some(i64::MIN..=end), is_stuck: false }
    }

    /// Whether a command may run without asking. `needs` is whether it may use more memory.
    #[inline]
    pub fn is_left(&self, needs: impl FnOnce() -> bool) -> bool {
        let is_within = |bounds: &RangeInclusive<i64>| bounds.contains(&alloc::used_by_this_thread());
        self.bounds.as_ref().is_some_and(is_within) && !(self.is_stuck && needs())
    }
}

/// State of eviction of a worker.
#[derive(Default)]
pub struct Eviction {
    /// The best candidates.
    pub pool: EvictionPool,
    /// The limit was still exceeded when the time was up.
    pub unfinished: bool,
    /// The bounds of this worker's room, if it knows them.
    bounds: Option<RangeInclusive<i64>>,
    /// When nothing was found to evict, and memory did not suffice.
    stuck: Option<Tick>,
}

impl Eviction {
    /// The room of this worker.
    pub fn headroom(&self) -> Headroom {
        Headroom { bounds: self.bounds.clone(), is_stuck: self.stuck.is_some() }
    }

    /// Starts anew: limit or policy may have changed.
    pub fn forget(&mut self) {
        self.pool.clear();
        self.bounds = None;
        self.stuck = None;
    }

    /// Does not rely on what was known of the room.
    pub fn ask_again(&mut self) {
        self.bounds = None;
    }

    /// Whether looking for something to evict was in vain a moment ago.
    pub fn rests(&self, clock: &Clock) -> bool {
        self.stuck.is_some_and(|since| clock.nanos(since, clock.tick()) < REST_NANOS)
    }

    /// Keeps what an attempt of one of so many workers came to, which left `free` bytes below the limit.
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

/// What an attempt to get below the limit came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressure {
    /// Below the limit.
    Relieved,
    /// Above it, but keys are being evicted.
    Running,
    /// Above it, and nothing can be evicted.
    Stuck,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 1_000_000;
    const WORKERS: u64 = 4;

    /// The room of a worker that has found so many bytes free.
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
