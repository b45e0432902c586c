//! What the workers share, behind the lock, and the parts that belong to one of them.
//!
//! ```text
//! World<S> { lock, state: S }           S holds an Own<Part> per worker
//!   shared(i)  ──> &S,  and Own::of_this_worker ──> &mut Part of worker i, and no other
//!   exclusive  ──> &mut S, hence &mut of every Part
//! ```
//! Why that is sound: a part is reached by its worker in the shared mode, or by whoever has `&mut S`;
//! the lock keeps the two apart, and a worker is in the shared mode only once.
#![allow(unsafe_code)]

use crate::lock::WorldLock;
use crate::run_permits::RunPermits;
use slice::Slice;
use std::cell::UnsafeCell;
use std::io;
use std::ops::{Deref, DerefMut};

/// A state that workers share.
pub struct World<S> {
    lock: WorldLock,
    workers: usize,
    /// If there are fewer processors than workers.
    permits: Option<RunPermits>,
    /// For each worker: since when it has its permit, if it has one. Its own thread alone looks at it.
    since: Box<[Own<Option<Slice>>]>,
    state: UnsafeCell<S>,
}

// SAFETY: the state is handed out as `&S` to several threads or as `&mut S` to one, never both.
unsafe impl<S: Send + Sync> Sync for World<S> {}

impl<S> World<S> {
    /// The state for so many workers on so many processors. With one worker, no lock is ever taken. Fails if the system
    /// has no more pipes.
    pub fn new(workers: usize, processors: usize, state: S) -> io::Result<World<S>> {
        let needs_permits = workers > processors.max(1);
        let permits = needs_permits.then(|| RunPermits::new(processors.max(1), workers)).transpose()?;
        Ok(World {
            lock: WorldLock::new(workers),
            workers,
            permits,
            since: (0..workers).map(|_| Own::new(None)).collect(),
            state: UnsafeCell::new(state),
        })
    }

    /// Number of workers.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// True if worker `me` should leave the shared mode for a moment: for somebody who wants the
    /// exclusive mode, or who waits for a permit. To be asked at the end of a batch.
    ///
    /// # Safety
    /// One thread only is worker `me`.
    #[inline]
    pub unsafe fn is_wanted(&self, me: usize) -> bool {
        // SAFETY: by the contract.
        self.lock.is_wanted() || self.permits.is_some() && unsafe { self.slice_is_over(me) }
    }

    /// # Safety
    /// One thread only is worker `me`.
    unsafe fn slice_is_over(&self, me: usize) -> bool {
        // SAFETY: by the contract this thread alone looks at it, and no other reference lives.
        let since = unsafe { self.since[me].of_this_worker() };
        self.permits.as_ref().is_some_and(RunPermits::are_wanted) && since.is_some_and(Slice::is_over)
    }

    /// Worker `me` is about to sleep, with no shard in hand: somebody else may have its permit. It has usually left the
    /// shared mode; one that waits for the disk may stay in it, and gets a permit again when it enters it next.
    ///
    /// # Safety
    /// One thread only is worker `me`.
    #[inline]
    pub unsafe fn rest(&self, me: usize) {
        if let Some(permits) = &self.permits {
            // SAFETY: by the contract this thread alone looks at it, and no other reference lives.
            if unsafe { self.since[me].of_this_worker() }.take().is_some() {
                permits.leave();
            }
        }
    }

    /// Enters the shared mode as worker `me`.
    ///
    /// # Safety
    /// One thread only is worker `me`, and it holds no other guard of this world.
    #[inline]
    pub unsafe fn shared(&self, me: usize) -> Shared<'_, S> {
        if self.workers > 1 {
            if self.permits.is_some() {
                // SAFETY: by the contract.
                unsafe { self.take_permit(me) };
            }
            self.lock.enter_shared(me);
        }
        Shared { world: self, me }
    }

    /// # Safety
    /// One thread only is worker `me`.
    unsafe fn take_permit(&self, me: usize) {
        let Some(permits) = &self.permits else { return };
        // SAFETY: by the contract.
        if unsafe { self.slice_is_over(me) } {
            // SAFETY: by the contract.
            unsafe { self.rest(me) };
        }
        // SAFETY: by the contract this thread alone looks at it, and no other reference lives.
        let since = unsafe { self.since[me].of_this_worker() };
        if since.is_none() {
            permits.enter(me);
            *since = Some(Slice::begin());
        }
    }

    /// Enters the exclusive mode.
    ///
    /// # Safety
    /// The thread is a worker of this world, and it holds no other guard of it.
    #[inline]
    pub unsafe fn exclusive(&self) -> Exclusive<'_, S> {
        if self.workers > 1 {
            self.lock.enter_exclusive();
        }
        Exclusive { world: self }
    }
}

/// The shared mode, until this is dropped.
pub struct Shared<'a, S> {
    world: &'a World<S>,
    me: usize,
}

