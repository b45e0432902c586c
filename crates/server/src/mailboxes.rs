//! Messages to clients of other workers, and the mailboxes that carry them.
//!
//! ```text
//! shared mode      worker 1 ── send ──> mailbox of worker 2 ── its own thread ──> client
//! exclusive mode   command ── outbox ──> client, when the command is done
//! ```
//! In the shared mode nobody reaches another worker's clients. A message waits in the mailbox of its worker,
//! which opens it before it runs commands, before it writes replies, and when it is woken; the exclusive
//! mode begins with opening all of them, so whoever looks at clients then sees what one thread would have
//! made of them.
//!
//! A worker that is busy for long (KEYS over millions) does not open its mailbox meanwhile. Once one holds more than
//! [`CROWDED`] bytes no command runs in the shared mode: whoever has one waits for the exclusive mode, hence for that
//! worker, and all mailboxes are opened.
//!
//! The order: messages to one worker are opened in the order in which they were sent. Whoever sends what others may
//! have to hear in the same order (publications, commands for MONITOR) does so under the lock that makes
//! the order, and whoever changes keys while it holds their shards.

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

/// Something for one client.
pub struct ClientMessage {
    /// Where the client is.
    pub to: Token,
    /// Who it is: another client may be there by now.
    pub id: ClientId,
    /// What it gets.
    pub body: MessageBody,
}

/// What a client gets.
pub enum MessageBody {
    /// Bytes to be sent to it as they are.
    Line(Bytes),
    /// A message of a topic that it subscribed to.
    Publication(Arc<Publication>),
    /// The reply of the command that it waited for; it goes on.
    Served {
        /// The reply.
        reply: Vec<u8>,
        /// The command took so long that it has to be noted, in nanoseconds.
        slow_nanos: Option<u64>,
    },
}

/// What became of a message.
pub enum Delivery {
    /// It is not for this client, or comes too late.
    Returned,
    /// The client has something to be sent.
    Pushed,
    /// So it has, and goes on after a wait; its command took that long, if that has to be noted.
    GoesOn(Option<(Arc<Wait>, u64)>),
}

impl ClientMessage {
    /// Hands the client its message.
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
    /// Hands a message to the client that caused it: messages follow the reply of the command under way, and EXEC as a whole
    /// (networking.c: _addReplyToBufferOrList; since 7.2).
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

/// What a mailbox holds.
pub enum Envelope {
    /// For a client of the worker.
    ForClient(ClientMessage),
    /// A new client of the worker, which has no place yet.
    NewClient(Box<Client>),
}

impl Envelope {
    /// Bytes that it keeps, those of messages counted for each client as in its output.
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

/// Bytes in a mailbox that are too many: what a client may have unread of messages by default
/// (`client-output-buffer-limit pubsub`).
const CROWDED: usize = 32 * 1024 * 1024;

/// A mailbox on lines of its own.
#[derive(Default)]
#[repr(align(128))]
struct WorkerMailbox {
    mailbox: Mailbox<Envelope>,
    /// Bytes in it.
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
    /// One of them is crowded, as far as is known.
    is_crowded: AtomicBool,
    /// There once the workers have event loops to be woken from.
    wakers: OnceLock<Arc<[Waker]>>,
}

impl Mailboxes {
    /// Empty mailboxes for so many workers.
    pub fn new(workers: usize) -> Mailboxes {
        Mailboxes {
            boxes: (0..workers).map(|_| WorkerMailbox::default()).collect(),
            is_crowded: AtomicBool::new(false),
            wakers: OnceLock::new(),
        }
    }

    /// Whether so much waits in a mailbox that its worker has to be waited for.
    #[inline]
    pub fn is_crowded(&self) -> bool {
        self.is_crowded.load(Relaxed)
    }

    /// Tells what wakes each worker. To be called once.
    pub fn connect(&self, wakers: Arc<[Waker]>) {
        self.wakers.get_or_init(|| wakers);
    }

    /// Sends a message; its worker is woken if it may be asleep.
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
            // A full pipe wakes just as well.
            let _ = waker.wake();
        }
    }

    /// Whether a worker has messages.
    #[inline]
    pub fn waits_for(&self, worker: usize) -> bool {
        self.boxes[worker].mailbox.is_filled()
    }

    /// Takes a worker's messages, in the order in which they were sent.
    pub fn collect(&self, worker: usize, into: &mut Vec<Envelope>) {
        self.boxes[worker].mailbox.take(into);
        self.note_taken(&self.boxes[worker], into);
    }

    /// Takes the messages of one client, which its own worker has in hand.
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
            // Who puts something into one that is crowded meanwhile will say so again with the next message.
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
