//! The part of the configuration that the engine sees: plain values, no parsing, no I/O.
//!
//! The server fills one [`Settings`] from its configuration whenever that changes and lends it to
//! the commands; the engine never changes it. Every value defaults to Redis's default, so tests
//! and tools say `Settings::default()`.

use bitflags::bitflags;

use crate::level::Level;

/// What the commands and the cycles of the engine need to know of the configuration.
///
/// Sizes are in bytes and counts in elements unless the name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The version of Redis to be compatible with.
    pub level: Level,
    /// Number of databases, at least 1.
    pub databases: u32,

    /// Fields up to which a hash stays a listpack.
    pub hash_max_listpack_entries: usize,
    /// Longest field or value of a hash that is a listpack.
    pub hash_max_listpack_value: usize,
    /// Members up to which a set of integers stays an intset.
    pub set_max_intset_entries: usize,
    /// Members up to which a set stays a listpack.
    pub set_max_listpack_entries: usize,
    /// Longest member of a set that is a listpack.
    pub set_max_listpack_value: usize,
    /// Members up to which a sorted set stays a listpack.
    pub zset_max_listpack_entries: usize,
    /// Longest member of a sorted set that is a listpack.
    pub zset_max_listpack_value: usize,
    /// Limit of one node of a list: a count if positive, -1 to -5 for 4 KB to 64 KB.
    pub list_max_listpack_size: i32,
    /// Nodes at each end of a list left uncompressed; 0 compresses none.
    pub list_compress_depth: u32,
    /// Nodes of a list larger than this are stored alone, uncounted; 0 means the built-in limit.
    pub quicklist_packed_threshold: usize,
    /// Bytes up to which a node of a stream is filled; 0 is no limit.
    pub stream_node_max_bytes: usize,
    /// Entries up to which a node of a stream is filled; 0 is no limit.
    pub stream_node_max_entries: u64,
    /// Bytes up to which a hyperloglog stays sparse.
    pub hll_sparse_max_bytes: usize,
    /// Longest string value, and longest argument of a request.
    pub proto_max_bulk_len: usize,

    /// Memory limit; 0 is none.
    pub maxmemory: u64,
    /// How keys are chosen when memory runs out.
    pub maxmemory_policy: MaxmemoryPolicy,
    /// Keys looked at for each key evicted.
    pub maxmemory_samples: u32,
    /// From 0 to 100: how long one command may be delayed by eviction.
    pub maxmemory_eviction_tenacity: u32,
    /// How many accesses it takes to raise a frequency counter.
    pub lfu_log_factor: u32,
    /// Minutes after which a frequency counter falls by one; 0 keeps it.
    pub lfu_decay_time: u32,
    /// From 1 to 10: how hard the active expiry cycle works.
    pub active_expire_effort: u32,
    /// Whether the active expiry cycle runs at all (DEBUG SET-ACTIVE-EXPIRE).
    pub active_expire_enabled: bool,
    /// Whether tables may move entries in the background.
    pub activerehashing: bool,

    /// Whether evicted values are freed in the background.
    pub lazyfree_lazy_eviction: bool,
    /// Whether expired values are freed in the background.
    pub lazyfree_lazy_expire: bool,
    /// Whether values replaced by a command are freed in the background.
    pub lazyfree_lazy_server_del: bool,
    /// Whether DEL behaves as UNLINK.
    pub lazyfree_lazy_user_del: bool,
    /// Whether FLUSHDB and FLUSHALL without an option behave as ASYNC.
    pub lazyfree_lazy_user_flush: bool,

    /// Which keyspace events are published.
    pub notify_keyspace_events: EventClasses,

    /// Whether texts in serialized values are compressed.
    pub rdbcompression: bool,
    /// Which serialized values are searched for faults that only show later.
    pub sanitize_dump_payload: SanitizeDumpPayload,
    /// Whether checksums of serialized values are not looked at (DEBUG SET-SKIP-CHECKSUM-VALIDATION).
    pub skip_checksum_validation: bool,
}

/// Which serialized values are searched for faults that only show later, such as duplicated members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SanitizeDumpPayload {
    /// Never.
    #[default]
    No,
    /// Always.
    Yes,
    /// Only those that a client sent.
    Clients,
}

