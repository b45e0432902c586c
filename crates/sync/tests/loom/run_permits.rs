//! Run permits: passed on, and lent by a worker that waits for the disk.

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use ochre_sync::{RunPermits, Shared, World};

/// One permit for two workers: never both, and both get it.
#[test]
fn a_place_is_passed_on() {
    loom::model(|| {
        let shared = Arc::new((RunPermits::new(1, 2).unwrap(), AtomicUsize::new(0)));
        let work = |me: usize, shared: &(RunPermits, AtomicUsize)| {
            let (permits, inside) = shared;
            for _ in 0..2 {
                permits.enter(me);
                assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0, "two on one permit");
                inside.fetch_sub(1, Ordering::Relaxed);
                permits.leave();
            }
        };
        let other = Arc::clone(&shared);
        let thread = thread::spawn(move || work(1, &other));
        work(0, &shared);
        thread.join().unwrap();
    });
}

/// Workers that share permits, as the server's seats do, and a disk that some of them wait for.
struct Office {
    world: World<UnsafeCell<u32>>,
    permits: usize,
    /// How many workers use a permit in the shared mode.
    at_work: AtomicUsize,
    /// Whether what the disk was asked for is done.
    disk: Mutex<bool>,
    done: Condvar,
}

impl Office {
    fn new(workers: usize, permits: usize) -> Arc<Office> {
        Arc::new(Office {
            world: World::new(workers, permits, UnsafeCell::new(0)).unwrap(),
            permits,
            at_work: AtomicUsize::new(0),
            disk: Mutex::new(false),
            done: Condvar::new(),
        })
    }

    fn seat(&self, me: usize) -> Seat<'_> {
        Seat { office: self, me, shared: None, works: false }
    }

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

/// What the server does with the world, in the same order. There is one for each number, on one thread: that is the
/// contract of all unsafe calls here.
struct Seat<'a> {
    office: &'a Office,
    me: usize,
    shared: Option<Shared<'a, UnsafeCell<u32>>>,
    works: bool,
}

impl Seat<'_> {
    fn enter(&mut self) {
        self.stop();
        self.shared = None;
        // SAFETY: see the struct; it holds no guard.
        self.shared = Some(unsafe { self.office.world.shared(self.me) });
        let others = self.office.at_work.fetch_add(1, Ordering::Relaxed);
        assert!(others < self.office.permits, "more workers than permits");
        self.works = true;
    }

    fn stop(&mut self) {
        if std::mem::take(&mut self.works) {
            self.office.at_work.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn leave(&mut self) {
        self.stop();
        self.shared = None;
        // SAFETY: see the struct.
        unsafe { self.office.world.rest(self.me) };
    }

    /// As [`Seat::leave`], but it stays in the shared mode.
    fn lend_place(&mut self) {
        self.stop();
        // SAFETY: see the struct.
        unsafe { self.office.world.rest(self.me) };
    }

    fn step_aside(&mut self) {
        // SAFETY: see the struct.
        if unsafe { self.office.world.is_wanted(self.me) } {
            self.enter();
        }
    }

    /// Looks at what only the exclusive mode changes.
    fn look(&self) {
        // SAFETY: the shared mode; loom checks that no write happens at the same time.
        self.shared.as_ref().unwrap().with(|value| _ = unsafe { *value });
    }

    /// Changes it.
    fn exclusively_change(&mut self) {
        self.stop();
        self.shared = None;
        // SAFETY: see the struct; it holds no guard.
        let all = unsafe { self.office.world.exclusive() };
        // SAFETY: the exclusive mode; loom checks that nobody else is there.
        all.with_mut(|value| unsafe { *value += 1 });
        drop(all);
        self.enter();
    }
}

/// There is one permit, and what the lender waits for comes only from the other worker: that must get the permit.
/// Its exclusive turn waits for the lender, and each has a permit afterwards, but not both at once.
#[test]
fn a_lent_place_is_of_use_while_its_lender_stays_in_the_shared_mode() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(5);
    model.check(|| {
        let office = Office::new(2, 1);
        let other = Arc::clone(&office);
        let thread = thread::spawn(move || {
            let mut seat = other.seat(1);
            seat.enter();
            other.end_write();
            seat.exclusively_change();
            seat.leave();
        });
        let mut seat = office.seat(0);
        seat.enter();
        seat.lend_place();
        office.wait_for_disk();
        seat.look();
        seat.leave();
        seat.enter();
        seat.leave();
        thread.join().unwrap();
        // Neither kept it.
        seat.enter();
        seat.leave();
    });
}

/// A lender that goes back to work in the same turn, because it has to step aside or needs the exclusive mode, waits
/// for a permit again, and has one to give up at the end.
#[test]
fn lenders_that_go_on_get_a_place_again() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let office = Office::new(3, 1);
        let threads = [1, 2].map(|me| {
            let office = Arc::clone(&office);
            thread::spawn(move || {
                let mut seat = office.seat(me);
                seat.enter();
                seat.lend_place();
                seat.look();
                if me == 1 {
                    seat.exclusively_change()
                } else {
                    seat.step_aside()
                }
                seat.leave();
            })
        });
        let mut seat = office.seat(0);
        seat.enter();
        seat.step_aside();
        seat.leave();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        seat.enter();
        seat.leave();
    });
}
