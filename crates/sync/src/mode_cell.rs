//! A state that workers share: many of them look at it at once, or one changes it.
//!
//! ```text
//!                    ModeHandle of worker i, one for each number
//!
//!          ┌── enter_shared ──> Shared ──── state, parts ──> &S, and &mut of the cells of worker i
//!   Out <──┤                      │ ▲
//!  (leave) │            exclusive ▼ │ enter_shared
//!          └── exclusive ───> Exclusive ── exclusive ──────> &mut S, hence &mut of all cells
//! ```
//! Why no two references conflict:
//! - There is one handle for each number, and it can be neither copied nor used by two threads at once.
//! - Every reference into the state borrows the handle that lent it, and changing the mode takes `&mut` of the handle. So a
//!   reference ends before the mode does in which it was lent.
//! - The lock keeps handles in the shared mode and one in the exclusive mode apart. If there is one handle only, its own
//!   borrows do, and no lock is touched.
#![allow(unsafe_code)]

use crate::mode_lock::ModeLock;
use crate::own::PerWorker;
use crate::run_permits::RunPermits;
use std::cell::{Cell, UnsafeCell};
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;

/// A state that workers share, reached through one [`ModeHandle`] per worker.
pub struct ModeCell<S> {
    lock: ModeLock,
    /// If there are fewer processors than workers.
    permits: Option<RunPermits>,
    state: UnsafeCell<S>,
}

// SAFETY: the state is lent as `&S` to several threads, which is why it has to be `Sync`, or as `&mut S` to one, which
// is why it has to be `Send`, never both at a time.
unsafe impl<S: Send + Sync> Sync for ModeCell<S> {}

impl<S> ModeCell<S> {
    /// Shares a state among so many workers on so many processors. Returns their handles in the order of their numbers; all
    /// of them are out. The state is dropped with the last handle. Fails if the system has no more pipes.
    pub fn share(workers: usize, processors: usize, state: S) -> io::Result<Vec<ModeHandle<S>>> {
        let processors = processors.max(1);
        let needs_permits = workers > processors;
        let permits = needs_permits.then(|| RunPermits::new(processors, workers)).transpose()?;
        let lock = ModeLock::new(workers);
        let cell = Arc::new(ModeCell { lock, permits, state: UnsafeCell::new(state) });
        let is_alone = workers == 1;
        let handle = |me| ModeHandle {
            cell: Arc::clone(&cell),
            me,
            is_alone,
            mode: Mode::Out,
            _one_thread: PhantomData,
        };
        Ok((0..workers).map(handle).collect())
    }

    #[inline]
    fn is_wanted(&self, me: usize) -> bool {
        self.lock.is_wanted() || self.permits.as_ref().is_some_and(|permits| permits.should_pass_on(me))
    }
}

/// What a worker may do with the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Nothing: it sleeps.
    Out,
    /// Look at it, and change what is its own.
    Shared,
    /// Everything.
    Exclusive,
}

/// The access of one worker to the shared state.
///
/// It cannot be copied, so there is one for each number:
/// ```compile_fail,E0599
/// let mut handles = ochre_sync::ModeCell::share(1, 1, 0).unwrap();
/// let copy = handles[0].clone();
/// ```
/// The state cannot be changed while it is looked at:
/// ```compile_fail,E0502
/// let mut handles = ochre_sync::ModeCell::share(1, 1, 0).unwrap();
/// handles[0].enter_shared();
/// let state = handles[0].state();
/// *handles[0].exclusive() += 1;
/// assert_eq!(*state, 0);
/// ```
/// What was lent in one mode ends with it:
/// ```compile_fail,E0499
/// let mut handles = ochre_sync::ModeCell::share(1, 1, 0).unwrap();
/// let state = handles[0].exclusive();
/// handles[0].enter_shared();
/// *state += 1;
/// ```
/// Two threads cannot use it at once, though it may move from one to another:
/// ```compile_fail,E0277
/// fn is_sync<T: Sync>(_: T) {}
/// is_sync(ochre_sync::ModeCell::share(1, 1, 0).unwrap());
/// ```
/// ```
/// fn is_send<T: Send>(_: T) {}
/// is_send(ochre_sync::ModeCell::share(1, 1, 0).unwrap());
/// ```
pub struct ModeHandle<S> {
    cell: Arc<ModeCell<S>>,
    me: usize,
    /// There is no other worker.
    is_alone: bool,
    mode: Mode,
    /// Not `Sync`: the handle is the one worker of its number, so one thread at a time has it.
    _one_thread: PhantomData<Cell<()>>,
}

