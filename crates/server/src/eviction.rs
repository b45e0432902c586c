//! Keeps `maxmemory`: evicts keys before a command may use more memory.
//!
//! One command pays for at most `maxmemory-eviction-tenacity`'s share of time; what is left over
//! goes on in later turns of the loop (Redis: evict.c, performEvictions).

use crate::clock::Tick;
use crate::expiry::with_keys;
use crate::server::Server;
use ochre_engine::command::{DENYOOM, Error, Flags};
use ochre_engine::cycle::EvictionPool;

/// State of eviction.
#[derive(Default)]
pub struct Eviction {
    pool: EvictionPool,
    /// The limit was still exceeded when the time was up.
    pub unfinished: bool,
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

impl Server {
    /// Bytes in use that count against `maxmemory`.
    pub fn memory_counted(&self) -> u64 {
        let log = self.journal.aof.bytes.capacity();
        crate::alloc::used().saturating_sub(log) as u64
    }

    /// Keeps the memory limit before a command with these flags runs.
    pub fn keep_memory_limit(&mut self, flags: Flags) -> Result<(), Error> {
        if self.settings.maxmemory == 0 {
            return Ok(());
        }
        let pressure = self.evict();
        if pressure == Pressure::Stuck && flags & DENYOOM != 0 { Err(Error::OUT_OF_MEMORY) } else { Ok(()) }
    }

    /// Evicts until memory is below the limit, nothing is left to evict, or the time is up.
    pub fn evict(&mut self) -> Pressure {
        self.eviction.unfinished = false;
        if self.settings.maxmemory == 0 || self.memory_counted() <= self.settings.maxmemory {
            return Pressure::Relieved;
        }
        let started = self.lane.clock.tick();
        let pressure = self.evict_for_a_while(started);
        self.note_since("eviction-cycle", started);
        pressure
    }

    fn evict_for_a_while(&mut self, started: Tick) -> Pressure {
        let limit_us = eviction_time_us(self.settings.maxmemory_eviction_tenacity);
        let mut turns = 0u32;
        while self.memory_counted() > self.settings.maxmemory {
            if !self.evict_one() {
                return self.wait_for_reaper();
            }
            turns += 1;
            if turns.is_multiple_of(16) && self.lane.clock.handle().micros_since(started) > limit_us {
                self.eviction.unfinished = true;
                return Pressure::Running;
            }
        }
        Pressure::Relieved
    }

    fn evict_one(&mut self) -> bool {
        let lane = &mut self.lane;
        let Some((db, key)) =
            self.eviction.pool.choose(&self.world, &self.settings, &lane.access, &mut lane.rng)
        else {
            return false;
        };
        let started = lane.clock.tick();
        let lazy = self.settings.lazyfree_lazy_eviction;
        with_keys(&mut self.world, lane, &self.settings, |keys| {
            keys.select(db);
            let key = keys.locate(&key);
            keys.delete_evicted(key, lazy);
        });
        self.note_since("eviction-del", started);
        self.stats.evicted_keys += 1;
        self.settle_background(lazy);
        true
    }

    /// Nothing more to evict: values on their way to be freed may be enough.
    fn wait_for_reaper(&mut self) -> Pressure {
        let patience = std::time::Duration::from_millis(1);
        let started = self.lane.clock.tick();
        for _ in 0..10 {
            if self.reaper.pending() == 0 || self.memory_counted() <= self.settings.maxmemory {
                break;
            }
            std::thread::sleep(patience);
        }
        self.note_since("eviction-lazyfree", started);
        if self.memory_counted() <= self.settings.maxmemory { Pressure::Relieved } else { Pressure::Stuck }
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
