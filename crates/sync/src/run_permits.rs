//! Permits to run, as many as there are processors, for workers that want to work.
//!
//! A thread that the system takes its processor from while it holds locks keeps all others waiting that
//! need them, and with more workers than processors some thread is always in that state. So workers share
//! the processors among themselves: only as many as there are processors work at a time, and a worker that has
//! had its permit for a time slice passes it on at the end of a batch, holding nothing.
//!
//! ```text
//! sleep in poll ── enter ──> permit ── batches ... slice over and somebody waits ──> pass on, enter again
//!                              ├── nothing to do ── leave ──> sleep in poll
//!                              ╰── wait for the disk ── leave ──> without a permit, until it enters again
//! ```
//! Permits are passed on in the order of waiting. With as many processors as workers there is no
//! [`RunPermits`] at all, and nothing of this costs anything.
//!
//! A waiting worker sleeps in front of a pipe (`Wakeup`), because writing to a pipe tells Linux that the writer is about to
//! sleep (a *synchronous* wake-up): the next worker is put onto the processor that becomes free. Woken through a futex it was
//! often queued behind the worker on the other processor, while the one that it was to have stood idle: on two
//! processors that took a fifth of all time.

use crate::slice::Slice;
use crate::{AtomicUsize, Mutex, MutexGuard, Ordering};
use std::collections::VecDeque;
use std::io;
use wakeup::Wakeup;

/// The permits that are free, and the workers that wait for one.
struct PermitQueue {
    free: usize,
    queue: VecDeque<usize>,
}

/// What is known of one worker, on cache lines of its own.
#[repr(align(128))]
struct Holder {
    /// Since when it has its permit, if it has one.
    slice: Slice,
    /// Wakes it when it gets one.
    wakeup: Wakeup,
}

/// The permits of a process, and which workers have them.
pub struct RunPermits {
    state: Mutex<PermitQueue>,
    /// Length of the queue.
    waiting: AtomicUsize,
    workers: Box<[Holder]>,
}

impl RunPermits {
    /// So many permits for so many workers. Fails if the system has no more pipes.
    pub fn new(permits: usize, workers: usize) -> io::Result<RunPermits> {
        let holder = |_| Ok(Holder { slice: Slice::none(), wakeup: Wakeup::new()? });
        Ok(RunPermits {
            state: Mutex::new(PermitQueue { free: permits, queue: VecDeque::new() }),
            waiting: AtomicUsize::new(0),
            workers: (0..workers).map(holder).collect::<io::Result<_>>()?,
        })
    }

    /// Worker `me`, which calls this, gets a permit unless it has one, waiting for it if need be. A permit that it
    /// should pass on it passes on first.
    pub fn enter(&self, me: usize) {
        if self.should_pass_on(me) {
            self.leave(me);
        }
        if !self.workers[me].slice.is_on() {
            self.take(me);
            self.workers[me].slice.begin();
        }
    }

    fn take(&self, me: usize) {
        let mut state = self.lock();
        if state.free > 0 {
            state.free -= 1;
            return;
        }
        state.queue.push_back(me);
        self.waiting.store(state.queue.len(), Ordering::Relaxed);
        drop(state);
        self.workers[me].wakeup.wait();
    }

    /// Worker `me`, which calls this, gives its permit up if it has one: to the worker that has waited longest.
    pub fn leave(&self, me: usize) {
        if !self.workers[me].slice.end() {
            return;
        }
        let mut state = self.lock();
        match state.queue.pop_front() {
            Some(next) => {
                self.waiting.store(state.queue.len(), Ordering::Relaxed);
                drop(state);
                self.workers[next].wakeup.wake();
            }
            None => state.free += 1,
        }
    }

    /// True if worker `me` has had its permit for long enough and others wait for one.
    #[inline]
    pub fn should_pass_on(&self, me: usize) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0 && self.workers[me].slice.is_over()
    }

    fn lock(&self) -> MutexGuard<'_, PermitQueue> {
        self.state.lock().expect("no panic happens under the lock of the queue")
    }
}

/// What a worker sleeps in front of until another one wakes it: once for each wait, before or after it begins.
mod wakeup {
    #[cfg(not(loom))]
    pub use pipe::Wakeup;
    #[cfg(loom)]
    pub use signal::Wakeup;

    #[cfg(not(loom))]
    mod pipe {
        use std::io::{self, PipeReader, PipeWriter, Read, Write};

        pub struct Wakeup(PipeReader, PipeWriter);

        /// Both ends are here for as long as the wakeup is.
        const OPEN: &str = "a pipe with both ends open takes and gives a byte";

        impl Wakeup {
            pub fn new() -> io::Result<Wakeup> {
                let (reader, writer) = io::pipe()?;
                Ok(Wakeup(reader, writer))
            }

            pub fn wake(&self) {
                (&self.1).write_all(&[1]).expect(OPEN);
            }

            pub fn wait(&self) {
                (&self.0).read_exact(&mut [0]).expect(OPEN);
            }
        }
    }

    /// A flag and a condition variable for the model checker, which knows no pipes.
    #[cfg(loom)]
    mod signal {
        use crate::{Condvar, Mutex};
        use std::io;

        pub struct Wakeup(Mutex<bool>, Condvar);

        impl Wakeup {
            pub fn new() -> io::Result<Wakeup> {
                Ok(Wakeup(Mutex::new(false), Condvar::new()))
            }

            pub fn wake(&self) {
                *self.0.lock().unwrap() = true;
                self.1.notify_one();
            }

            pub fn wait(&self) {
                let mut woken = self.0.lock().unwrap();
                while !std::mem::take(&mut *woken) {
                    woken = self.1.wait(woken).unwrap();
                }
            }
        }
    }
}
