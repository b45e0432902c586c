//! The lock of a shard: one word that names its owner, and the place where those sleep who wait.
//!
//! Made for locks that are nearly always free and held for a microsecond: taking one is a single
//! compare-and-swap, giving it back a plain store. Whether anybody sleeps is asked once for all locks
//! that are given back together ([`Waiters::wake`]), so the fence that this question needs is paid once
//! per group, not per lock.
//!
//! ```text
//! sleeper   sleeping += 1;  fence;  try again ── taken by another ──> sleep until woken
//! owner     word = 0 (each of its locks);  fence;  sleeping > 0? ──> wake all
//! ```
//! One of the two fences comes first, so either the sleeper finds the lock free or the owner finds
//! the sleeper (Dekker's argument). The owner's name answers "do I hold this?" without a list.

use crate::spin::wait_briefly;
use crate::{AtomicU32, AtomicU64, Condvar, Mutex, Ordering, fence};
use std::cell::Cell;
use std::marker::PhantomData;

/// The number of nobody. Numbers have 64 bits, so they never come to an end.
const FREE: u64 = 0;

/// The right to hold locks, under a number that nobody else in the process has or ever had. It can move to another thread but
/// is never used by two at once. Locks that it holds when it is dropped stay taken.
#[derive(Debug)]
pub struct LockOwner {
    number: u64,
    /// Makes it `Send` and not `Sync`.
    on_one_thread: PhantomData<Cell<()>>,
}

impl LockOwner {
    /// A new one.
    pub fn new() -> LockOwner {
        // Not the model's: a number tells no thread anything about another.
        static LAST: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(FREE);
        let last = LAST.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        LockOwner { number: last + 1, on_one_thread: PhantomData }
    }
}

impl Default for LockOwner {
    fn default() -> LockOwner {
        LockOwner::new()
    }
}

/// What became of an attempt to take a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is taken now.
    Now,
    /// It was this owner's already.
    Before,
    /// Somebody else has it.
    Not,
}

/// A lock: the number of its owner.
pub struct ShardLock(AtomicU64);

impl Default for ShardLock {
    fn default() -> ShardLock {
        ShardLock(AtomicU64::new(FREE))
    }
}

impl ShardLock {
    /// Takes the lock if it is free.
    #[inline]
    pub fn try_take(&self, me: &LockOwner) -> Taken {
        match self.0.compare_exchange(FREE, me.number, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => Taken::Now,
            Err(owner) if owner == me.number => Taken::Before,
            Err(_) => Taken::Not,
        }
    }

    /// Whether it is this owner's. Nobody but the owner itself can change the answer.
    #[inline]
    pub fn is_of(&self, me: &LockOwner) -> bool {
        self.0.load(Ordering::Relaxed) == me.number
    }

    /// Gives it back, if it is this owner's. After some locks were given back, [`Waiters::wake`] is to be called.
    #[inline]
    pub fn give_back(&self, me: &mut LockOwner) {
        if self.is_of(me) {
            self.0.store(FREE, Ordering::Release);
        }
    }
}

/// Where those sleep who wait for a lock, whichever it is: waiting is rare.
#[derive(Default)]
pub struct Waiters {
    sleeping: AtomicU32,
    gate: Mutex<()>,
    woken: Condvar,
}

impl Waiters {
    /// Takes a lock, waiting for it as long as it takes. The caller holds only locks that come before
    /// this one in the order that all agree on.
    #[inline]
    pub fn take(&self, lock: &ShardLock, me: &LockOwner) {
        if lock.try_take(me) == Taken::Not {
            self.take_later(lock, me);
        }
    }

    #[cold]
    fn take_later(&self, lock: &ShardLock, me: &LockOwner) {
        if wait_briefly(|| lock.0.load(Ordering::Relaxed) == FREE && lock.try_take(me) == Taken::Now) {
            return;
        }
        self.sleeping.fetch_add(1, Ordering::Relaxed);
        let mut gate = self.gate.lock().expect("no panic happens under the gate");
        loop {
            fence(Ordering::SeqCst);
            if lock.try_take(me) == Taken::Now {
                break;
            }
            gate = self.woken.wait(gate).expect("no panic happens under the gate");
        }
        self.sleeping.fetch_sub(1, Ordering::Relaxed);
    }

    /// Wakes those who wait, after locks were given back.
    #[inline]
    pub fn wake(&self) {
        fence(Ordering::SeqCst);
        if self.sleeping.load(Ordering::Relaxed) > 0 {
            self.wake_all();
        }
    }

    #[cold]
    fn wake_all(&self) {
        // A sleeper that has counted itself tries again with the gate in hand, and keeps it until it sleeps: so it tries
        // after this, or is woken.
        let _gate = self.gate.lock().expect("no panic happens under the gate");
        self.woken.notify_all();
    }
}
