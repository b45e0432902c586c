//! Directives about files on disk, and about the other servers that hold the same data.

use super::choices::{AppendFsync, ClusterEndpoint, PropagationError, ReplDisklessLoad};
use super::directive::{Apply, Flags, directive, topic};
use super::lists::{ReplicaOf, SaveRules};
use super::values::Text;
use ochre_engine::settings::SanitizeDumpPayload;

const PORT: i128 = u16::MAX as i128;
const INT: i128 = i32::MAX as i128;
const LONG: i128 = i64::MAX as i128;

/// Whether a text names a file without a directory.
fn is_base_name(text: &[u8]) -> bool {
    !text.contains(&b'/') && !text.contains(&b'\\')
}

fn check_dbfilename(text: &[u8]) -> Result<(), &'static str> {
    if is_base_name(text) { Ok(()) } else { Err("dbfilename can't be a path, just a filename") }
}

fn check_appendfilename(text: &[u8]) -> Result<(), &'static str> {
    match text {
        b"" => Err("appendfilename can't be empty"),
        _ if is_base_name(text) => Ok(()),
        _ => Err("appendfilename can't be a path, just a filename"),
    }
}

fn check_appenddirname(text: &[u8]) -> Result<(), &'static str> {
    match text {
        b"" => Err("appenddirname can't be empty"),
        _ if is_base_name(text) => Ok(()),
        _ => Err("appenddirname can't be a path, just a dirname"),
    }
}

topic! {
    persistence;
    /// Snapshots and the append only file.
    pub struct Persistence {
        /// The rules that say when a snapshot is taken.
        save: SaveRules = SaveRules::default() =>
            directive("save").flags(Flags::MULTI_ARG.union(Flags::ALWAYS_WRITTEN));
        /// The file name of the snapshot.
        dbfilename: Text = Text::from("dump.rdb") =>
            directive("dbfilename").checked(check_dbfilename).flags(Flags::PROTECTED);
        /// Whether texts in a snapshot are compressed.
        rdbcompression: bool = true => directive("rdbcompression");
        /// Whether a snapshot ends with a checksum.
        rdbchecksum: bool = true => directive("rdbchecksum").immutable();
        /// Whether a file that only served replication is deleted.
        rdb_del_sync_files: bool = false => directive("rdb-del-sync-files");
        /// Whether a snapshot is flushed to the disk in steps.
        rdb_save_incremental_fsync: bool = true => directive("rdb-save-incremental-fsync");
        /// Microseconds to wait after each key, for tests.
        rdb_key_save_delay: i32 = 0 =>
            directive("rdb-key-save-delay").int(i32::MIN as i128, INT).flags(Flags::HIDDEN);
        /// Microseconds to wait after each key that is loaded, for tests.
        key_load_delay: i32 = 0 => directive("key-load-delay").int(i32::MIN as i128, INT).flags(Flags::HIDDEN);
        /// Bytes of a snapshot after which loading serves clients.
        loading_process_events_interval_bytes: i64 = 2 << 20 =>
            directive("loading-process-events-interval-bytes").int(1024, INT).flags(Flags::HIDDEN);
        /// Whether writes are refused after a snapshot failed.
        stop_writes_on_bgsave_error: bool = true => directive("stop-writes-on-bgsave-error");
        /// The cases in which a serialized value is fully checked.
        sanitize_dump_payload: SanitizeDumpPayload = SanitizeDumpPayload::No => directive("sanitize-dump-payload");
        /// Whether there is an append only file.
        appendonly: bool = false =>
            directive("appendonly").flags(Flags::DENY_LOADING).apply(Apply::AppendOnly);
        /// The base name of the files of the append only file.
        appendfilename: Text = Text::from("appendonly.aof") =>
            directive("appendfilename").checked(check_appendfilename).immutable();
        /// The directory of the append only file.
        appenddirname: Text = Text::from("appendonlydir") =>
            directive("appenddirname").checked(check_appenddirname).immutable();
        /// The time at which the append only file is flushed to the disk.
        appendfsync: AppendFsync = AppendFsync::EverySec => directive("appendfsync");
        /// Whether the append only file is not flushed while a child writes.
        no_appendfsync_on_rewrite: bool = false => directive("no-appendfsync-on-rewrite");
        /// Percentage of growth at which the append only file is rewritten; 0 is never.
        auto_aof_rewrite_percentage: i32 = 100 => directive("auto-aof-rewrite-percentage").int(0, INT);
        /// The least bytes of an append only file that is rewritten because of its growth.
        auto_aof_rewrite_min_size: i64 = 64 << 20 => directive("auto-aof-rewrite-min-size").bytes(0, LONG);
        /// Whether a rewrite is flushed to the disk in steps.
        aof_rewrite_incremental_fsync: bool = true => directive("aof-rewrite-incremental-fsync");
        /// Whether an append only file that ends too early is loaded.
        aof_load_truncated: bool = true => directive("aof-load-truncated");
        /// Whether a rewrite starts with a snapshot.
        aof_use_rdb_preamble: bool = true => directive("aof-use-rdb-preamble");
        /// Whether the append only file has the time of commands.
        aof_timestamp_enabled: bool = false => directive("aof-timestamp-enabled");
        /// Whether files that are not needed any more stay.
        aof_disable_auto_gc: bool = false => directive("aof-disable-auto-gc").flags(Flags::HIDDEN);
    }
}

