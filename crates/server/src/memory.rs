//! The use of memory, gathered once for INFO, MEMORY STATS and MEMORY DOCTOR, and advice about it.
//!
//! Sizes of the process and the machine come from the files of proc(5), those of the heap from the allocator. Keys are
//! counted by walking over the shards, so only a command that may lock each of them can gather.

use crate::alloc;
use crate::exec::ExecContext;
use ochre_engine::keyspace::DbIndex;
use std::sync::OnceLock;

/// The cost of the tables of one database, without its keys and values.
#[derive(Debug, Clone, Copy)]
pub struct DbOverhead {
    /// The database.
    pub db: u32,
    /// Bytes of the tables.
    pub table_bytes: usize,
}

/// The use of memory. Sizes are in bytes.
#[derive(Debug, Clone, Default)]
pub struct MemoryUse {
    /// Memory in use now.
    pub used: usize,
    /// The most memory that was in use.
    pub peak: usize,
    /// Memory in use when the server had started.
    pub startup: usize,
    /// Resident memory of the process.
    pub rss: usize,
    /// The figures of the allocator.
    pub allocator: alloc::Figures,
    /// Number of clients.
    pub connected: usize,
    /// Buffers and states of clients.
    pub clients: usize,
    /// Log of commands that waits to be written.
    pub log_buffer: usize,
    /// Databases that have keys.
    pub dbs: Vec<DbOverhead>,
    /// Keys of all databases.
    pub keys: usize,
    /// All memory in use that is not data.
    pub overhead: usize,
}

impl MemoryUse {
    /// Gathers the current numbers. `used` is [`alloc::used`] of a time at which the report has no memory of its own yet.
    pub fn gather(context: &mut ExecContext<'_>, used: usize) -> MemoryUse {
        let rss = resident();
        let (keys, dbs) = tables(context);
        let shared = context.shared;
        MemoryUse {
            used,
            peak: alloc::peak().max(used),
            startup: shared.startup_memory,
            rss,
            allocator: allocator_figures(used, rss),
            connected: shared.counts.clients(),
            clients: shared.counts.memory(),
            log_buffer: shared.log_buffer(&context.state.journal),
            keys,
            dbs,
            overhead: 0,
        }
        .with_overhead()
    }

    /// Adds up the memory that is not data.
    fn with_overhead(self) -> MemoryUse {
        let tables: usize = self.dbs.iter().map(|db| db.table_bytes).sum();
        let overhead = self.startup + self.clients + self.log_buffer + tables;
        MemoryUse { overhead: overhead.min(self.used), ..self }
    }

    /// Bytes in use beyond those after the start.
    pub fn net(&self) -> usize {
        self.used.saturating_sub(self.startup).max(1)
    }

    /// Bytes of the data.
    pub fn dataset(&self) -> usize {
        self.used - self.overhead
    }

    /// The bytes of the data, in percent of [`MemoryUse::net`].
    pub fn dataset_percent(&self) -> f64 {
        (self.dataset() as f64 * 100.0 / self.net() as f64).min(100.0)
    }

    /// The bytes in use, in percent of the peak.
    pub fn peak_percent(&self) -> f64 {
        self.used as f64 * 100.0 / self.peak.max(1) as f64
    }

    /// Resident memory, compared to memory in use.
    pub fn fragmentation(&self) -> Ratio {
        Ratio::of(self.rss, self.used)
    }

    /// Pages that the allocator uses, compared to the bytes that it handed out.
    pub fn allocator_fragmentation(&self) -> Ratio {
        Ratio::of(self.allocator.active, self.allocator.allocated)
    }

    /// Pages that the allocator holds, compared to the pages that it uses.
    pub fn allocator_rss(&self) -> Ratio {
        Ratio::of(self.allocator.resident, self.allocator.active)
    }

    /// Resident memory of the process, compared to the pages that the allocator holds.
    pub fn rss_overhead(&self) -> Ratio {
        Ratio::of(self.rss, self.allocator.resident)
    }

