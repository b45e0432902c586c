//! What the workers share under the model checker: every interleaving of a few of them, or every one with a few
//! preemptions where that would take too long.
//!
//! Run with `make test-loom`; a plain `cargo test` compiles nothing here. Here are the locks; the models of mailboxes and of
//! run permits have files of their own.
#![cfg(loom)]
#![allow(unsafe_code)]

mod mailbox;
mod run_permits;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use ochre_sync::{LockOwner, Mailbox, ModeLock, ShardLock, Taken, Waiters};

/// What the lock protects: how many workers are inside, an exclusive one counts as `ALONE`.
struct Inside {
    lock: ModeLock,
    count: AtomicUsize,
}

const ALONE: usize = 100;

impl Inside {
    fn new(workers: usize) -> Arc<Inside> {
        Arc::new(Inside { lock: ModeLock::new(workers), count: AtomicUsize::new(0) })
    }

    fn share(&self, me: usize) {
        self.lock.enter_shared(me);
        let before = self.count.fetch_add(1, Ordering::Relaxed);
        assert!(before < ALONE, "shared beside exclusive");
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.lock.leave_shared(me);
    }

    fn exclude(&self) {
        self.lock.enter_exclusive();
        let before = self.count.fetch_add(ALONE, Ordering::Relaxed);
        assert_eq!(before, 0, "somebody else is inside");
        self.count.fetch_sub(ALONE, Ordering::Relaxed);
        self.lock.leave_exclusive();
    }
}

#[test]
fn the_exclusive_mode_is_alone() {
    loom::model(|| {
        let inside = Inside::new(2);
        let other = Arc::clone(&inside);
        let thread = thread::spawn(move || other.share(1));
        inside.exclude();
        thread.join().unwrap();
    });
}

#[test]
fn two_exclusive_modes_follow_each_other() {
    loom::model(|| {
        let inside = Inside::new(2);
        let other = Arc::clone(&inside);
        let thread = thread::spawn(move || other.exclude());
        inside.share(0);
        inside.exclude();
        thread.join().unwrap();
    });
}

/// Nobody sleeps for ever: loom reports a deadlock.
#[test]
fn three_workers_all_get_their_turn() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let inside = Inside::new(3);
        let threads = [1, 2].map(|me| {
            let other = Arc::clone(&inside);
            thread::spawn(move || if me == 1 { other.share(me) } else { other.exclude() })
        });
        inside.share(0);
        inside.exclude();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// What the exclusive mode wrote is seen in the shared mode, without any other synchronisation.
#[test]
fn changes_travel_with_the_lock() {
    loom::model(|| {
        let lock = Arc::new(ModeLock::new(2));
        let cell = Arc::new(loom::cell::UnsafeCell::new(0));
        let (other_lock, other_cell) = (Arc::clone(&lock), Arc::clone(&cell));
        let thread = thread::spawn(move || {
            other_lock.enter_shared(1);
            other_cell.with(|value| {
                // SAFETY: the shared mode; loom checks that no write happens at the same time.
                let _ = unsafe { *value };
            });
            other_lock.leave_shared(1);
        });
        lock.enter_exclusive();
        // SAFETY: the exclusive mode; loom checks that nobody else is there.
        cell.with_mut(|value| unsafe { *value += 1 });
        lock.leave_exclusive();
        thread.join().unwrap();
    });
}

/// Two workers that want the same shard: one at a time, what was written is seen, nobody sleeps for ever.
#[test]
fn a_shard_has_one_owner() {
    loom::model(|| {
        let shared = Arc::new((ShardLock::default(), Waiters::default(), loom::cell::UnsafeCell::new(0)));
        let work = |shared: &(ShardLock, Waiters, loom::cell::UnsafeCell<u32>)| {
            let ((lock, waiters, cell), mut me) = (shared, LockOwner::new());
            waiters.take(lock, &me);
            assert!(lock.is_of(&me));
            // SAFETY: the lock is held; loom checks that nobody else is there.
            cell.with_mut(|value| unsafe { *value += 1 });
            lock.give_back(&mut me);
            waiters.wake();
        };
        let other = Arc::clone(&shared);
        let thread = thread::spawn(move || work(&other));
        work(&shared);
        thread.join().unwrap();
        // SAFETY: the other thread is gone.
        shared.2.with(|value| assert_eq!(unsafe { *value }, 2));
    });
}

