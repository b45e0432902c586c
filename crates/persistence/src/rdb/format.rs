//! The numbers of the format: opcodes, value types, versions.

use ochre_engine::level::Level;

/// The first five bytes of every RDB file.
pub const MAGIC: &[u8; 5] = b"REDIS";

/// The newest version that can be read. Its own types (hash fields with an expiry) are named in
/// the error that refuses them.
pub const MAX_VERSION: u16 = 12;

/// Bytes between the value and the end of a payload: version and CRC.
pub const FOOTER: usize = 10;

/// The version of the format that a server of this level writes (Redis: rdb.h, RDB_VERSION).
pub const fn version_of(level: Level) -> u16 {
    match level {
        Level::V4_0 => 8,
        Level::V5_0 | Level::V6_2 => 9,
        Level::V7_0 => 10,
        Level::V7_2 | Level::Latest => 11,
    }
}

/// Bytes that stand where a value type could stand.
pub mod opcode {
    /// A slot and its sizes follow (7.4): three lengths, a hint.
    pub const SLOT_INFO: u8 = 244;
    /// The code of a function library.
    pub const FUNCTION2: u8 = 245;
    /// A library as the release candidates of 7.0 wrote it.
    pub const FUNCTION_PRE_GA: u8 = 246;
    /// Data of a module beside its keys.
    pub const MODULE_AUX: u8 = 247;
    /// Seconds since the next key was used.
    pub const IDLE: u8 = 248;
    /// Frequency counter of the next key.
    pub const FREQ: u8 = 249;
    /// Name and value of an auxiliary field.
    pub const AUX: u8 = 250;
    /// Keys, and keys with an expiry, of the database.
    pub const RESIZEDB: u8 = 251;
    /// Expiry of the next key in milliseconds.
    pub const EXPIRETIME_MS: u8 = 252;
    /// Expiry of the next key in seconds.
    pub const EXPIRETIME: u8 = 253;
    /// The database of what follows.
    pub const SELECTDB: u8 = 254;
    /// The end; the CRC follows since version 5.
    pub const EOF: u8 = 255;
}

/// The type byte before a key: type and encoding of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ValueType(pub u8);

#[allow(missing_docs)]
impl ValueType {
    pub const STRING: ValueType = ValueType(0);
    pub const LIST: ValueType = ValueType(1);
    pub const SET: ValueType = ValueType(2);
    pub const ZSET: ValueType = ValueType(3);
    pub const HASH: ValueType = ValueType(4);
    pub const ZSET_2: ValueType = ValueType(5);
    pub const MODULE_PRE_GA: ValueType = ValueType(6);
    pub const MODULE_2: ValueType = ValueType(7);
    pub const HASH_ZIPMAP: ValueType = ValueType(9);
    pub const LIST_ZIPLIST: ValueType = ValueType(10);
    pub const SET_INTSET: ValueType = ValueType(11);
    pub const ZSET_ZIPLIST: ValueType = ValueType(12);
    pub const HASH_ZIPLIST: ValueType = ValueType(13);
    pub const LIST_QUICKLIST: ValueType = ValueType(14);
    pub const STREAM_LISTPACKS: ValueType = ValueType(15);
    pub const HASH_LISTPACK: ValueType = ValueType(16);
    pub const ZSET_LISTPACK: ValueType = ValueType(17);
    pub const LIST_QUICKLIST_2: ValueType = ValueType(18);
    pub const STREAM_LISTPACKS_2: ValueType = ValueType(19);
    pub const SET_LISTPACK: ValueType = ValueType(20);
    pub const STREAM_LISTPACKS_3: ValueType = ValueType(21);
}

/// Names of the value types by number, as redis-check-rdb shows them; "" is unused.
const NAMES: [&str; 26] = [
    "string",
    "list-linked",
    "set-hashtable",
    "zset-v1",
    "hash-hashtable",
    "zset-v2",
    "module-pre-release",
    "module-value",
    "",
    "hash-zipmap",
    "list-ziplist",
    "set-intset",
    "zset-ziplist",
    "hash-ziplist",
    "quicklist",
    "stream",
    "hash-listpack",
    "zset-listpack",
    "quicklist-v2",
    "stream-v2",
    "set-listpack",
    "stream-v3",
    "hash-hashtable-md-pre-release",
    "hash-listpack-md-pre-release",
    "hash-hashtable-md",
    "hash-listpack-md",
];

impl ValueType {
    /// The name that redis-check-rdb shows; "unknown" if no version ever wrote this type.
    pub fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().filter(|name| !name.is_empty()).unwrap_or("unknown")
    }

    /// True if some version of Redis wrote values of this type.
    pub fn is_known(self) -> bool {
        self.name() != "unknown"
    }
}