impl<S> ModeHandle<S> {
    /// The number of the worker.
    #[inline]
    pub fn me(&self) -> usize {
        self.me
    }

    /// True if there is no other worker.
    #[inline]
    pub fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// True in the exclusive mode.
    #[inline]
    pub fn is_exclusive(&self) -> bool {
        self.mode == Mode::Exclusive
    }

    /// Enters the shared mode, from any mode: other workers that wait for the exclusive mode or a run permit come first.
    #[inline]
    pub fn enter_shared(&mut self) {
        if !self.is_alone {
            self.leave();
            if let Some(permits) = &self.cell.permits {
                permits.enter(self.me);
            }
            self.cell.lock.enter_shared(self.me);
        }
        self.mode = Mode::Shared;
    }

    /// Leaves the mode that the worker is in. It keeps its run permit.
    #[inline]
    pub fn leave(&mut self) {
        let mode = std::mem::replace(&mut self.mode, Mode::Out);
        if self.is_alone {
            return;
        }
        match mode {
            Mode::Out => {}
            Mode::Shared => self.cell.lock.leave_shared(self.me),
            Mode::Exclusive => self.cell.lock.leave_exclusive(),
        }
    }

    /// Lets another worker have the run permit of this one, which is about to sleep with no shard in hand. It has usually left
    /// its mode; one that waits for the disk may stay in it, and gets a permit again when it enters the shared mode next.
    #[inline]
    pub fn lend_permit(&mut self) {
        if let Some(permits) = &self.cell.permits {
            permits.leave(self.me);
        }
    }

    /// True if the worker should enter the shared mode anew at the end of its batch: somebody waits for the exclusive
    /// mode, or for a run permit that this worker has had for long enough.
    #[inline]
    pub fn is_wanted(&self) -> bool {
        self.cell.is_wanted(self.me)
    }

    /// Answers [`ModeHandle::is_wanted`] while the handle is borrowed.
    pub fn watch(&self) -> ModeWatch<S> {
        ModeWatch { cell: Arc::clone(&self.cell), me: self.me }
    }

    /// The state, in the shared mode.
    #[inline]
    pub fn state(&self) -> &S {
        assert!(self.mode == Mode::Shared, "a worker has to be in the shared mode to look at the state");
        // SAFETY: this handle is in the shared mode as long as it is borrowed, so no other one is in the exclusive mode, and
        // it lent no `&mut S` itself that still lives.
        unsafe { &*self.cell.state.get() }
    }

    /// The state and what belongs to this worker, in the shared mode.
    #[inline]
    pub fn parts(&mut self) -> (&S, &mut S::First, &mut S::Second)
    where
        S: PerWorker,
    {
        let state = self.state();
        let (first, second) = state.cells(self.me);
        // SAFETY: by the contract of `PerWorker` these two cells are different and no other number's, and this handle, the
        // one of its number, is borrowed mutably as long as the references live. `get_mut` takes `&mut S`, which
        // nobody has in the shared mode.
        unsafe { (state, first.get_by_worker(), second.get_by_worker()) }
    }

    /// The whole state, in the exclusive mode, which is entered unless the worker is in it.
    #[inline]
    pub fn exclusive(&mut self) -> &mut S {
        if self.mode != Mode::Exclusive {
            if !self.is_alone {
                self.leave();
                self.cell.lock.enter_exclusive();
            }
            self.mode = Mode::Exclusive;
        }
        // SAFETY: all other handles are out as long as this one is in the exclusive mode, and it is borrowed mutably as long
        // as the reference lives.
        unsafe { &mut *self.cell.state.get() }
    }

    /// Keeps the state for ever: it is not dropped with the last handle. For a process that ends sooner than it could
    /// free a large state piece by piece.
    pub fn never_drop_state(&self) {
        std::mem::forget(Arc::clone(&self.cell));
    }
}