impl SanitizeDumpPayload {
    /// Every choice with its name in the configuration.
    pub const NAMES: [(&'static str, SanitizeDumpPayload); 3] = [
        ("no", SanitizeDumpPayload::No),
        ("yes", SanitizeDumpPayload::Yes),
        ("clients", SanitizeDumpPayload::Clients),
    ];
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            level: Level::default(),
            databases: 16,
            hash_max_listpack_entries: 512,
            hash_max_listpack_value: 64,
            set_max_intset_entries: 512,
            set_max_listpack_entries: 128,
            set_max_listpack_value: 64,
            zset_max_listpack_entries: 128,
            zset_max_listpack_value: 64,
            list_max_listpack_size: -2,
            list_compress_depth: 0,
            quicklist_packed_threshold: 0,
            stream_node_max_bytes: 4096,
            stream_node_max_entries: 100,
            hll_sparse_max_bytes: 3000,
            proto_max_bulk_len: 512 << 20,
            maxmemory: 0,
            maxmemory_policy: MaxmemoryPolicy::NoEviction,
            maxmemory_samples: 5,
            maxmemory_eviction_tenacity: 10,
            lfu_log_factor: 10,
            lfu_decay_time: 1,
            active_expire_effort: 1,
            active_expire_enabled: true,
            activerehashing: true,
            lazyfree_lazy_eviction: false,
            lazyfree_lazy_expire: false,
            lazyfree_lazy_server_del: false,
            lazyfree_lazy_user_del: false,
            lazyfree_lazy_user_flush: false,
            notify_keyspace_events: EventClasses::empty(),
            rdbcompression: true,
            sanitize_dump_payload: SanitizeDumpPayload::No,
            skip_checksum_validation: false,
        }
    }
}

/// How keys are chosen when memory runs out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MaxmemoryPolicy {
    /// Keys with a time to live, least recently used first.
    VolatileLru,
    /// Keys with a time to live, least frequently used first.
    VolatileLfu,
    /// Keys with a time to live, at random.
    VolatileRandom,
    /// Keys with a time to live, the one that expires next first.
    VolatileTtl,
    /// Any key, least recently used first.
    AllkeysLru,
    /// Any key, least frequently used first.
    AllkeysLfu,
    /// Any key, at random.
    AllkeysRandom,
    /// None: commands that need memory are refused.
    #[default]
    NoEviction,
}

impl MaxmemoryPolicy {
    /// Every policy with its name in the configuration, in the order Redis lists them.
    pub const NAMES: [(&'static str, MaxmemoryPolicy); 8] = [
        ("volatile-lru", MaxmemoryPolicy::VolatileLru),
        ("volatile-lfu", MaxmemoryPolicy::VolatileLfu),
        ("volatile-random", MaxmemoryPolicy::VolatileRandom),
        ("volatile-ttl", MaxmemoryPolicy::VolatileTtl),
        ("allkeys-lru", MaxmemoryPolicy::AllkeysLru),
        ("allkeys-lfu", MaxmemoryPolicy::AllkeysLfu),
        ("allkeys-random", MaxmemoryPolicy::AllkeysRandom),
        ("noeviction", MaxmemoryPolicy::NoEviction),
    ];

    /// Whether access frequency is kept in place of the access time.
    pub fn is_lfu(self) -> bool {
        matches!(self, MaxmemoryPolicy::VolatileLfu | MaxmemoryPolicy::AllkeysLfu)
    }

    /// Whether the access time decides.
    pub fn is_lru(self) -> bool {
        matches!(self, MaxmemoryPolicy::VolatileLru | MaxmemoryPolicy::AllkeysLru)
    }

    /// Whether keys without a time to live may go, too.
    pub fn takes_all_keys(self) -> bool {
        use MaxmemoryPolicy::{AllkeysLfu, AllkeysLru, AllkeysRandom};
        matches!(self, AllkeysLru | AllkeysLfu | AllkeysRandom)
    }
}

bitflags! {
    /// Classes of keyspace events, and the two channels they are published on.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct EventClasses: u16 {
        /// `K`: publish on `__keyspace@<db>__:<key>`.
        const KEYSPACE = 1 << 0;
        /// `E`: publish on `__keyevent@<db>__:<event>`.
        const KEYEVENT = 1 << 1;
        /// `g`: commands of no type (DEL, EXPIRE, RENAME).
        const GENERIC = 1 << 2;
        /// `$`: strings.
        const STRING = 1 << 3;
        /// `l`: lists.
        const LIST = 1 << 4;
        /// `s`: sets.
        const SET = 1 << 5;
        /// `h`: hashes.
        const HASH = 1 << 6;
        /// `z`: sorted sets.
        const ZSET = 1 << 7;
        /// `x`: a key expired.
        const EXPIRED = 1 << 8;
        /// `e`: a key was evicted.
        const EVICTED = 1 << 9;
        /// `t`: streams.
        const STREAM = 1 << 10;
        /// `m`: a key was looked up in vain; not part of `A`.
        const KEY_MISS = 1 << 11;
        /// `d`: module types.
        const MODULE = 1 << 13;
        /// `n`: a key was created; not part of `A`.
        const NEW = 1 << 14;
        /// `A`: every class but key misses and new keys.
        const ALL = Self::GENERIC.bits() | Self::STRING.bits() | Self::LIST.bits() | Self::SET.bits()
            | Self::HASH.bits() | Self::ZSET.bits() | Self::EXPIRED.bits() | Self::EVICTED.bits()
            | Self::STREAM.bits() | Self::MODULE.bits();
    }
}

