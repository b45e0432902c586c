//! Messages to clients of other workers, and the mailboxes that carry them.
//!
//! ```text
//! shared mode      worker 1 ── send ──> mailbox of worker 2 ── its own thread ──> client
//! exclusive mode   command ── outbox ──> client, when the command is done
//! ```
//! In the shared mode a worker cannot reach the clients of other workers. A message waits in the mailbox of the worker of
//! its client, which empties the mailbox before it runs commands, before it writes replies, and when it is woken. The
//! exclusive mode begins with emptying all mailboxes, so commands in it find clients in the state that a single thread
//! would have produced.
//!
//! A worker that runs a long command (KEYS over millions) does not empty its mailbox meanwhile. Once a mailbox holds more
//! than [`CROWDED`] bytes, no command runs in the shared mode. The next command then waits for the exclusive mode,
//! hence for that worker, and all mailboxes are emptied.
//!
//! Messages to one worker are delivered in the order in which they were sent. Messages that all recipients must see in
//! the same order (publications, commands for MONITOR) are sent under the lock that makes the order; messages about
//! changes of keys are sent while the shards of the keys are held.

use crate::client::{Client, Flags, ReplyMode, Token};
use crate::pubsub::Publication;
use crate::waiting::Wait;
use bytes::Bytes;
use mio::Waker;
use ochre_engine::keyspace::ClientId;
use ochre_engine::level::Level;
use ochre_sync::Mailbox;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

/// A message to one client.
pub struct ClientMessage {
    /// The address of the client.
    pub to: Token,
    /// The id of the client, because another client may have the address by now.
    pub id: ClientId,
    /// The content.
    pub body: MessageBody,
}

/// The content of a message.
pub enum MessageBody {
    /// Bytes that are sent as they are.
    Line(Bytes),
    /// A publication on a topic that the client has subscribed to.
    Publication(Arc<Publication>),
    /// The reply of the command that the client waited with; the wait is over.
    Served {
        /// The reply.
        reply: Vec<u8>,
        /// The duration of the command in nanoseconds, if it is long enough to be noted.
        slow_nanos: Option<u64>,
    },
}

/// The result of delivering a message.
pub enum Delivery {
    /// The message is for another client, or the client is about to be closed.
    Returned,
    /// The client has output to be sent.
    Pushed,
    /// The client has output to be sent, and its wait is over. The wait and the nanoseconds of its command are there if
    /// they have to be noted.
    GoesOn(Option<(Arc<Wait>, u64)>),
}

impl ClientMessage {
    /// Delivers the message to its client.
    pub fn open(self, client: &mut Client) -> Delivery {
        if self.id != client.id || client.flags.intersects(Flags::CLOSE_ASAP | Flags::CLOSE_AFTER_REPLY) {
            return Delivery::Returned;
        }
        match self.body {
            MessageBody::Line(bytes) => client.output.append(&bytes),
            MessageBody::Publication(publication) => {
                publication.append_to(&mut client.output, client.protocol)
            }
            MessageBody::Served { reply, slow_nanos } => {
                let (wait, mark) = (client.stop_waiting(), client.output.mark());
                client.output.append(&reply);
                client.end_reply(mark);
                return Delivery::GoesOn(wait.zip(slow_nanos));
            }
        }
        Delivery::Pushed
    }
}

impl ClientMessage {
    /// Delivers the message to the client whose command caused it. Since 7.2 messages follow the reply of the command
    /// under way, and that of EXEC as a whole (networking.c: _addReplyToBufferOrList).
    pub fn open_at_once(self, client: &mut Client, level: Level) {
        match self.body {
            MessageBody::Publication(publication)
                if level >= Level::V7_2 || client.reply_mode != ReplyMode::On =>
            {
                client.late_pushes.extend_from_slice(publication.in_protocol(client.protocol));
            }
            _ => _ = self.open(client),
        }
    }
}

/// An item in the mailbox of a worker.
pub enum Envelope {
    /// A message to a client of the worker.
    ForClient(ClientMessage),
    /// A new client of the worker, which is not in its set yet.
    NewClient(Box<Client>),
}

impl Envelope {
    /// Bytes that the item keeps. A publication counts for each client, as in its output.
    fn bytes(&self) -> usize {
        let body = match self {
            Envelope::NewClient(_) => 0,
            Envelope::ForClient(message) => match &message.body {
                MessageBody::Line(line) => line.len(),
                MessageBody::Publication(publication) => publication.bytes(),
                MessageBody::Served { reply, .. } => reply.len(),
            },
        };
        size_of::<Envelope>() + body
    }
}

/// Bytes above which a mailbox is crowded: the default of the unread messages of a client
/// (`client-output-buffer-limit pubsub`).
const CROWDED: usize = 32 * 1024 * 1024;

/// The mailbox of a worker, on cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
struct WorkerMailbox {
    mailbox: Mailbox<Envelope>,
    /// Bytes in the mailbox.
    bytes: AtomicUsize,
}

