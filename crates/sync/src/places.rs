//! Places for workers that want to work, as many as there are processors.
//!
//! A thread that the system takes its processor from while it holds locks keeps everybody waiting who
//! needs them, and with more workers than processors somebody is always in that state. So workers share
//! the processors among themselves: only as many as there are processors work at a time, and who has
//! worked for a slice passes its place on at the end of a batch, holding nothing.
//!
//! ```text
//! sleep in poll ── enter ──> place ── batches ... slice over and somebody waits ──> pass on, enter again
//!                              ├── nothing to do ── leave ──> sleep in poll
//!                              ╰── wait for the disk ── leave ──> without a place, to the end of its turn
//! ```
//! Places are passed on in the order of waiting. With as many processors as workers there is no
//! [`Places`] at all, and nothing of this costs anything.
//!
//! Who waits sleeps in front of a pipe (`Bell`), because writing to a pipe tells Linux that the writer is about to sleep
//! (a *synchronous* wake-up): the next worker is put onto the processor that becomes free. Woken through a futex it was
//! often queued behind the worker on the other processor, while the one that it was to have stood idle: on two
//! processors that took a fifth of all time.

use crate::{AtomicUsize, Mutex, MutexGuard, Ordering};
use bell::Bell;
use std::collections::VecDeque;
use std::io;

struct Room {
    free: usize,
    queue: VecDeque<usize>,
}

/// See the module.
pub struct Places {
    room: Mutex<Room>,
    /// Length of the queue.
    waiting: AtomicUsize,
    /// For each worker: rings when it gets a place.
    bells: Box<[Bell]>,
}

impl Places {
    /// So many places for so many workers. Fails if the system has no more pipes.
    pub fn new(places: usize, workers: usize) -> io::Result<Places> {
        Ok(Places {
            room: Mutex::new(Room { free: places, queue: VecDeque::new() }),
            waiting: AtomicUsize::new(0),
            bells: (0..workers).map(|_| Bell::new()).collect::<io::Result<_>>()?,
        })
    }

    /// Takes a place, waiting for it if need be. The worker has none.
    pub fn enter(&self, me: usize) {
        let mut room = self.lock();
        if room.free > 0 {
            room.free -= 1;
            return;
        }
        room.queue.push_back(me);
        self.waiting.store(room.queue.len(), Ordering::Relaxed);
        drop(room);
        self.bells[me].wait();
    }

    /// Gives a place up: to whoever has waited longest.
    pub fn leave(&self) {
        let mut room = self.lock();
        match room.queue.pop_front() {
            Some(next) => {
                self.waiting.store(room.queue.len(), Ordering::Relaxed);
                drop(room);
                self.bells[next].ring();
            }
            None => room.free += 1,
        }
    }

    /// True if somebody waits for a place.
    #[inline]
    pub fn are_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn lock(&self) -> MutexGuard<'_, Room> {
        self.room.lock().expect("no panic happens in the room")
    }
}

/// What a worker sleeps in front of until somebody rings it. It is rung once for each wait, before or after it begins.
mod bell {
    #[cfg(not(loom))]
    pub use pipe::Bell;
    #[cfg(loom)]
    pub use signal::Bell;

    #[cfg(not(loom))]
    mod pipe {
        use std::io::{self, PipeReader, PipeWriter, Read, Write};

        pub struct Bell(PipeReader, PipeWriter);

        /// Both ends are here for as long as the bell is.
        const OPEN: &str = "a pipe with both ends open takes and gives a byte";

        impl Bell {
            pub fn new() -> io::Result<Bell> {
                let (reader, writer) = io::pipe()?;
                Ok(Bell(reader, writer))
            }

            pub fn ring(&self) {
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

        pub struct Bell(Mutex<bool>, Condvar);

        impl Bell {
            pub fn new() -> io::Result<Bell> {
                Ok(Bell(Mutex::new(false), Condvar::new()))
            }

            pub fn ring(&self) {
                *self.0.lock().unwrap() = true;
                self.1.notify_one();
            }

            pub fn wait(&self) {
                let mut rung = self.0.lock().unwrap();
                while !std::mem::take(&mut *rung) {
                    rung = self.1.wait(rung).unwrap();
                }
            }
        }
    }
}
