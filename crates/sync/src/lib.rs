//! How the workers of one process share its state.
//!
//! ```text
//! worker 0  ──batch──╮ ╭──batch──          shared:    each works on what it locks, and on what is its own
//! worker 1  ──batch──╯ ╰──────batch──
//!                     ▲
//!                     worker 1 alone       exclusive: one has everything, the others wait at the end
//!                                                     of their batch
//! ```
//! [`ModeCell`] holds the state, and a [`ModeHandle`] per worker lends it in both modes; with one worker both are free.
//! What workers in the shared mode meet in has locks of its own: shards ([`ShardLock`]) and mailboxes ([`Mailbox`]).
//! [`RunPermits`] keep them from being more than there are processors. The crate has no dependencies, so that the model
//! checker `loom` can run it whole (`make test-loom`).

mod mailbox;
mod mode_cell;
mod mode_lock;
mod own;
mod run_permits;
mod shard;
mod shard_cell;
mod slice;
mod spin;

pub use mailbox::Mailbox;
pub use mode_cell::{ModeCell, ModeHandle, ModeWatch};
pub use mode_lock::ModeLock;
pub use own::{Own, PerWorker};
pub use run_permits::RunPermits;
pub use shard::{LockOwner, ShardLock, Taken, Waiters};
pub use shard_cell::{ShardCell, Unlocked, UnlockedView};

#[cfg(loom)]
pub(crate) use loom::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    sync::{Condvar, Mutex, MutexGuard},
};
#[cfg(not(loom))]
pub(crate) use std::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    sync::{Condvar, Mutex, MutexGuard},
};
