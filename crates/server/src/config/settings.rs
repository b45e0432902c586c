//! The part of the configuration that the engine sees.

use ochre_engine::settings::Settings;

use super::Config;

impl Config {
    /// Brings the engine's settings up to date. Settings that are no directives (the switches of DEBUG) stay.
    pub fn update_settings(&self, settings: &mut Settings) {
        let Config { process, network, memory, encodings, persistence, .. } = self;
        *settings = Settings {
            level: process.compat_version,
            databases: process.databases.unsigned_abs(),
            hash_max_listpack_entries: encodings.hash_max_listpack_entries,
            hash_max_listpack_value: encodings.hash_max_listpack_value,
            set_max_intset_entries: encodings.set_max_intset_entries,
            set_max_listpack_entries: encodings.set_max_listpack_entries,
            set_max_listpack_value: encodings.set_max_listpack_value,
            zset_max_listpack_entries: encodings.zset_max_listpack_entries,
            zset_max_listpack_value: encodings.zset_max_listpack_value,
            list_max_listpack_size: encodings.list_max_listpack_size,
            list_compress_depth: encodings.list_compress_depth.unsigned_abs(),
            stream_node_max_bytes: encodings.stream_node_max_bytes,
            stream_node_max_entries: encodings.stream_node_max_entries.unsigned_abs(),
            hll_sparse_max_bytes: encodings.hll_sparse_max_bytes,
            proto_max_bulk_len: usize::try_from(network.proto_max_bulk_len).unwrap_or(usize::MAX),
            maxmemory: memory.maxmemory,
            maxmemory_policy: memory.maxmemory_policy,
            maxmemory_samples: memory.maxmemory_samples.unsigned_abs(),
            maxmemory_eviction_tenacity: memory.maxmemory_eviction_tenacity.unsigned_abs(),
            lfu_log_factor: memory.lfu_log_factor.unsigned_abs(),
            lfu_decay_time: memory.lfu_decay_time.unsigned_abs(),
            active_expire_effort: memory.active_expire_effort.unsigned_abs(),
            activerehashing: process.activerehashing,
            lazyfree_lazy_eviction: memory.lazyfree_lazy_eviction,
            lazyfree_lazy_expire: memory.lazyfree_lazy_expire,
            lazyfree_lazy_server_del: memory.lazyfree_lazy_server_del,
            lazyfree_lazy_user_del: memory.lazyfree_lazy_user_del,
            lazyfree_lazy_user_flush: memory.lazyfree_lazy_user_flush,
            notify_keyspace_events: memory.notify_keyspace_events,
            rdbcompression: persistence.rdbcompression,
            sanitize_dump_payload: persistence.sanitize_dump_payload,
            skip_checksum_validation: settings.skip_checksum_validation,
            active_expire_enabled: settings.active_expire_enabled,
            quicklist_packed_threshold: settings.quicklist_packed_threshold,
        };
    }

    /// The engine's settings at the start.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        self.update_settings(&mut settings);
        settings
    }
}
