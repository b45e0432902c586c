//! Mailboxes: letters that are sent while their owner takes them.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use ochre_sync::Mailbox;

/// What a sender does: a letter, and a wake-up (here a flag) if the mailbox was empty.
fn send(mailbox: &Mailbox<usize>, woken: &AtomicUsize, letter: usize) {
    if mailbox.put(letter) {
        woken.fetch_add(1, Ordering::Release);
    }
}

#[test]
fn no_letter_is_left_behind_by_an_owner_that_goes_to_sleep() {
    loom::model(|| {
        let shared = Arc::new((Mailbox::default(), AtomicUsize::new(0)));
        let senders: Vec<_> = [1, 2]
            .into_iter()
            .map(|letter| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || send(&shared.0, &shared.1, letter))
            })
            .collect();
        // One turn of the owner's loop, at any moment.
        let (mut got, mut batch) = (Vec::new(), Vec::new());
        let heard = shared.1.load(Ordering::Acquire);
        if shared.0.is_filled() {
            shared.0.take(&mut batch);
            got.append(&mut batch);
        }
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        // Whatever it did not find then wakes it afterwards.
        if got.len() < 2 {
            assert!(shared.1.load(Ordering::Acquire) > heard, "nobody wakes the owner");
            assert!(shared.0.is_filled());
            shared.0.take(&mut batch);
            got.append(&mut batch);
        }
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
    });
}
