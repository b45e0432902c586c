//! Mailboxes: messages that are sent while their owner, or somebody in the exclusive mode, takes some or all of them.

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;
use ochre_sync::{Mailbox, ModeCell};

/// What a sender does: a message, and a wake-up (here a flag) if the mailbox was empty.
fn send(mailbox: &Mailbox<usize>, woken: &AtomicUsize, message: usize) {
    if mailbox.put(message) {
        woken.fetch_add(1, Ordering::Release);
    }
}

#[test]
fn no_message_is_left_behind_by_an_owner_that_goes_to_sleep() {
    loom::model(|| {
        let shared = Arc::new((Mailbox::default(), AtomicUsize::new(0)));
        let senders: Vec<_> = [1, 2]
            .into_iter()
            .map(|message| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || send(&shared.0, &shared.1, message))
            })
            .collect();
        // One iteration of the owner's loop, at any moment.
        let (mut got, mut batch) = (Vec::new(), Vec::new());
        let heard = shared.1.load(Ordering::Acquire);
        if shared.0.is_filled() {
            shared.0.take(&mut batch);
            got.append(&mut batch);
        }
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        // A message that it did not find then wakes it afterwards.
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

/// What is sent to a worker that has two clients, which listen to the same channel; each message is for one of them.
#[derive(Default)]
struct Subscription {
    /// Stands for the registry of subscribers: messages are sent under its lock.
    channel: Mutex<Channel>,
    mailbox: Mailbox<Message>,
    woken: AtomicBool,
}

/// The client it is for, and the number of what was published.
type Message = (usize, usize);

#[derive(Default)]
struct Channel {
    published: usize,
    /// How many there were when the first client stopped listening.
    ended_at: Option<usize>,
}

impl Subscription {
    fn publish(&self) {
        let mut channel = self.channel.lock().unwrap();
        channel.published += 1;
        for client in usize::from(channel.ended_at.is_some())..2 {
            if self.mailbox.put((client, channel.published)) {
                self.woken.store(true, Ordering::Release);
            }
        }
    }

    /// The first client stops listening, and gets what was on its way to it.
    fn unsubscribe(&self) -> Vec<Message> {
        let mut channel = self.channel.lock().unwrap();
        channel.ended_at = Some(channel.published);
        drop(channel);
        self.mailbox.take_if(|message| message.0 == 0)
    }
}

fn messages_for(client: usize, messages: &[Message]) -> Vec<usize> {
    messages.iter().filter(|message| message.0 == client).map(|message| message.1).collect()
}

/// A client that stops listening gets at once all that was sent to it, and nothing later; another one of the same worker
/// gets everything, in order, and if its messages are left behind the owner does not sleep.
#[test]
fn messages_for_one_client_are_taken_from_among_those_of_others() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(4);
    model.check(|| {
        let subscription = Arc::new(Subscription::default());
        let publishers = [(); 2].map(|()| {
            let subscription = Arc::clone(&subscription);
            thread::spawn(move || subscription.publish())
        });
        // One iteration of the owner's loop: the poll returns, a command runs, messages are delivered, and it looks again.
        subscription.woken.swap(false, Ordering::AcqRel);
        let early = subscription.unsubscribe();
        let (mut delivered, mut batch) = (Vec::new(), Vec::new());
        if subscription.mailbox.is_filled() {
            subscription.mailbox.take(&mut delivered);
        }
        let stays_awake = subscription.mailbox.is_filled();
        publishers.into_iter().for_each(|publisher| publisher.join().unwrap());

        let is_filled = subscription.mailbox.is_filled();
        subscription.mailbox.take(&mut batch);
        assert_eq!(is_filled, !batch.is_empty());
        assert!(
            batch.is_empty() || stays_awake || subscription.woken.load(Ordering::Acquire),
            "nobody wakes the owner"
        );
        delivered.append(&mut batch);

        let ended_at = subscription.channel.lock().unwrap().ended_at.unwrap();
        let for_first: Vec<Message> = (1..=ended_at).map(|message| (0, message)).collect();
        assert_eq!((early, messages_for(0, &delivered)), (for_first, Vec::new()));
        assert_eq!(messages_for(1, &delivered), [1, 2]);
    });
}

/// What clients were sent: reached by their worker in the shared mode, and in the exclusive mode.
type Outputs = [UnsafeCell<Vec<usize>>; 2];

fn deliver_each(outputs: &Outputs, messages: Vec<Message>) {
    for (client, message) in messages {
        // SAFETY: see the type; loom checks that nobody else is there.
        outputs[client].with_mut(|output| unsafe { (*output).push(message) });
    }
}

fn deliver_all((outputs, mailbox): &(Outputs, Mailbox<Message>)) {
    let mut messages = Vec::new();
    mailbox.take(&mut messages);
    deliver_each(outputs, messages);
}

/// A worker takes messages and delivers them before it leaves the shared mode, so another one that delivers what it finds in
/// the exclusive mode finds none that are older than those that were delivered.
#[test]
fn messages_are_delivered_once_and_in_order_whoever_delivers_them() {
    loom::model(|| {
        let state = (Outputs::default(), Mailbox::default());
        let [mut owner, mut sender] = ModeCell::share(2, 2, state).unwrap().try_into().ok().unwrap();
        let thread = thread::spawn(move || {
            for message in [1, 2] {
                sender.enter_shared();
                let (_, mailbox) = sender.state();
                [0, 1].into_iter().for_each(|client| _ = mailbox.put((client, message)));
            }
            deliver_all(sender.exclusive());
        });
        owner.enter_shared();
        let (outputs, mailbox) = owner.state();
        deliver_each(outputs, mailbox.take_if(|message| message.0 == 0));
        deliver_all(owner.state());
        owner.leave();
        thread.join().unwrap();
        let state = owner.exclusive();
        deliver_all(state);
        // SAFETY: nobody else is left.
        state.0.iter().for_each(|output| output.with(|output| assert_eq!(unsafe { &*output }, &[1, 2])));
    });
}
