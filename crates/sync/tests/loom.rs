//! The world lock under the model checker: every interleaving of a few workers.
//!
//! Run with `make test-loom`; a plain `cargo test` compiles nothing here.
#![cfg(loom)]
#![allow(unsafe_code)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use ochre_sync::WorldLock;

/// What the lock protects: how many workers are inside, an exclusive one counts as `ALONE`.
struct Inside {
    lock: WorldLock,
    count: AtomicUsize,
}

const ALONE: usize = 100;

impl Inside {
    fn new(workers: usize) -> Arc<Inside> {
        Arc::new(Inside { lock: WorldLock::new(workers), count: AtomicUsize::new(0) })
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
        let lock = Arc::new(WorldLock::new(2));
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