    /// The problems that MEMORY DOCTOR reports, one text each.
    pub fn complaints(&self) -> Vec<&'static str> {
        /// Bytes of waste that are not worth reporting.
        const MIN_WASTE: i64 = 10 << 20;
        let mut all = Vec::new();
        if self.peak as f64 > self.used as f64 * 1.5 {
            all.push(
                "Peak memory: more than 150 % of what is in use now was in use once. What was freed is \
                 kept for later use; MEMORY PURGE gives it back to the system.",
            );
        }
        if self.fragmentation().exceeds(1.4, MIN_WASTE) {
            all.push(
                "High total RSS: the process is more than 1.4 times as large as its data, because of a \
                 peak in the past or because freed and used memory lie mixed.",
            );
        }
        if self.allocator_fragmentation().exceeds(1.1, MIN_WASTE) {
            all.push("High allocator fragmentation: pages are in use that hold little.");
        }
        if self.allocator_rss().exceeds(1.1, MIN_WASTE) {
            all.push("High allocator RSS overhead: the allocator keeps free pages; try MEMORY PURGE.");
        }
        if self.rss_overhead().exceeds(1.1, MIN_WASTE) {
            all.push("High process RSS overhead: memory is in use that the allocator knows nothing of.");
        }
        if self.clients / self.connected.max(1) > 200 << 10 {
            all.push("Big client buffers: clients cost more than 200 KB each; CLIENT LIST shows which.");
        }
        all
    }
}

/// Counts the keys, and the cost of the tables of each database that has keys.
fn tables(context: &mut ExecContext<'_>) -> (usize, Vec<DbOverhead>) {
    let mut sums = vec![(0, 0); context.shared.settings.databases as usize];
    context.each_shard(|shard| {
        for (db, (keys, bytes)) in (0..).map(DbIndex).zip(&mut sums) {
            if let Some(part) = shard.db(db) {
                *keys += part.table.len();
                *bytes += part.table.bytes();
            }
        }
    });
    let keys = sums.iter().map(|(keys, _)| keys).sum();
    let dbs = (0..).zip(sums).filter(|(_, (keys, _))| *keys > 0);
    (keys, dbs.map(|(db, (_, table_bytes))| DbOverhead { db, table_bytes }).collect())
}

/// The figures of the allocator, or figures made of `used` and `rss` if it keeps none.
fn allocator_figures(used: usize, rss: usize) -> alloc::Figures {
    let figures = alloc::figures();
    if figures.allocated != 0 {
        return figures;
    }
    alloc::Figures { allocated: used, active: used, resident: rss.max(used), ..figures }
}

/// A comparison of one figure with another.
#[derive(Debug, Clone, Copy)]
pub struct Ratio {
    /// The quotient.
    pub ratio: f64,
    /// The difference in bytes; negative if the first figure is the smaller one.
    pub bytes: i64,
}

impl Ratio {
    fn of(whole: usize, part: usize) -> Ratio {
        Ratio { ratio: whole as f64 / part.max(1) as f64, bytes: whole as i64 - part as i64 }
    }

    fn exceeds(self, ratio: f64, bytes: i64) -> bool {
        self.ratio > ratio && self.bytes > bytes
    }
}

/// Bytes of the pages of this process that are in memory (proc(5), statm, second field).
pub fn resident() -> usize {
    /// Bytes of a page on all supported machines.
    const PAGE: usize = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * PAGE
}

/// Bytes of memory that the machine has.
pub fn system_total() -> usize {
    static TOTAL: OnceLock<usize> = OnceLock::new();
    *TOTAL.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
        kilobytes.unwrap_or(0) * 1024
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_data_is_overhead_and_never_more_than_all() {
        let dbs = vec![DbOverhead { db: 0, table_bytes: 30 }, DbOverhead { db: 3, table_bytes: 4 }];
        let memory = MemoryUse { startup: 100, clients: 10, log_buffer: 6, dbs, ..MemoryUse::default() };
        let known = MemoryUse { used: 1150, ..memory.clone() }.with_overhead();
        assert_eq!((known.overhead, known.dataset(), known.net()), (150, 1000, 1050));
        let unknown = MemoryUse { used: 120, ..memory }.with_overhead();
        assert_eq!((unknown.overhead, unknown.dataset()), (120, 0));
    }

    #[test]
    fn complaints_need_a_reason() {
        let healthy = MemoryUse { used: 1 << 30, peak: 1 << 30, rss: 1 << 30, ..MemoryUse::default() };
        let allocator =
            alloc::Figures { allocated: 1 << 30, active: 1 << 30, resident: 1 << 30, ..healthy.allocator };
        let healthy = MemoryUse { allocator, connected: 2, clients: 4096, ..healthy };
        assert!(healthy.complaints().is_empty());
        let after_a_peak = MemoryUse { peak: 2 << 30, ..healthy.clone() };
        assert!(matches!(after_a_peak.complaints()[..], [text] if text.starts_with("Peak memory")));
        let with_large_clients = MemoryUse { clients: 1 << 20, ..healthy };
        assert!(matches!(with_large_clients.complaints()[..], [text] if text.starts_with("Big client")));
    }

    #[test]
    fn the_process_and_the_machine_have_memory() {
        assert!(resident() > 0 && system_total() > resident());
    }
}