impl WorkerMailbox {
    fn is_crowded(&self) -> bool {
        self.bytes.load(Relaxed) > CROWDED
    }
}

/// The mailboxes of all workers.
pub struct Mailboxes {
    boxes: Box<[WorkerMailbox]>,
    /// Whether a mailbox is crowded, as far as is known.
    is_crowded: AtomicBool,
    /// The wakers of the event loops, once these exist.
    wakers: OnceLock<Arc<[Waker]>>,
}

impl Mailboxes {
    /// Empty mailboxes for `workers` workers.
    pub fn new(workers: usize) -> Mailboxes {
        Mailboxes {
            boxes: (0..workers).map(|_| WorkerMailbox::default()).collect(),
            is_crowded: AtomicBool::new(false),
            wakers: OnceLock::new(),
        }
    }

    /// Whether a mailbox has so many bytes that commands have to wait for its worker, in the exclusive mode.
    #[inline]
    pub fn is_crowded(&self) -> bool {
        self.is_crowded.load(Relaxed)
    }

    /// Sets the wakers of the workers. To be called once.
    pub fn connect(&self, wakers: Arc<[Waker]>) {
        self.wakers.get_or_init(|| wakers);
    }

    /// Sends a message, and wakes its worker if that may be asleep.
    pub fn send(&self, message: ClientMessage) {
        self.put(message.to.worker(), Envelope::ForClient(message));
    }

    /// Sends a new client to its worker.
    pub fn introduce(&self, worker: usize, client: Box<Client>) {
        self.put(worker, Envelope::NewClient(client));
    }

    fn put(&self, worker: usize, envelope: Envelope) {
        let Some(own_box) = self.boxes.get(worker) else { return };
        own_box.bytes.fetch_add(envelope.bytes(), Relaxed);
        if own_box.is_crowded() {
            self.is_crowded.store(true, Relaxed);
        }
        if own_box.mailbox.put(envelope)
            && let Some(waker) = self.wakers.get().and_then(|wakers| wakers.get(worker))
        {
            // The only error is a full pipe, which wakes the worker as well.
            let _ = waker.wake();
        }
    }

    /// Whether a worker has messages.
    #[inline]
    pub fn waits_for(&self, worker: usize) -> bool {
        self.boxes[worker].mailbox.is_filled()
    }

    /// Takes the items of a worker, in the order in which they were sent.
    pub fn collect(&self, worker: usize, into: &mut Vec<Envelope>) {
        self.boxes[worker].mailbox.take(into);
        self.note_taken(&self.boxes[worker], into);
    }

    /// Takes the messages to one client, which its own worker has in hand.
    pub fn collect_for(&self, client: &Client) -> Vec<ClientMessage> {
        let Some(own_box) = self.boxes.get(client.token.worker()) else { return Vec::new() };
        let is_its_own = |envelope: &mut Envelope| matches!(envelope, Envelope::ForClient(message) if message.id == client.id);
        let envelope = own_box.mailbox.take_if(is_its_own);
        self.note_taken(own_box, &envelope);
        let messages = envelope.into_iter().filter_map(|envelope| match envelope {
            Envelope::ForClient(message) => Some(message),
            Envelope::NewClient(_) => None,
        });
        messages.collect()
    }

    fn note_taken(&self, own_box: &WorkerMailbox, envelope: &[Envelope]) {
        own_box.bytes.fetch_sub(envelope.iter().map(Envelope::bytes).sum(), Relaxed);
        if self.is_crowded() {
            // A sender may fill a mailbox meanwhile. Its next message sets the flag again.
            self.is_crowded.store(self.boxes.iter().any(WorkerMailbox::is_crowded), Relaxed);
        }
    }

    /// Number of mailboxes.
    pub fn len(&self) -> usize {
        self.boxes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(worker: usize, bytes: usize) -> ClientMessage {
        let body = MessageBody::Line(vec![b'x'; bytes].into());
        ClientMessage { to: Token::new(worker, 0), id: ClientId(1), body }
    }

    #[test]
    fn a_mailbox_is_crowded_until_it_was_opened() {
        let mailboxes = Mailboxes::new(2);
        let mut envelope = Vec::new();
        for _ in 0..2 {
            for _ in 0..16 {
                mailboxes.send(line(0, CROWDED / 16 - 1024));
                mailboxes.send(line(1, 100));
            }
            assert!(!mailboxes.is_crowded());
            mailboxes.send(line(0, CROWDED / 16));
            assert!(mailboxes.is_crowded());
            mailboxes.collect(1, &mut envelope);
            assert!(mailboxes.is_crowded());
            envelope.clear();
            mailboxes.collect(0, &mut envelope);
            assert!(!mailboxes.is_crowded() && envelope.len() == 17);
            envelope.clear();
        }
    }
}
