//! The lock of the world: many workers in the shared mode, or one in the exclusive mode.
//!
//! A reader-writer lock made for this one use. Every worker has a flag on a cache line of its own
//! that says whether it is *in* (the shared mode): entering and leaving touch no line that others
//! write. Whoever wants the exclusive mode announces it and waits until every flag is down.
//!
//! ```text
//! enter shared     flag[i] = in;   fence;  wanted?  ── no ──> in
//!                                             └── yes: flag[i] = out, sleep until it is over
//! enter exclusive  wanted = true;  fence;  all flags out?  ── yes ──> alone
//!                                             └── no: sleep until one goes out
//! leave shared     flag[i] = out;  fence;  wanted?  ── yes ──> wake who waits for that
//! ```
//! The fences make it impossible that both sides miss each other (Dekker's argument).
//! Fairness: between two exclusive turns every worker that was kept waiting gets its turn, and as
//! nobody enters while an exclusive turn is wanted, the wait for one is bounded by a batch.

use crate::spin::wait_briefly;
use crate::{AtomicBool, Condvar, Mutex, MutexGuard, Ordering, fence};

/// A flag on lines of its own.
#[repr(align(128))]
struct Flag(AtomicBool);

/// What the slow paths agree on.
#[derive(Default)]
struct Gate {
    /// Somebody has the exclusive mode, or waits for the others to leave.
    is_taken: bool,
    /// Workers that sleep until the shared mode is open again.
    kept_waiting: usize,
}

/// See the module.
pub struct WorldLock {
    is_in: Box<[Flag]>,
    wanted: AtomicBool,
    gate: Mutex<Gate>,
    /// The shared mode is open again.
    open: Condvar,
    /// A worker left while the exclusive mode was wanted.
    left: Condvar,
    /// The exclusive mode may be free.
    free: Condvar,
}

impl WorldLock {
    /// The lock for so many workers.
    pub fn new(workers: usize) -> WorldLock {
        WorldLock {
            is_in: (0..workers).map(|_| Flag(AtomicBool::new(false))).collect(),
            wanted: AtomicBool::new(false),
            gate: Mutex::new(Gate::default()),
            open: Condvar::new(),
            left: Condvar::new(),
            free: Condvar::new(),
        }
    }

    /// Worker `me`, which is out, enters the shared mode.
    #[inline]
    pub fn enter_shared(&self, me: usize) {
        self.is_in[me].0.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.wanted.load(Ordering::Acquire) {
            self.enter_shared_later(me);
        }
    }

    #[cold]
    fn enter_shared_later(&self, me: usize) {
        let mut gate = self.lock();
        self.is_in[me].0.store(false, Ordering::Release);
        self.left.notify_one();
        gate.kept_waiting += 1;
        while gate.is_taken {
            gate = self.open.wait(gate).expect("no panic happens under the gate");
        }
        gate.kept_waiting -= 1;
        // Whoever takes the gate after this sees the flag.
        self.is_in[me].0.store(true, Ordering::Relaxed);
        if gate.kept_waiting == 0 {
            self.free.notify_all();
        }
    }

    /// Worker `me` leaves the shared mode.
    #[inline]
    pub fn leave_shared(&self, me: usize) {
        self.is_in[me].0.store(false, Ordering::Release);
        fence(Ordering::SeqCst);
        if self.wanted.load(Ordering::Relaxed) {
            self.tell_that_one_left();
        }
    }

    #[cold]
    fn tell_that_one_left(&self) {
        let _gate = self.lock();
        self.left.notify_one();
    }

    /// Somebody waits for the shared mode to end: batches should.
    #[inline]
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// A worker that is out enters the exclusive mode.
    pub fn enter_exclusive(&self) {
        let mut gate = self.lock();
        while gate.is_taken || gate.kept_waiting > 0 {
            gate = self.free.wait(gate).expect("no panic happens under the gate");
        }
        gate.is_taken = true;
        self.wanted.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !self.all_left() {
            drop(gate);
            if wait_briefly(|| self.all_left()) {
                return;
            }
            gate = self.lock();
            while !self.all_left() {
                gate = self.left.wait(gate).expect("no panic happens under the gate");
            }
        }
    }

    /// Ends the exclusive mode.
    pub fn leave_exclusive(&self) {
        let mut gate = self.lock();
        gate.is_taken = false;
        self.wanted.store(false, Ordering::Release);
        self.open.notify_all();
        if gate.kept_waiting == 0 {
            self.free.notify_one();
        }
    }

    fn all_left(&self) -> bool {
        self.is_in.iter().all(|flag| !flag.0.load(Ordering::Acquire))
    }

    fn lock(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().expect("no panic happens under the gate")
    }
}