/// Directives about replication.
pub mod replication {
    use super::*;

    topic! {
        replication;
        /// A primary and its replicas.
        pub struct Replication {
            /// The address of the primary.
            replicaof: ReplicaOf = ReplicaOf::default() =>
                directive("replicaof").alias("slaveof").flags(Flags::MULTI_ARG).immutable();
            /// The password for the primary.
            masterauth: Text = Text::default() => directive("masterauth").optional().flags(Flags::SENSITIVE);
            /// The user for the primary.
            masteruser: Text = Text::default() => directive("masteruser").optional().flags(Flags::SENSITIVE);
            /// Whether a replica answers while it is not connected.
            replica_serve_stale_data: bool = true =>
                directive("replica-serve-stale-data").alias("slave-serve-stale-data");
            /// Whether a replica refuses writes.
            replica_read_only: bool = true => directive("replica-read-only").alias("slave-read-only");
            /// Whether a replica leaves eviction to the primary.
            replica_ignore_maxmemory: bool = true =>
                directive("replica-ignore-maxmemory").alias("slave-ignore-maxmemory");
            /// Whether old data is freed in the background before a full sync.
            replica_lazy_flush: bool = false => directive("replica-lazy-flush").alias("slave-lazy-flush");
            /// The rank of a replica for Sentinel, which prefers low ones; 0 is never chosen.
            replica_priority: i32 = 100 => directive("replica-priority").alias("slave-priority").int(0, INT);
            /// Whether Sentinel is told of this replica.
            replica_announced: bool = true => directive("replica-announced");
            /// The address that a replica tells its primary.
            replica_announce_ip: Text = Text::default() =>
                directive("replica-announce-ip").alias("slave-announce-ip").optional();
            /// The port that a replica tells its primary.
            replica_announce_port: u16 = 0 =>
                directive("replica-announce-port").alias("slave-announce-port").int(0, PORT);
            /// Whether a replica goes on if it cannot write to the disk.
            replica_ignore_disk_write_errors: bool = false => directive("replica-ignore-disk-write-errors");
            /// The reaction of a replica to a command that it cannot execute.
            propagation_error_behavior: PropagationError = PropagationError::Ignore =>
                directive("propagation-error-behavior");
            /// Whether small packets to replicas are joined.
            repl_disable_tcp_nodelay: bool = false => directive("repl-disable-tcp-nodelay");
            /// Whether a snapshot goes to replicas without a file.
            repl_diskless_sync: bool = true => directive("repl-diskless-sync");
            /// Seconds to wait for more replicas.
            repl_diskless_sync_delay: i32 = 5 => directive("repl-diskless-sync-delay").int(0, INT);
            /// Replicas at which the wait for more ends; 0 is no limit.
            repl_diskless_sync_max_replicas: i32 = 0 => directive("repl-diskless-sync-max-replicas").int(0, INT);
            /// The way in which a replica receives a snapshot.
            repl_diskless_load: ReplDisklessLoad = ReplDisklessLoad::Disabled =>
                directive("repl-diskless-load").flags(Flags::DENY_LOADING);
            /// Seconds after which the other side is lost.
            repl_timeout: i32 = 60 => directive("repl-timeout").int(1, INT);
            /// Seconds between pings to replicas.
            repl_ping_replica_period: i32 = 10 =>
                directive("repl-ping-replica-period").alias("repl-ping-slave-period").int(1, INT);
            /// Bytes of the log that are kept for replicas that were away.
            repl_backlog_size: i64 = 1 << 20 =>
                directive("repl-backlog-size").bytes(1, LONG).apply(Apply::ReplBacklogSize);
            /// Seconds for which the backlog is kept without a replica; 0 is for ever.
            repl_backlog_ttl: i64 = 3600 => directive("repl-backlog-ttl").int(0, LONG);
            /// Replicas that writes need; 0 is none.
            min_replicas_to_write: i32 = 0 => directive("min-replicas-to-write")
                .alias("min-slaves-to-write").int(0, INT).apply(Apply::GoodReplicas);
            /// Seconds that such a replica may lag behind.
            min_replicas_max_lag: i32 = 10 => directive("min-replicas-max-lag")
                .alias("min-slaves-max-lag").int(0, INT).apply(Apply::GoodReplicas);
        }
    }
}

