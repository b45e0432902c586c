//! The lock behind [`crate::ModeCell`]: many workers in the shared mode, or one in the exclusive mode.
//!
//! A reader-writer lock made for this one use. Every worker has a flag on a cache line of its own
//! that says whether it is *in* (the shared mode): entering and leaving touch no line that others
//! write. A worker that wants the exclusive mode announces it and waits until every flag is down.
//!
//! ```text
//! enter shared     flag[i] = in;   fence;  wanted?  ── no ──> in
//!                                             └── yes: flag[i] = out, sleep until it is over
//! enter exclusive  wanted = true;  fence;  all flags out?  ── yes ──> alone
//!                                             └── no: sleep until one goes out
//! leave shared     flag[i] = out;  fence;  wanted?  ── yes ──> wake the one that waits for that
//! ```
//! The fences make it impossible that both sides miss each other (Dekker's argument).
//! Fairness: between two exclusive holders every worker that was kept waiting enters the shared mode, and as
//! nobody enters while the exclusive mode is wanted, the wait for it is bounded by a batch.

use crate::spin::wait_briefly;
use crate::{AtomicBool, Condvar, Mutex, MutexGuard, Ordering, fence};

/// A flag on lines of its own.
#[repr(align(128))]
struct Flag(AtomicBool);

/// What the paths that sleep agree on.
#[derive(Default)]
struct State {
    /// Somebody has the exclusive mode, or waits for the others to leave.
    is_taken: bool,
    /// Workers that sleep until the shared mode is open again.
    kept_waiting: usize,
}

/// A lock with a shared mode for each of several workers and an exclusive mode for one of them.
pub struct ModeLock {
    is_in: Box<[Flag]>,
    wanted: AtomicBool,
    state: Mutex<State>,
    /// The shared mode is open again.
    open: Condvar,
    /// A worker left while the exclusive mode was wanted.
    left: Condvar,
    /// The exclusive mode may be free.
    free: Condvar,
}

/// Why the mutex is never poisoned.
const NO_PANIC: &str = "no panic happens while the state is locked";

impl ModeLock {
    /// A lock for so many workers, all of them out.
    pub fn new(workers: usize) -> ModeLock {
        ModeLock {
            is_in: (0..workers).map(|_| Flag(AtomicBool::new(false))).collect(),
            wanted: AtomicBool::new(false),
            state: Mutex::new(State::default()),
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
        let mut state = self.lock();
        self.is_in[me].0.store(false, Ordering::Release);
        self.left.notify_one();
        state.kept_waiting += 1;
        while state.is_taken {
            state = self.open.wait(state).expect(NO_PANIC);
        }
        state.kept_waiting -= 1;
        // A worker that locks the state after this sees the flag.
        self.is_in[me].0.store(true, Ordering::Relaxed);
        if state.kept_waiting == 0 {
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
        let _state = self.lock();
        self.left.notify_one();
    }

    /// True if somebody waits for the shared mode to end, which it should with the batch under way.
    #[inline]
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// A worker that is out enters the exclusive mode.
    pub fn enter_exclusive(&self) {
        let mut state = self.lock();
        while state.is_taken || state.kept_waiting > 0 {
            state = self.free.wait(state).expect(NO_PANIC);
        }
        state.is_taken = true;
        self.wanted.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !self.all_left() {
            drop(state);
            if wait_briefly(|| self.all_left()) {
                return;
            }
            state = self.lock();
            while !self.all_left() {
                state = self.left.wait(state).expect(NO_PANIC);
            }
        }
    }

    /// Ends the exclusive mode.
    pub fn leave_exclusive(&self) {
        let mut state = self.lock();
        state.is_taken = false;
        self.wanted.store(false, Ordering::Release);
        self.open.notify_all();
        if state.kept_waiting == 0 {
            self.free.notify_one();
        }
    }

    fn all_left(&self) -> bool {
        self.is_in.iter().all(|flag| !flag.0.load(Ordering::Acquire))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect(NO_PANIC)
    }
}
