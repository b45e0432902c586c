//! The section about memory. MEMORY STATS and MEMORY DOCTOR are made of the same [`MemoryUse`].

use super::Unit::{Bytes, Count, Percent, Ratio};
use super::Value::{self, Decimal};
use super::field::{Section, counter, derived, gauge, text};
use crate::config::Choice;
use crate::memory::{self, MemoryUse, system_total};
use crate::process::about;
use ochre_engine::settings::MaxmemoryPolicy;

/// Fills the section from the use of memory, the limit with the policy of eviction, and the numbers of large values that
/// wait to be freed in the background and that have been freed.
pub fn describe(
    memory: &MemoryUse,
    limit: (u64, MaxmemoryPolicy),
    (pending, freed): (u64, u64),
    section: &mut Section,
) {
    totals(memory, section);
    section.size("total_system_memory", system_total());
    scripts(section);
    section.size("maxmemory", limit.0);
    section.push(text("maxmemory_policy", limit.1.name()));
    ratio("allocator_frag", memory.allocator_fragmentation(), section);
    ratio("allocator_rss", memory.allocator_rss(), section);
    ratio("rss_overhead", memory.rss_overhead(), section);
    ratio("mem_fragmentation", memory.fragmentation(), section);
    section.extend([
        gauge("mem_not_counted_for_evict", Bytes, memory.log_buffer),
        gauge("mem_replication_backlog", Bytes, 0),
        gauge("mem_total_replication_buffers", Bytes, 0),
        gauge("mem_clients_slaves", Bytes, 0),
        gauge("mem_clients_normal", Bytes, memory.clients),
        gauge("mem_cluster_links", Bytes, 0),
        gauge("mem_aof_buffer", Bytes, memory.log_buffer),
        text("mem_allocator", about::allocator()),
        gauge("active_defrag_running", Count, 0),
        gauge("lazyfree_pending_objects", Count, pending),
        counter("lazyfreed_objects", Count, freed),
    ]);
}

fn totals(memory: &MemoryUse, section: &mut Section) {
    section.size("used_memory", memory.used);
    section.size("used_memory_rss", memory.rss);
    section.size("used_memory_peak", memory.peak);
    section.extend([
        gauge("used_memory_peak_perc", Percent, Value::Percent(memory.peak_percent())),
        gauge("used_memory_overhead", Bytes, memory.overhead),
        gauge("used_memory_startup", Bytes, memory.startup),
        gauge("used_memory_dataset", Bytes, memory.dataset()),
        gauge("used_memory_dataset_perc", Percent, Value::Percent(memory.dataset_percent())),
        gauge("allocator_allocated", Bytes, memory.allocator.allocated),
        gauge("allocator_active", Bytes, memory.allocator.active),
        gauge("allocator_resident", Bytes, memory.allocator.resident),
    ]);
}

fn scripts(section: &mut Section) {
    section.extend([
        gauge("used_memory_lua", Bytes, 0),
        gauge("used_memory_vm_eval", Bytes, 0),
        derived("used_memory_lua_human", Bytes, Value::Human(0)),
        gauge("used_memory_scripts_eval", Bytes, 0),
        gauge("number_of_cached_scripts", Count, 0),
        gauge("number_of_functions", Count, 0),
        gauge("number_of_libraries", Count, 0),
        gauge("used_memory_vm_functions", Bytes, 0),
    ]);
    section.size("used_memory_vm_total", 0);
    section.push(gauge("used_memory_functions", Bytes, 0));
    section.size("used_memory_scripts", 0);
}

/// Adds the fields `<name>_ratio` and `<name>_bytes`.
fn ratio(name: &str, ratio: memory::Ratio, section: &mut Section) {
    section.push(gauge(format!("{name}_ratio"), Ratio, Decimal(ratio.ratio, 2)));
    section.push(gauge(format!("{name}_bytes"), Bytes, ratio.bytes));
}