impl<S> Deref for Shared<'_, S> {
    type Target = S;
    #[inline]
    fn deref(&self) -> &S {
        // SAFETY: while a shared guard lives there is no exclusive one.
        unsafe { &*self.world.state.get() }
    }
}

impl<S> Drop for Shared<'_, S> {
    #[inline]
    fn drop(&mut self) {
        if self.world.workers > 1 {
            self.world.lock.leave_shared(self.me);
        }
    }
}

/// The exclusive mode, until this is dropped.
pub struct Exclusive<'a, S> {
    world: &'a World<S>,
}

impl<S> Deref for Exclusive<'_, S> {
    type Target = S;
    #[inline]
    fn deref(&self) -> &S {
        // SAFETY: the guard is the only one.
        unsafe { &*self.world.state.get() }
    }
}

impl<S> DerefMut for Exclusive<'_, S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut S {
        // SAFETY: the guard is the only one, and it is borrowed mutably.
        unsafe { &mut *self.world.state.get() }
    }
}

impl<S> Drop for Exclusive<'_, S> {
    fn drop(&mut self) {
        if self.world.workers > 1 {
            self.world.lock.leave_exclusive();
        }
    }
}

/// The part of one worker inside the shared state, on cache lines of its own.
#[repr(align(128))]
pub struct Own<T>(UnsafeCell<T>);

// SAFETY: reached by one thread at a time (see the module).
unsafe impl<T: Send> Sync for Own<T> {}

impl<T> Own<T> {
    /// A part.
    pub fn new(part: T) -> Own<T> {
        Own(UnsafeCell::new(part))
    }

    /// The part, for whoever has everything.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }

    /// The part of the worker that is in the shared mode.
    ///
    /// # Safety
    /// It is the part of the calling worker, which is in the shared mode if the exclusive one reaches the part, and no
    /// other reference to it lives.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn of_this_worker(&self) -> &mut T {
        // SAFETY: by the contract it is reached once.
        unsafe { &mut *self.0.get() }
    }
}

/// The time for which a worker has had its permit.
mod slice {
    #[cfg(loom)]
    pub use at_once::Slice;
    #[cfg(not(loom))]
    pub use timed::Slice;

    #[cfg(not(loom))]
    mod timed {
        use std::time::{Duration, Instant};

        /// How long a worker keeps its permit while others wait for one: long against changing threads, short
        /// against what a client notices.
        const LENGTH: Duration = Duration::from_millis(4);

        #[derive(Clone, Copy)]
        pub struct Slice(Instant);

        impl Slice {
            pub fn begin() -> Slice {
                Slice(Instant::now())
            }

            pub fn is_over(self) -> bool {
                self.0.elapsed() > LENGTH
            }
        }
    }

    /// The model checker repeats what it did, which no clock does: a slice is over as soon as somebody wants the permit.
    #[cfg(loom)]
    mod at_once {
        #[derive(Clone, Copy)]
        pub struct Slice;

        impl Slice {
            pub fn begin() -> Slice {
                Slice
            }

            pub fn is_over(self) -> bool {
                true
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const WORKERS: usize = 3;
    const TURNS: u64 = if cfg!(miri) { 20 } else { 20_000 };

    struct State {
        parts: [Own<u64>; WORKERS],
        total: u64,
    }

    /// Moves what the workers counted into the total.
    fn gather(state: &mut State) {
        for part in &mut state.parts {
            state.total += std::mem::take(part.get_mut());
        }
    }

    fn work(world: &World<State>, me: usize) {
        for turn in 0..TURNS {
            // SAFETY: this thread alone is worker `me`, and it holds no guard.
            let shared = unsafe { world.shared(me) };
            // SAFETY: its own part, reached once.
            *unsafe { shared.parts[me].of_this_worker() } += 1;
            drop(shared);
            if turn % 7 == me as u64 {
                // SAFETY: a worker that holds no guard.
                let mut all = unsafe { world.exclusive() };
                gather(&mut all);
            }
        }
        // SAFETY: this thread alone is worker `me`.
        unsafe { world.rest(me) };
    }

    #[test]
    fn no_count_is_lost_between_the_workers_parts_and_the_whole() {
        [1, 2, WORKERS].into_iter().for_each(count_on);
    }

    fn count_on(processors: usize) {
        let state = State { parts: [0; WORKERS].map(Own::new), total: 0 };
        let world = World::new(WORKERS, processors, state).unwrap();
        std::thread::scope(|scope| {
            for me in 0..WORKERS {
                let world = &world;
                scope.spawn(move || work(world, me));
            }
        });
        // SAFETY: no other thread is left.
        let mut all = unsafe { world.exclusive() };
        gather(&mut all);
        assert_eq!(all.total, WORKERS as u64 * TURNS);
    }
}
