//! Properties of a command: the flags of COMMAND INFO, and the ACL categories that follow from them.

/// A set of command flags.
pub type Flags = u32;

/// May change data.
pub const WRITE: Flags = 1 << 0;
/// Reads data only.
pub const READONLY: Flags = 1 << 1;
/// May use memory: refused above `maxmemory`.
pub const DENYOOM: Flags = 1 << 2;
/// For administrators.
pub const ADMIN: Flags = 1 << 3;
/// Concerns publish and subscribe.
pub const PUBSUB: Flags = 1 << 4;
/// Not allowed from scripts.
pub const NOSCRIPT: Flags = 1 << 5;
/// May block the client.
pub const BLOCKING: Flags = 1 << 6;
/// Allowed while a data set is loaded.
pub const LOADING: Flags = 1 << 7;
/// Allowed on a replica with stale data.
pub const STALE: Flags = 1 << 8;
/// Not kept in the slow log.
pub const SKIP_SLOWLOG: Flags = 1 << 10;
/// Constant or logarithmic time.
pub const FAST: Flags = 1 << 12;
/// Allowed before authentication.
pub const NO_AUTH: Flags = 1 << 13;
/// May replicate although it is no write.
pub const MAY_REPLICATE: Flags = 1 << 14;
/// No mandatory keys: its key specifications do not tell everything.
pub const NO_MANDATORY_KEYS: Flags = 1 << 17;
/// The keys can only be found by a procedure of the command's own.
pub const MOVABLE_KEYS: Flags = 1 << 18;
/// Not allowed inside MULTI.
pub const NO_MULTI: Flags = 1 << 19;
/// May run while another client's script is busy.
pub const ALLOW_BUSY: Flags = 1 << 20;
/// Asynchronous loading is no obstacle.
pub const NO_ASYNC_LOADING: Flags = 1 << 21;

// The flags below steer how a command is run. COMMAND INFO does not show them.

/// Touches any key: needs the world exclusively.
pub const WHOLE_WORLD: Flags = 1 << 22;
/// Meets keys by chance: expired ones among them are propagated one by one, not as a transaction
/// (server.h: CMD_TOUCHES_ARBITRARY_KEYS).
pub const TOUCHES_ARBITRARY_KEYS: Flags = 1 << 23;
/// Is done in a moment, so nobody waits long for its keys, and they can be locked together with those of
/// its neighbours. [`FAST`] implies it. Only commands have it: which subcommand a call means is not known
/// when it is planned.
pub const QUICK: Flags = 1 << 24;
/// Runs at once inside MULTI, where other commands are queued.
pub const RUNS_IN_MULTI: Flags = 1 << 25;
/// Ends MULTI: allowed there without memory, which a command that is queued would need.
pub const ENDS_MULTI: Flags = 1 << 26;
/// Allowed to a RESP2 client that has subscriptions.
pub const FOR_SUBSCRIBERS: Flags = 1 << 27;
/// Refused like a write while the disk fails, so that a health check notices.
pub const REFUSED_WITH_WRITES: Flags = 1 << 28;

/// Names of the flags that COMMAND INFO shows, in its order; MOVABLE_KEYS follows from the keys.
pub const FLAG_NAMES: [(Flags, &str); 17] = [
    (WRITE, "write"),
    (READONLY, "readonly"),
    (DENYOOM, "denyoom"),
    (ADMIN, "admin"),
    (PUBSUB, "pubsub"),
    (NOSCRIPT, "noscript"),
    (BLOCKING, "blocking"),
    (LOADING, "loading"),
    (STALE, "stale"),
    (SKIP_SLOWLOG, "skip_slowlog"),
    (FAST, "fast"),
    (NO_AUTH, "no_auth"),
    (NO_MANDATORY_KEYS, "no_mandatory_keys"),
    (NO_ASYNC_LOADING, "no_async_loading"),
    (NO_MULTI, "no_multi"),
    (MOVABLE_KEYS, "movablekeys"),
    (ALLOW_BUSY, "allow_busy"),
];

/// A set of ACL categories.
pub type Categories = u32;

/// The categories by name, in the order of their bits (which is the order of `ACL CAT`).
pub const CATEGORY_NAMES: [&str; 21] = [
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
];

/// Concerns keys as such.
pub const CAT_KEYSPACE: Categories = 1 << 0;
/// Commands that read values.
pub const CAT_READ: Categories = 1 << 1;
/// Commands that change values.
pub const CAT_WRITE: Categories = 1 << 2;
/// Commands for administrators.
pub const CAT_ADMIN: Categories = 1 << 13;
/// Commands of constant or logarithmic time.
pub const CAT_FAST: Categories = 1 << 14;
/// All commands that are not fast.
pub const CAT_SLOW: Categories = 1 << 15;
/// Commands that may block their client.
pub const CAT_BLOCKING: Categories = 1 << 16;
/// Could harm if given to everybody.
pub const CAT_DANGEROUS: Categories = 1 << 17;
/// Concerns the connection.
pub const CAT_CONNECTION: Categories = 1 << 18;
/// Publish and subscribe.
pub const CAT_PUBSUB: Categories = 1 << 12;
/// Sorted sets (GEO writes into them, but is a category of its own).
pub const CAT_SORTED_SET: Categories = 1 << 4;
/// Commands on scripts.
pub const CAT_SCRIPTING: Categories = 1 << 20;

/// The group of a command: its chapter in the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Group {
    Generic,
    String,
    List,
    Set,
    SortedSet,
    Hash,
    PubSub,
    Transactions,
    Connection,
    Server,
    Scripting,
    HyperLogLog,
    Cluster,
    Sentinel,
    Geo,
    Stream,
    Bitmap,
}

impl Group {
    /// The name in COMMAND DOCS.
    pub const fn name(self) -> &'static str {
        match self {
            Group::Generic => "generic",
            Group::String => "string",
            Group::List => "list",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Hash => "hash",
            Group::PubSub => "pubsub",
            Group::Transactions => "transactions",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Scripting => "scripting",
            Group::HyperLogLog => "hyperloglog",
            Group::Cluster => "cluster",
            Group::Sentinel => "sentinel",
            Group::Geo => "geo",
            Group::Stream => "stream",
            Group::Bitmap => "bitmap",
        }
    }

    /// The ACL category that all commands of the group belong to.
    pub const fn category(self) -> Categories {
        match self {
            Group::Generic => CAT_KEYSPACE,
            Group::String => 1 << 7,
            Group::List => 1 << 5,
            Group::Set => 1 << 3,
            Group::SortedSet => CAT_SORTED_SET,
            Group::Hash => 1 << 6,
            Group::PubSub => CAT_PUBSUB,
            Group::Transactions => 1 << 19,
            Group::Connection => CAT_CONNECTION,
            Group::Scripting => CAT_SCRIPTING,
            Group::HyperLogLog => 1 << 9,
            Group::Geo => 1 << 10,
            Group::Stream => 1 << 11,
            Group::Bitmap => 1 << 8,
            Group::Server | Group::Cluster | Group::Sentinel => 0,
        }
    }
}
