//! Places for workers that want to work, as many as there are processors.
//!
//! A thread that the system takes its processor from while it holds locks keeps everybody waiting who
//! needs them, and with more workers than processors somebody is always in that state. So workers share
//! the processors among themselves: only as many as there are processors work at a time, and who has
//! worked for a slice passes its place on at the end of a batch, holding nothing.
//!
//! ```text
//! sleep in poll ── enter ──> place ── batches ... slice over and somebody waits ──> pass on, enter again
//!                              ╰── nothing to do ── leave ──> sleep in poll
//! ```
//! Places are passed on in the order of waiting. With as many processors as workers there is no
//! [`Places`] at all, and nothing of this costs anything.

use crate::{AtomicUsize, Condvar, Mutex, MutexGuard, Ordering};
use std::collections::VecDeque;

struct Room {
    free: usize,
    /// For each worker: it was given a place and does not know it yet.
    was_given: Vec<bool>,
    queue: VecDeque<usize>,
}

/// See the module.
pub struct Places {
    room: Mutex<Room>,
    /// Length of the queue.
    waiting: AtomicUsize,
    /// For each worker: it got a place.
    got: Box<[Condvar]>,
}

impl Places {
    /// So many places for so many workers.
    pub fn new(places: usize, workers: usize) -> Places {
        Places {
            room: Mutex::new(Room { free: places, was_given: vec![false; workers], queue: VecDeque::new() }),
            waiting: AtomicUsize::new(0),
            got: (0..workers).map(|_| Condvar::new()).collect(),
        }
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
        while !std::mem::take(&mut room.was_given[me]) {
            room = self.got[me].wait(room).expect("no panic happens in the room");
        }
    }

    /// Gives a place up: to whoever has waited longest.
    pub fn leave(&self) {
        let mut room = self.lock();
        match room.queue.pop_front() {
            Some(next) => {
                self.waiting.store(room.queue.len(), Ordering::Relaxed);
                room.was_given[next] = true;
                self.got[next].notify_one();
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
