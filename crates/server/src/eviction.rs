//! Keeps `maxmemory`: evicts keys before a command may use more memory.
//!
//! One command pays for at most `maxmemory-eviction-tenacity`'s share of time; what is left over
//! goes on in later turns of the loop (Redis: evict.c, performEvictions).
//!
//! Several workers keep one limit. Asking for the sum of all threads before each command would be too dear, so a
//! worker that has asked may use so many bytes, by its own counter, before it asks again: a share of what was free, and
//! never more than [`TOLERANCE`] allows all workers together. In front of the limit the shares shrink, so the limit
//! is met as closely as the commands under way allow; behind it a worker makes a little more room than it needs.

use crate::alloc;
use crate::clock::{Clock, Tick};
use crate::exec::ExecContext;
use crate::lazyfree::Reaper;
use crate::server::Server;
use ochre_engine::cycle::EvictionPool;
use ochre_engine::settings::Settings;
use std::ops::RangeInclusive;

/// All workers together may use this part of the limit without asking: a quarter of a percent, and as much again of
/// what they freed themselves.
const TOLERANCE: u64 = 400;

/// A worker among others frees this part of the limit beyond what is too much, and no more bytes than that.
const AHEAD: (u64, u64) = (2048, 32 * 1024);

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

/// Where keys are evicted: the exclusive mode, or a worker in the shared mode.
pub trait EvictionSite {
    /// Settings.
    fn settings(&self) -> &Settings;
    /// Bytes in use that count against the limit.
    fn memory_counted(&self) -> u64;
    /// Whether others may be evicting at the same time.
    fn is_among_others(&self) -> bool;
    /// Evicts the best candidate and settles what that did. False if there is none.
    fn evict_one(&mut self) -> bool;
    /// The thread that frees large values.
    fn reaper(&self) -> &Reaper;
    /// The clock.
    fn clock(&self) -> &Clock;
    /// Notes an event of the latency monitor if it took long enough.
    fn note_since(&mut self, event: &'static str, started: Tick);
}

/// Evicts until memory is below the limit, nothing is left to evict, or the time is up. Begins with what counts against
/// the limit, in bytes, and returns what does in the end.
pub fn relieve(site: &mut impl EvictionSite, counted: u64) -> (Pressure, u64) {
    let limit = site.settings().maxmemory;
    if limit == 0 || counted <= limit {
        return (Pressure::Relieved, counted);
    }
    let started = site.clock().tick();
    let came_to = evict_for_a_while(site, limit, counted, started);
    site.note_since("eviction-cycle", started);
    came_to
}

fn evict_for_a_while(
    site: &mut impl EvictionSite,
    limit: u64,
    mut counted: u64,
    started: Tick,
) -> (Pressure, u64) {
    let limit_us = eviction_time_us(site.settings().maxmemory_eviction_tenacity);
    let ahead = if site.is_among_others() { (limit / AHEAD.0).min(AHEAD.1) } else { 0 };
    let mut turns = 0u32;
    while counted > limit {
        if turns > 0 && turns.is_multiple_of(16) && site.clock().handle().micros_since(started) > limit_us {
            return (Pressure::Running, counted);
        }
        let excess = (counted - limit + ahead).cast_signed();
        let before = alloc::used_by_this_thread();
        // What other threads free meanwhile is seen every 16 keys.
        loop {
            if !site.evict_one() {
                return wait_for_reaper(site, limit);
            }
            turns += 1;
            if turns.is_multiple_of(16) || before - alloc::used_by_this_thread() >= excess {
                break;
            }
        }
        counted = site.memory_counted();
    }
    (Pressure::Relieved, counted)
}

/// Nothing more to evict: values on their way to be freed may be enough.
fn wait_for_reaper(site: &mut impl EvictionSite, limit: u64) -> (Pressure, u64) {
    let patience = std::time::Duration::from_millis(1);
    let started = site.clock().tick();
    let mut counted = site.memory_counted();
    for _ in 0..10 {
        if site.reaper().pending() == 0 || counted <= limit {
            break;
        }
        std::thread::sleep(patience);
        counted = site.memory_counted();
    }
    site.note_since("eviction-lazyfree", started);
    (if counted <= limit { Pressure::Relieved } else { Pressure::Stuck }, counted)
}

impl EvictionSite for Server {
    fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    fn memory_counted(&self) -> u64 {
        self.shared.memory_counted(&self.state.journal)
    }

    fn is_among_others(&self) -> bool {
        false
    }

    fn evict_one(&mut self) -> bool {
        let started = self.state.clock.tick();
        let found = self.without_client(|context| context.evict());
        self.note_since("eviction-del", started);
        found
    }

    fn reaper(&self) -> &Reaper {
        &self.shared.reaper
    }

    fn clock(&self) -> &Clock {
        &self.state.clock
    }

    fn note_since(&mut self, event: &'static str, started: Tick) {
        Server::note_since(self, event, started);
    }
}

impl ExecContext<'_> {
    /// Evicts the best candidate and carries out what that did. False if there is none. Its shard is still held.
    pub fn evict(&mut self) -> bool {
        let settings = &self.shared.settings;
        let mut pool = std::mem::take(&mut self.state.eviction.pool);
        let (mut keys, rng) = self.background();
        let found = pool.evict(&mut keys, settings, rng);
        self.state.eviction.pool = pool;
        if !found {
            return false;
        }
        self.state.stats.evicted_keys.add(1);
        self.settle_background(settings.lazyfree_lazy_eviction);
        true
    }
}

impl Server {
    /// Keeps the memory limit before a command runs. True if it is exceeded and nothing can be evicted.
    pub fn is_stuck_above_limit(&mut self) -> bool {
        self.evict() == Pressure::Stuck
    }

    /// The room of the only worker: up to the limit. `None`: it is exceeded.
    pub fn headroom(&self) -> Option<Headroom> {
        let free = self.shared.settings.maxmemory.checked_sub(self.memory_counted())?;
        let end = alloc::used_by_this_thread().saturating_add_unsigned(free);
        Some(Headroom { bounds: Some(i64::MIN..=end), is_stuck: false })
    }

    /// Evicts in the exclusive mode.
    pub fn evict(&mut self) -> Pressure {
        let counted = self.memory_counted();
        let (pressure, _) = relieve(self, counted);
        self.state_of(0).eviction.unfinished = pressure == Pressure::Running;
        pressure
    }

    /// Lets the first worker evict before it waits the next time.
    pub fn evict_later(&mut self) {
        self.state_of(0).eviction.unfinished = true;
    }
}

/// Microseconds that one command may spend evicting (Redis: evict.c, evictionTimeLimitUs).
fn eviction_time_us(tenacity: u32) -> u64 {
    match tenacity {
        0..=10 => 50 * u64::from(tenacity),
        11..=99 => (500.0 * 1.15f64.powi(tenacity as i32 - 10)) as u64,
        _ => u64::MAX,
    }
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