/// Groups that overlap: one worker waits for two shards in order, the other takes them in the opposite order but
/// only while they are free. No deadlock, and both finish.
#[test]
fn groups_in_opposite_order_finish() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let shared = Arc::new(([ShardLock::default(), ShardLock::default()], Waiters::default()));
        let other = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let ((locks, waiters), mut me) = (&*other, LockOwner::new());
            waiters.take(&locks[1], &me);
            let both = locks[0].try_take(&me) == Taken::Now;
            locks[1].give_back(&mut me);
            if both {
                locks[0].give_back(&mut me);
            }
            waiters.wake();
        });
        let ((locks, waiters), mut me) = (&*shared, LockOwner::new());
        for lock in locks {
            waiters.take(lock, &me);
        }
        for lock in locks {
            lock.give_back(&mut me);
        }
        waiters.wake();
        thread.join().unwrap();
    });
}

/// A client that waits for keys in two shards: noted in both, and its worker gets a message when it was served.
#[derive(Default)]
struct Waiting {
    locks: [ShardLock; 2],
    waiters: Waiters,
    /// For each shard, under its lock: the client is noted there.
    noted: [loom::cell::UnsafeCell<bool>; 2],
    mailbox: Mailbox<usize>,
}

impl Waiting {
    /// What a worker that holds the lock of a shard sees there.
    fn is_noted(&self, shard: usize, me: &LockOwner) -> bool {
        assert!(self.locks[shard].is_of(me));
        // SAFETY: the lock is held; loom checks that nobody writes at the same time.
        self.noted[shard].with(|noted| unsafe { *noted })
    }

    fn take(&self, shard: usize, me: &LockOwner) {
        self.waiters.take(&self.locks[shard], me);
    }

    fn give_back(&self, shards: &[usize], me: &mut LockOwner) {
        shards.iter().for_each(|shard| self.locks[*shard].give_back(me));
        self.waiters.wake();
    }

    /// Ends the wait, under both locks. False if it has ended.
    fn end_wait(&self, me: &LockOwner) -> bool {
        if !self.is_noted(0, me) {
            assert!(!self.is_noted(1, me), "a wait ends in all shards at once");
            return false;
        }
        // SAFETY: both locks are held; loom checks that nobody else is there.
        self.noted.iter().for_each(|noted| noted.with_mut(|noted| unsafe { *noted = false }));
        true
    }

    /// Somebody pushes to the key of a shard: the client that waits is served under the locks of all its keys.
    fn push(&self, shard: usize) {
        let me = &mut LockOwner::new();
        self.take(shard, me);
        let is_noted = self.is_noted(shard, me);
        self.give_back(&[shard], me);
        if !is_noted {
            return;
        }
        self.both(me, |me| {
            if self.end_wait(me) {
                let _ = self.mailbox.put(shard);
            }
        });
    }

    fn both(&self, me: &mut LockOwner, work: impl FnOnce(&LockOwner)) {
        self.take(0, me);
        self.take(1, me);
        work(me);
        self.give_back(&[0, 1], me);
    }
}

/// A client is served once, or its time is up, never both: two workers push to its two keys while its own worker ends
/// the wait.
#[test]
fn a_wait_ends_once() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let waiting = Arc::new(Waiting::default());
        // SAFETY: nobody else is there yet.
        waiting.noted.iter().for_each(|noted| noted.with_mut(|noted| unsafe { *noted = true }));
        let pushers = [0, 1].map(|shard| {
            let waiting = Arc::clone(&waiting);
            thread::spawn(move || waiting.push(shard))
        });
        let mut timed_out = false;
        waiting.both(&mut LockOwner::new(), |me| timed_out = waiting.end_wait(me));
        pushers.into_iter().for_each(|pusher| pusher.join().unwrap());
        let mut messages = Vec::new();
        waiting.mailbox.take(&mut messages);
        assert_eq!(messages.len() + usize::from(timed_out), 1);
    });
}