/// Directives about the cluster.
pub mod cluster {
    use super::*;

    /// The longest host name, by Redis's NET_HOST_STR_LEN.
    const HOST_NAME: usize = 256;

    fn check_hostname(text: &[u8]) -> Result<(), &'static str> {
        if text.len() >= HOST_NAME {
            return Err("Hostnames must be less than 256 characters");
        }
        match text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(byte)) {
            true => Ok(()),
            false => Err("Hostnames may only contain alphanumeric characters, hyphens or dots"),
        }
    }

    fn check_nodename(text: &[u8]) -> Result<(), &'static str> {
        match text.iter().any(|byte| b"!#$%&()*+:;<>?@[]^{|}~".contains(byte)) {
            true => Err("Announced human node name contained invalid character"),
            false => Ok(()),
        }
    }

    topic! {
        cluster;
        /// The cluster, of which this server could be a node.
        pub struct Cluster {
            /// Whether this server is a node of a cluster.
            enabled: bool = false => directive("cluster-enabled").immutable();
            /// The file with the state of the cluster.
            config_file: Text = Text::from("nodes.conf") => directive("cluster-config-file").immutable();
            /// Milliseconds after which a silent node is suspected.
            node_timeout: i64 = 15_000 => directive("cluster-node-timeout").int(0, LONG);
            /// Milliseconds between pings, for tests.
            ping_interval: i64 = 0 => directive("cluster-ping-interval").int(0, LONG).flags(Flags::HIDDEN);
            /// The port of the bus; 0 is the client port and 10000.
            port: u16 = 0 => directive("cluster-port").int(0, PORT).immutable();
            /// The address that other nodes are told.
            announce_ip: Text = Text::default() =>
                directive("cluster-announce-ip").optional().apply(Apply::ClusterAnnounce);
            /// The host name that clients are told.
            announce_hostname: Text = Text::default() => directive("cluster-announce-hostname")
                .optional().checked(check_hostname).apply(Apply::ClusterAnnounce);
            /// The name of the node for people.
            announce_human_nodename: Text = Text::default() => directive("cluster-announce-human-nodename")
                .optional().checked(check_nodename).apply(Apply::ClusterAnnounce);
            /// The port of the bus that other nodes are told.
            announce_bus_port: u16 = 0 =>
                directive("cluster-announce-bus-port").int(0, PORT).apply(Apply::ClusterAnnounce);
            /// The client port that other nodes are told.
            announce_port: u16 = 0 =>
                directive("cluster-announce-port").int(0, PORT).apply(Apply::ClusterAnnounce);
            /// The TLS port that other nodes are told.
            announce_tls_port: u16 = 0 =>
                directive("cluster-announce-tls-port").int(0, PORT).apply(Apply::ClusterAnnounce);
            /// The kind of address that clients are told.
            preferred_endpoint_type: ClusterEndpoint = ClusterEndpoint::Ip =>
                directive("cluster-preferred-endpoint-type");
            /// Whether all keys are refused while a slot has no node.
            require_full_coverage: bool = true => directive("cluster-require-full-coverage");
            /// Whether a replica never takes over by itself.
            replica_no_failover: bool = false => directive("cluster-replica-no-failover")
                .alias("cluster-slave-no-failover").apply(Apply::ClusterAnnounce);
            /// The timeouts that a replica may lag behind and still take over.
            replica_validity_factor: i32 = 10 => directive("cluster-replica-validity-factor")
                .alias("cluster-slave-validity-factor").int(0, INT);
            /// Replicas that a node keeps when one moves to a node without any.
            migration_barrier: i32 = 1 => directive("cluster-migration-barrier").int(0, INT);
            /// Whether replicas move to nodes without any.
            allow_replica_migration: bool = true => directive("cluster-allow-replica-migration");
            /// Whether reads work while the cluster is down.
            allow_reads_when_down: bool = false => directive("cluster-allow-reads-when-down");
            /// Whether sharded messages work while the cluster is down.
            allow_pubsubshard_when_down: bool = true => directive("cluster-allow-pubsubshard-when-down");
            /// Bytes that may wait for another node; 0 is no limit.
            link_sendbuf_limit: u64 = 0 => directive("cluster-link-sendbuf-limit").bytes(0, u64::MAX as i128);
        }
    }
}
