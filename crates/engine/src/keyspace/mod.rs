//! The keyspace: a world of shards, each with its part of every database.
//!
//! ```text
//! World ── Shard 0 ── Db 0: Table<KeyEntry>      interest: who watches, who waits
//!       │         └── Db 1: ...
//!       └─ Shard 1 ── ...
//! ```
//! A key belongs to the shard that its hash names; the tables inside use other bits of the same
//! hash. There are three ways to shards, and none of them can race with another:
//!
//! | from | mode | shards |
//! |---|---|---|
//! | `&World` | shared | those whose locks are [`Held`], to be read and changed |
//! | `&mut World` | exclusive | all, to be changed |
//! | [`WorldView`], made of `&mut World` | exclusive | all, to be read from any number of threads |
//!
//! Handlers reach keys through [`Keys`], a view of one database in the first or the second way. Nothing here is global:
//! several worlds can live in one process.

mod access;
mod batch;
mod due;
mod hints;
mod interest;
mod keys;
mod locks;
mod shard;
mod shard_source;
mod transfer;
mod view;
mod walk;
mod world;

pub use crate::entry::{Mut, Read, StrMut};
pub use access::{AccessClock, LFU_INIT};
pub use batch::{Batch, Duplicate};
pub use hints::Hints;
pub use interest::{Interest, WatchFlag};
pub use keys::{ExpiryMode, Key, Keys, Ttl, View};
pub use locks::{Held, LockSet, Locks};
pub use shard::{Db, Presence, Shard};
pub use view::WorldView;
pub use world::World;

/// Number of a database (SELECT).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DbIndex(pub u32);

/// A client, named by the id that CLIENT ID shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);
