//! Permits to run, as many as there are processors, for workers that want to work.
//!
//! A thread that the system takes its processor from while it holds locks keeps everybody waiting who
//! needs them, and with more workers than processors somebody is always in that state. So workers share
//! the processors among themselves: only as many as there are processors work at a time, and who has
//! worked for a slice passes its permit on at the end of a batch, holding nothing.
//!
//! ```text
//! sleep in poll ── enter ──> permit ── batches ... slice over and somebody waits ──> pass on, enter again
//!                              ├── nothing to do ── leave ──> sleep in poll
//!                              ╰── wait for the disk ── leave ──> without a permit, to the end of its turn
//! ```
//! Permits are passed on in the order of waiting. With as many processors as workers there is no
//! [`RunPermits`] at all, and nothing of this costs anything.
//!
//! Who waits sleeps in front of a pipe (`Wakeup`), because writing to a pipe tells Linux that the writer is about to sleep
//! (a *synchronous* wake-up): the next worker is put onto the processor that becomes free. Woken through a futex it was
//! often queued behind the worker on the other processor, while the one that it was to have stood idle: on two
//! processors that took a fifth of all time.

use crate::{AtomicUsize, Mutex, MutexGuard, Ordering};
use std::collections::VecDeque;
use std::io;
use wakeup::Wakeup;

struct PermitQueue {
    free: usize,
    queue: VecDeque<usize>,
}

/// See the module.
pub struct RunPermits {
    state: Mutex<PermitQueue>,
    /// Length of the queue.
    waiting: AtomicUsize,
    /// For each worker: rings when it gets a permit.
    wakeups: Box<[Wakeup]>,
}

impl RunPermits {
    /// So many permits for so many workers. Fails if the system has no more pipes.
    pub fn new(permits: usize, workers: usize) -> io::Result<RunPermits> {
        Ok(RunPermits {
            state: Mutex::new(PermitQueue { free: permits, queue: VecDeque::new() }),
            waiting: AtomicUsize::new(0),
            wakeups: (0..workers).map(|_| Wakeup::new()).collect::<io::Result<_>>()?,
        })
    }

    /// Takes a permit, waiting for it if need be. The worker has none.
    pub fn enter(&self, me: usize) {
        let mut state = self.lock();
        if state.free > 0 {
            state.free -= 1;
            return;
        }
        state.queue.push_back(me);
        self.waiting.store(state.queue.len(), Ordering::Relaxed);
        drop(state);
        self.wakeups[me].wait();
    }

    /// Gives a permit up: to whoever has waited longest.
    pub fn leave(&self) {
        let mut state = self.lock();
        match state.queue.pop_front() {
            Some(next) => {
                self.waiting.store(state.queue.len(), Ordering::Relaxed);
                drop(state);
                self.wakeups[next].wake();
            }
            None => state.free += 1,
        }
    }

    /// True if somebody waits for a permit.
    #[inline]
    pub fn are_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn lock(&self) -> MutexGuard<'_, PermitQueue> {
        self.state.lock().expect("no panic happens under the lock of the queue")
    }
}

/// What a worker sleeps in front of until somebody rings it. It is woken once for each wait, before or after it begins.
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

    /// The same for the model checker, which knows no pipes.
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