/// The letters of `notify-keyspace-events`, in the order CONFIG GET shows them.
const EVENT_LETTERS: [(u8, EventClasses); 14] = [
    (b'g', EventClasses::GENERIC),
    (b'$', EventClasses::STRING),
    (b'l', EventClasses::LIST),
    (b's', EventClasses::SET),
    (b'h', EventClasses::HASH),
    (b'z', EventClasses::ZSET),
    (b'x', EventClasses::EXPIRED),
    (b'e', EventClasses::EVICTED),
    (b't', EventClasses::STREAM),
    (b'd', EventClasses::MODULE),
    (b'n', EventClasses::NEW),
    (b'K', EventClasses::KEYSPACE),
    (b'E', EventClasses::KEYEVENT),
    (b'm', EventClasses::KEY_MISS),
];

impl EventClasses {
    /// Reads the value of `notify-keyspace-events`; `None` if a letter is unknown.
    pub fn parse(text: &[u8]) -> Option<EventClasses> {
        let mut classes = EventClasses::empty();
        for &letter in text {
            classes |= match letter {
                b'A' => EventClasses::ALL,
                _ => EVENT_LETTERS.iter().find(|(known, _)| *known == letter)?.1,
            };
        }
        Some(classes)
    }

    /// The value of `notify-keyspace-events` as CONFIG GET shows it.
    ///
    /// `n` has no letter of its own there when `A` stands for the rest
    /// (Redis 7.2, notify.c, keyspaceEventsFlagsToString).
    pub fn to_text(self) -> String {
        let all = self.contains(EventClasses::ALL);
        let hidden = if all { EventClasses::ALL | EventClasses::NEW } else { EventClasses::empty() };
        let letters = EVENT_LETTERS
            .iter()
            .filter(|(_, class)| self.contains(*class) && !hidden.contains(*class))
            .map(|(letter, _)| char::from(*letter));
        all.then_some('A').into_iter().chain(letters).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_classes_read_and_shown() {
        let shown = |text: &str| EventClasses::parse(text.as_bytes()).map(EventClasses::to_text);
        assert_eq!(shown("KEA").as_deref(), Some("AKE"));
        assert_eq!(shown("KEg$lshzxetd").as_deref(), Some("AKE"));
        assert_eq!(shown("Klm").as_deref(), Some("lKm"));
        assert_eq!(shown("").as_deref(), Some(""));
        assert_eq!(shown("q"), None);
    }

    #[test]
    fn only_two_policies_count_frequency() {
        let names: Vec<_> =
            MaxmemoryPolicy::NAMES.iter().filter(|row| row.1.is_lfu()).map(|row| row.0).collect();
        assert_eq!(names, ["volatile-lfu", "allkeys-lfu"]);
    }
}
