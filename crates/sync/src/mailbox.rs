//! A worker's mailbox: what others leave to be done by its owner.
//!
//! ```text
//! sender   lock;  push;  filled = true;  unlock;  it was empty? ──> wake the owner
//! owner    filled? ── yes ──> lock;  filled = false;  take all;  unlock
//!          for one client  ──> lock;  take its letters;  filled = are there others?;  unlock
//! ```
//! Letters come out in the order in which they were put in, whoever put them in. Only the first letter of an
//! empty mailbox wakes its owner, so a crowd of letters costs one system call; an owner that leaves some behind looks
//! again before it sleeps. Looking whether there is anything costs one load: an owner that was told of a letter by
//! other means (through a lock, or a client that heard of what is in the letter) finds it.

use crate::{AtomicBool, Mutex, MutexGuard, Ordering};

/// See the module.
pub struct Mailbox<T> {
    filled: AtomicBool,
    letters: Mutex<Vec<T>>,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Mailbox<T> {
        Mailbox { filled: AtomicBool::new(false), letters: Mutex::new(Vec::new()) }
    }
}

impl<T> Mailbox<T> {
    /// Leaves a letter. True if the mailbox was empty: its owner has to be woken.
    #[must_use]
    pub fn put(&self, letter: T) -> bool {
        let mut letters = self.lock();
        let was_empty = letters.is_empty();
        letters.push(letter);
        self.filled.store(true, Ordering::Release);
        was_empty
    }

    /// Whether there is anything.
    #[inline]
    pub fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Acquire)
    }

    /// Takes all letters out, in order, into memory that is empty.
    pub fn take(&self, into: &mut Vec<T>) {
        debug_assert!(into.is_empty(), "letters would be mixed");
        let mut letters = self.lock();
        self.filled.store(false, Ordering::Relaxed);
        std::mem::swap(&mut *letters, into);
    }

    /// Takes out the letters that are wanted, in order; the others stay.
    pub fn take_if(&self, wanted: impl FnMut(&mut T) -> bool) -> Vec<T> {
        let mut letters = self.lock();
        let taken = letters.extract_if(.., wanted).collect();
        self.filled.store(!letters.is_empty(), Ordering::Relaxed);
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        self.letters.lock().expect("no panic happens under the lock of a mailbox")
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_letter_of_an_empty_mailbox_wakes() {
        let mailbox = Mailbox::default();
        assert!(!mailbox.is_filled());
        assert_eq!([mailbox.put(1), mailbox.put(2)], [true, false]);
        assert!(mailbox.is_filled());
        let mut letters = Vec::new();
        mailbox.take(&mut letters);
        assert_eq!((letters, mailbox.is_filled()), (vec![1, 2], false));
        assert!(mailbox.put(3) && !mailbox.put(4) && !mailbox.put(5));
        assert_eq!(mailbox.take_if(|letter| *letter != 4), [3, 5]);
        assert!(mailbox.is_filled() && !mailbox.put(6));
        assert_eq!(mailbox.take_if(|_| true), [4, 6]);
        assert!(!mailbox.is_filled());
    }
}