impl<S> Drop for ModeHandle<S> {
    fn drop(&mut self) {
        self.leave();
        self.lend_permit();
    }
}

/// Tells whether others want a worker to step aside, while its handle is borrowed. It lends nothing of the state.
pub struct ModeWatch<S> {
    cell: Arc<ModeCell<S>>,
    me: usize,
}

impl<S> ModeWatch<S> {
    /// True if somebody waits for the exclusive mode, or for a run permit that the worker has had for long enough.
    #[inline]
    pub fn is_wanted(&self) -> bool {
        self.cell.is_wanted(self.me)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::own::Own;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    const WORKERS: usize = 3;
    const ROUNDS: u64 = if cfg!(miri) { 20 } else { 20_000 };

    struct Counts {
        done: [Own<u64>; WORKERS],
        skipped: [Own<u64>; WORKERS],
        total: u64,
    }

    // SAFETY: each number has two places of its own, which the state owns.
    unsafe impl PerWorker for Counts {
        type First = u64;
        type Second = u64;

        fn cells(&self, worker: usize) -> (&Own<u64>, &Own<u64>) {
            (&self.done[worker], &self.skipped[worker])
        }
    }

    impl Counts {
        fn new() -> Counts {
            Counts { done: [0; WORKERS].map(Own::new), skipped: [0; WORKERS].map(Own::new), total: 0 }
        }

        /// Moves what the workers counted into the total.
        fn gather(&mut self) -> u64 {
            for part in self.done.iter_mut().chain(&mut self.skipped) {
                self.total += std::mem::take(part.get_mut());
            }
            self.total
        }
    }

    fn work(handle: &mut ModeHandle<Counts>) {
        for round in 0..ROUNDS {
            handle.enter_shared();
            let (_, done, skipped) = handle.parts();
            *if round % 2 == 0 { done } else { skipped } += 1;
            if round % 7 == handle.me() as u64 {
                handle.exclusive().gather();
            }
        }
    }

    #[test]
    fn no_count_is_lost_between_the_workers_parts_and_the_whole() {
        [1, 2, WORKERS].into_iter().for_each(count_on);
    }

    fn count_on(processors: usize) {
        let handles = ModeCell::share(WORKERS, processors, Counts::new()).unwrap();
        let threads: Vec<_> = handles
            .into_iter()
            .map(|mut handle| {
                std::thread::spawn(move || {
                    work(&mut handle);
                    handle.leave();
                    handle.lend_permit();
                    handle
                })
            })
            .collect();
        let mut handles: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(handles[0].exclusive().gather(), WORKERS as u64 * ROUNDS);
    }

    #[test]
    fn every_number_has_one_handle() {
        let handles = ModeCell::share(WORKERS, WORKERS, ()).unwrap();
        assert_eq!(handles.iter().map(ModeHandle::me).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(handles.iter().all(|handle| !handle.is_alone()));
    }

    #[test]
    fn the_state_is_lent_in_the_shared_mode_only() {
        for workers in [1, 2] {
            let mut handles = ModeCell::share(workers, workers, 5).unwrap();
            let handle = &mut handles[0];
            let looks = |handle: &ModeHandle<i32>| catch_unwind(AssertUnwindSafe(|| *handle.state())).ok();
            assert_eq!(looks(handle), None);
            handle.enter_shared();
            assert_eq!(looks(handle), Some(5));
            *handle.exclusive() += 1;
            assert_eq!((looks(handle), handle.is_exclusive()), (None, true));
            handle.enter_shared();
            assert_eq!(looks(handle), Some(6));
            handle.leave();
            assert_eq!(looks(handle), None);
        }
    }

    #[test]
    fn a_handle_that_is_dropped_keeps_nobody_waiting() {
        let mut handles = ModeCell::share(3, 1, 0).unwrap();
        let mut sharing = handles.remove(0);
        sharing.enter_shared();
        drop(sharing);
        let mut changing = handles.remove(0);
        *changing.exclusive() += 1;
        drop(changing);
        let last = &mut handles[0];
        last.enter_shared();
        assert_eq!(*last.state(), 1);
        assert!(!last.is_wanted() && !last.watch().is_wanted());
        assert_eq!(*last.exclusive(), 1);
    }
}
