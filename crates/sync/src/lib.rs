//! How the workers of one process share one world.
//!
//! ```text
//! worker 0  ──batch──╮ ╭──batch──          shared:    each works on what it locks, and on its own part
//! worker 1  ──batch──╯ ╰──────batch──
//!                     ▲
//!                     worker 1 alone       exclusive: one has everything, the others wait at the end
//!                                                     of their batch
//! ```
//! [`World`] hands out both modes; with one worker both are free. What workers in the shared mode meet in has locks of
//! its own: shards ([`ShardCell`]) and mailboxes ([`Mailbox`]). [`RunPermits`] keep them from being more than there are
//! processors. The crate has no dependencies, so that the model checker `loom` can run it whole (`make test-loom`).

mod lock;
mod mailbox;
mod run_permits;
mod shard;
mod shard_cell;
mod world;

pub use lock::WorldLock;
pub use mailbox::Mailbox;
pub use run_permits::RunPermits;
pub use shard::{LockOwner, ShardLock, Taken, Waiters};
pub use shard_cell::{ShardCell, Unlocked, UnlockedView};
pub use world::{Exclusive, Own, Shared, World};

#[cfg(loom)]
pub(crate) use loom::{
    hint::spin_loop,
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    sync::{Condvar, Mutex, MutexGuard},
};
#[cfg(not(loom))]
pub(crate) use std::{
    hint::spin_loop,
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    sync::{Condvar, Mutex, MutexGuard},
};
