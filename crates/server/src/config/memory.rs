//! Directives about memory: limits, eviction, freeing, defragmentation, and the thresholds at
//! which a value changes its encoding.

use ochre_engine::settings::{EventClasses, MaxmemoryPolicy};

use super::directive::{Apply, directive, topic};

const INT: i128 = i32::MAX as i128;
const LONG: i128 = i64::MAX as i128;

topic! {
    memory;
    /// Limits, eviction, freeing.
    pub struct Memory {
        /// The most memory to use, in bytes; 0 is no limit.
        maxmemory: u64 = 0 => directive("maxmemory").bytes(0, u64::MAX as i128).apply(Apply::MaxMemory);
        /// The choice of keys to evict when memory runs out.
        maxmemory_policy: MaxmemoryPolicy = MaxmemoryPolicy::NoEviction => directive("maxmemory-policy");
        /// Keys that are looked at for each evicted one.
        maxmemory_samples: i32 = 5 => directive("maxmemory-samples").int(1, INT);
        /// The share of time by which eviction may delay commands, from 0 (little) to 100 (without limit).
        maxmemory_eviction_tenacity: i32 = 10 => directive("maxmemory-eviction-tenacity").int(0, 100);
        /// The accesses that raise a frequency counter: the higher, the more.
        lfu_log_factor: i32 = 10 => directive("lfu-log-factor").int(0, INT);
        /// Minutes after which a frequency counter falls.
        lfu_decay_time: i32 = 1 => directive("lfu-decay-time").int(0, INT);
        /// The effort of the search for expired keys, from 1 to 10.
        active_expire_effort: i32 = 1 => directive("active-expire-effort").int(1, 10);
        /// Whether evicted values are freed in the background.
        lazyfree_lazy_eviction: bool = false => directive("lazyfree-lazy-eviction");
        /// Whether expired values are freed in the background.
        lazyfree_lazy_expire: bool = false => directive("lazyfree-lazy-expire");
        /// Whether values replaced by a command are freed in the background.
        lazyfree_lazy_server_del: bool = false => directive("lazyfree-lazy-server-del");
        /// Whether DEL behaves as UNLINK.
        lazyfree_lazy_user_del: bool = false => directive("lazyfree-lazy-user-del");
        /// Whether FLUSHALL behaves as FLUSHALL ASYNC.
        lazyfree_lazy_user_flush: bool = false => directive("lazyfree-lazy-user-flush");
        /// Whether the allocator gives memory back in a thread of its own.
        jemalloc_bg_thread: bool = true => directive("jemalloc-bg-thread").apply(Apply::AllocatorThread);
        /// Whether values are moved to close holes.
        activedefrag: bool = false => directive("activedefrag").no_effect();
        /// The least percentage of the processor for that.
        active_defrag_cycle_min: i32 = 1 => directive("active-defrag-cycle-min").int(1, 99).no_effect();
        /// The greatest percentage of the processor for that.
        active_defrag_cycle_max: i32 = 25 => directive("active-defrag-cycle-max").int(1, 99).no_effect();
        /// Percentage of unused memory at which values begin to be moved.
        active_defrag_threshold_lower: i32 = 10 =>
            directive("active-defrag-threshold-lower").int(0, 1000).no_effect();
        /// Percentage of unused memory at which the effort is greatest.
        active_defrag_threshold_upper: i32 = 100 =>
            directive("active-defrag-threshold-upper").int(0, 1000).no_effect();
        /// Elements of a collection that are moved at once.
        active_defrag_max_scan_fields: u64 = 1000 =>
            directive("active-defrag-max-scan-fields").int(1, LONG).no_effect();
        /// Bytes of unused memory at which values begin to be moved.
        active_defrag_ignore_bytes: usize = 100 << 20 =>
            directive("active-defrag-ignore-bytes").bytes(1, LONG).no_effect();
        /// The keyspace events that are published.
        notify_keyspace_events: EventClasses = EventClasses::empty() => directive("notify-keyspace-events");
    }
}

/// Directives about encodings.
pub mod encodings {
    use super::*;

    topic! {
        encodings;
        /// The thresholds at which a value changes its encoding.
        pub struct Encodings {
            /// The most fields of a hash that is a listpack.
            hash_max_listpack_entries: usize = 512 =>
                directive("hash-max-listpack-entries").alias("hash-max-ziplist-entries").int(0, LONG);
            /// The most bytes of a field or value of such a hash.
            hash_max_listpack_value: usize = 64 =>
                directive("hash-max-listpack-value").alias("hash-max-ziplist-value").bytes(0, LONG);
            /// The most members of a set that is an intset.
            set_max_intset_entries: usize = 512 => directive("set-max-intset-entries").int(0, LONG);
            /// The most members of a set that is a listpack.
            set_max_listpack_entries: usize = 128 => directive("set-max-listpack-entries").int(0, LONG);
            /// The most bytes of a member of such a set.
            set_max_listpack_value: usize = 64 => directive("set-max-listpack-value").int(0, LONG);
            /// The most members of a sorted set that is a listpack.
            zset_max_listpack_entries: usize = 128 =>
                directive("zset-max-listpack-entries").alias("zset-max-ziplist-entries").int(0, LONG);
            /// The most bytes of a member of such a sorted set.
            zset_max_listpack_value: usize = 64 =>
                directive("zset-max-listpack-value").alias("zset-max-ziplist-value").bytes(0, LONG);
            /// The limit of a node of a list: a count of elements, or -1 to -5 for 4, 8, 16, 32 or 64 KB.
            list_max_listpack_size: i32 = -2 => directive("list-max-listpack-size")
                .alias("list-max-ziplist-size").int(i32::MIN as i128, INT);
            /// Nodes at each end of a list that are not compressed; 0 compresses none.
            list_compress_depth: i32 = 0 => directive("list-compress-depth").int(0, INT);
            /// The most bytes of a node of a stream; 0 is no limit.
            stream_node_max_bytes: usize = 4096 => directive("stream-node-max-bytes").bytes(0, LONG);
            /// The most entries of a node of a stream; 0 is no limit.
            stream_node_max_entries: i64 = 100 => directive("stream-node-max-entries").int(0, LONG);
            /// The most bytes of a HyperLogLog that is sparse.
            hll_sparse_max_bytes: usize = 3000 => directive("hll-sparse-max-bytes").bytes(0, LONG);
        }
    }
}
