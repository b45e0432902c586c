//! Evicts keys: in the exclusive mode, or as a worker in the shared mode.

use super::context::ExecContext;
use crate::alloc;
use crate::clock::{Clock, Tick};
use crate::eviction::{Headroom, Pressure};
use crate::lazyfree::Reaper;
use crate::server::Server;
use ochre_engine::settings::Settings;

/// A worker among others frees this part of the limit beyond what is too much, and no more bytes than that.
const AHEAD: (u64, u64) = (2048, 32 * 1024);

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
        Some(Headroom::of(free))
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
