//! Mailboxes: letters that are sent while their owner, or somebody in the exclusive mode, takes some or all of them.

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;
use ochre_sync::{Mailbox, World};

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

/// Of a worker that has two clients, which listen to the same channel; each letter is for one of them.
#[derive(Default)]
struct Postroom {
    /// What the registry of subscribers is: letters are sent under its lock.
    channel: Mutex<Channel>,
    mailbox: Mailbox<Letter>,
    woken: AtomicBool,
}

/// For whom, and which message.
type Letter = (usize, usize);

#[derive(Default)]
struct Channel {
    messages: usize,
    /// How many there were when the first client stopped listening.
    ended_at: Option<usize>,
}

impl Postroom {
    fn publish(&self) {
        let mut channel = self.channel.lock().unwrap();
        channel.messages += 1;
        for client in usize::from(channel.ended_at.is_some())..2 {
            if self.mailbox.put((client, channel.messages)) {
                self.woken.store(true, Ordering::Release);
            }
        }
    }

    /// The first client stops listening, and gets what was on its way to it.
    fn unsubscribe(&self) -> Vec<Letter> {
        let mut channel = self.channel.lock().unwrap();
        channel.ended_at = Some(channel.messages);
        drop(channel);
        self.mailbox.take_if(|letter| letter.0 == 0)
    }
}

fn messages_for(client: usize, letters: &[Letter]) -> Vec<usize> {
    letters.iter().filter(|letter| letter.0 == client).map(|letter| letter.1).collect()
}

/// A client that stops listening gets at once all that was sent to it, and nothing later; another one of the same worker
/// gets everything, in order, and if its letters are left behind the owner does not sleep.
#[test]
fn letters_for_one_client_are_taken_from_among_those_of_others() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(4);
    model.check(|| {
        let room = Arc::new(Postroom::default());
        let publishers = [(); 2].map(|()| {
            let room = Arc::clone(&room);
            thread::spawn(move || room.publish())
        });
        // One turn of the owner's loop: the poll returns, a command runs, letters are opened, and it looks once more.
        room.woken.swap(false, Ordering::AcqRel);
        let early = room.unsubscribe();
        let (mut opened, mut batch) = (Vec::new(), Vec::new());
        if room.mailbox.is_filled() {
            room.mailbox.take(&mut opened);
        }
        let stays_awake = room.mailbox.is_filled();
        publishers.into_iter().for_each(|publisher| publisher.join().unwrap());

        let is_filled = room.mailbox.is_filled();
        room.mailbox.take(&mut batch);
        assert_eq!(is_filled, !batch.is_empty());
        assert!(
            batch.is_empty() || stays_awake || room.woken.load(Ordering::Acquire),
            "nobody wakes the owner"
        );
        opened.append(&mut batch);

        let ended_at = room.channel.lock().unwrap().ended_at.unwrap();
        let for_first: Vec<Letter> = (1..=ended_at).map(|message| (0, message)).collect();
        assert_eq!((early, messages_for(0, &opened)), (for_first, Vec::new()));
        assert_eq!(messages_for(1, &opened), [1, 2]);
    });
}

/// What clients were sent: reached by their worker in the shared mode, and by whoever has the exclusive one.
type Outputs = [UnsafeCell<Vec<usize>>; 2];

fn open_each(outputs: &Outputs, letters: Vec<Letter>) {
    for (client, message) in letters {
        // SAFETY: see the type; loom checks that nobody else is there.
        outputs[client].with_mut(|output| unsafe { (*output).push(message) });
    }
}

fn open_all(outputs: &Outputs, mailbox: &Mailbox<Letter>) {
    let mut letters = Vec::new();
    mailbox.take(&mut letters);
    open_each(outputs, letters);
}

/// A worker takes letters and opens them before it leaves the shared mode, so an exclusive turn, which opens what it
/// finds, finds none that are older than what was opened.
#[test]
fn letters_are_opened_once_and_in_order_whoever_opens_them() {
    loom::model(|| {
        let state = (Outputs::default(), Mailbox::default());
        let world = Arc::new(World::new(2, 2, state).unwrap());
        let other = Arc::clone(&world);
        let thread = thread::spawn(move || {
            for message in [1, 2] {
                // SAFETY: this thread alone is worker 1, and it holds no guard.
                let shared = unsafe { other.shared(1) };
                [0, 1].into_iter().for_each(|client| _ = shared.1.put((client, message)));
            }
            // SAFETY: a worker that holds no guard.
            let all = unsafe { other.exclusive() };
            open_all(&all.0, &all.1);
        });
        // SAFETY: this thread alone is worker 0, and it holds no guard.
        let shared = unsafe { world.shared(0) };
        open_each(&shared.0, shared.1.take_if(|letter| letter.0 == 0));
        open_all(&shared.0, &shared.1);
        drop(shared);
        thread.join().unwrap();
        // SAFETY: a worker that holds no guard.
        let all = unsafe { world.exclusive() };
        open_all(&all.0, &all.1);
        // SAFETY: nobody else is left.
        all.0.iter().for_each(|output| output.with(|output| assert_eq!(unsafe { &*output }, &[1, 2])));
    });
}
