//! A worker's mailbox: messages that others leave for it.
//!
//! ```text
//! sender   lock;  push;  filled = true;  unlock;  it was empty? ──> wake the owner
//! owner    filled? ── yes ──> lock;  filled = false;  take all;  unlock
//!          for one client  ──> lock;  take its messages;  filled = are there others?;  unlock
//! ```
//! Messages come out in the order in which they were put in, by any sender. Only the first message of an
//! empty mailbox wakes its owner, so a crowd of messages costs one system call; an owner that leaves some behind looks
//! again before it sleeps. Looking whether there is anything costs one load: an owner that was told of a message by
//! other means (through a lock, or a client that heard of its content) finds it.

use crate::{AtomicBool, Mutex, MutexGuard, Ordering};

/// A list of messages for one worker, which any worker may add to.
pub struct Mailbox<T> {
    filled: AtomicBool,
    messages: Mutex<Vec<T>>,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Mailbox<T> {
        Mailbox { filled: AtomicBool::new(false), messages: Mutex::new(Vec::new()) }
    }
}

impl<T> Mailbox<T> {
    /// Leaves a message. True if the mailbox was empty: its owner has to be woken.
    #[must_use]
    pub fn put(&self, message: T) -> bool {
        let mut messages = self.lock();
        let was_empty = messages.is_empty();
        messages.push(message);
        self.filled.store(true, Ordering::Release);
        was_empty
    }

    /// Whether there is anything.
    #[inline]
    pub fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Acquire)
    }

    /// Takes all messages out, in order, into memory that is empty.
    pub fn take(&self, into: &mut Vec<T>) {
        debug_assert!(into.is_empty(), "messages would be mixed");
        let mut messages = self.lock();
        self.filled.store(false, Ordering::Relaxed);
        std::mem::swap(&mut *messages, into);
    }

    /// Takes out the messages that are wanted, in order; the others stay.
    pub fn take_if(&self, wanted: impl FnMut(&mut T) -> bool) -> Vec<T> {
        let mut messages = self.lock();
        let taken = messages.extract_if(.., wanted).collect();
        self.filled.store(!messages.is_empty(), Ordering::Relaxed);
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        self.messages.lock().expect("no panic happens under the lock of a mailbox")
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_message_of_an_empty_mailbox_wakes() {
        let mailbox = Mailbox::default();
        assert!(!mailbox.is_filled());
        assert_eq!([mailbox.put(1), mailbox.put(2)], [true, false]);
        assert!(mailbox.is_filled());
        let mut messages = Vec::new();
        mailbox.take(&mut messages);
        assert_eq!((messages, mailbox.is_filled()), (vec![1, 2], false));
        assert!(mailbox.put(3) && !mailbox.put(4) && !mailbox.put(5));
        assert_eq!(mailbox.take_if(|message| *message != 4), [3, 5]);
        assert!(mailbox.is_filled() && !mailbox.put(6));
        assert_eq!(mailbox.take_if(|_| true), [4, 6]);
        assert!(!mailbox.is_filled());
    }
}
