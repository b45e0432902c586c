//! Run permits: passed on, and lent by a worker that waits for the disk.

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use ochre_sync::{ModeCell, ModeHandle, RunPermits};

/// One permit for two workers: never both, and both get it.
#[test]
fn a_permit_is_passed_on() {
    loom::model(|| {
        let shared = Arc::new((RunPermits::new(1, 2).unwrap(), AtomicUsize::new(0)));
        let work = |me: usize, shared: &(RunPermits, AtomicUsize)| {
            let (permits, inside) = shared;
            for _ in 0..2 {
                permits.enter(me);
                assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0, "two on one permit");
                inside.fetch_sub(1, Ordering::Relaxed);
                permits.leave(me);
            }
        };
        let other = Arc::clone(&shared);
        let thread = thread::spawn(move || work(1, &other));
        work(0, &shared);
        thread.join().unwrap();
    });
}

/// What workers meet in besides their state: a count of themselves, and a disk that some of them wait for.
struct Surroundings {
    permits: usize,
    /// How many workers use a permit in the shared mode.
    at_work: AtomicUsize,
    /// Whether what the disk was asked for is done.
    disk: Mutex<bool>,
    done: Condvar,
}

impl Surroundings {
    fn end_write(&self) {
        *self.disk.lock().unwrap() = true;
        self.done.notify_all();
    }

    fn wait_for_disk(&self) {
        let mut done = self.disk.lock().unwrap();
        while !*done {
            done = self.done.wait(done).unwrap();
        }
    }
}

/// What the server's workers do with their handles, in the same order.
struct Worker {
    handle: ModeHandle<UnsafeCell<u32>>,
    around: Arc<Surroundings>,
    works: bool,
}

fn workers<const N: usize>(permits: usize) -> [Worker; N] {
    let around = Arc::new(Surroundings {
        permits,
        at_work: AtomicUsize::new(0),
        disk: Mutex::new(false),
        done: Condvar::new(),
    });
    let handles = ModeCell::share(N, permits, UnsafeCell::new(0)).unwrap().into_iter();
    let workers: Vec<_> =
        handles.map(|handle| Worker { handle, around: Arc::clone(&around), works: false }).collect();
    workers.try_into().ok().unwrap()
}

impl Worker {
    fn enter(&mut self) {
        self.stop();
        self.handle.enter_shared();
        let others = self.around.at_work.fetch_add(1, Ordering::Relaxed);
        assert!(others < self.around.permits, "more workers than permits");
        self.works = true;
    }

    fn stop(&mut self) {
        if std::mem::take(&mut self.works) {
            self.around.at_work.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn leave(&mut self) {
        self.stop();
        self.handle.leave();
        self.handle.lend_permit();
    }

    /// Gives the permit up and stays in the shared mode.
    fn lend_permit(&mut self) {
        self.stop();
        self.handle.lend_permit();
    }

    fn step_aside(&mut self) {
        if self.handle.is_wanted() {
            self.enter();
        }
    }

    /// Looks at what only the exclusive mode changes.
    fn look(&self) {
        // SAFETY: the shared mode; loom checks that no write happens at the same time.
        self.handle.state().with(|value| _ = unsafe { *value });
    }

    /// Changes it.
    fn exclusively_change(&mut self) {
        self.stop();
        // SAFETY: the exclusive mode; loom checks that nobody else is there.
        self.handle.exclusive().with_mut(|value| unsafe { *value += 1 });
        self.handle.leave();
        self.enter();
    }
}

/// There is one permit, and what the lender waits for comes only from the other worker: that must get the permit.
/// Its exclusive mode waits for the lender, and each has a permit afterwards, but not both at once.
#[test]
fn a_lent_permit_is_of_use_while_its_lender_stays_in_the_shared_mode() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(5);
    model.check(|| {
        let [mut lender, mut other] = workers(1);
        let thread = thread::spawn(move || {
            other.enter();
            other.around.end_write();
            other.exclusively_change();
            other.leave();
        });
        lender.enter();
        lender.lend_permit();
        lender.around.wait_for_disk();
        lender.look();
        lender.leave();
        lender.enter();
        lender.leave();
        thread.join().unwrap();
        // Neither kept it.
        lender.enter();
        lender.leave();
    });
}

/// A lender that goes back to work in the same batch, because it has to step aside or needs the exclusive mode, waits
/// for a permit again, and has one to give up at the end.
#[test]
fn lenders_that_go_on_get_a_permit_again() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let [mut first, second, third] = workers(1);
        let threads = [second, third].map(|mut worker| {
            thread::spawn(move || {
                worker.enter();
                worker.lend_permit();
                worker.look();
                if worker.handle.me() == 1 {
                    worker.exclusively_change()
                } else {
                    worker.step_aside()
                }
                worker.leave();
            })
        });
        first.enter();
        first.step_aside();
        first.leave();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        first.enter();
        first.leave();
    });
}
