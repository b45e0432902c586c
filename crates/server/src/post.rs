//! Letters: what is to be done for clients of other workers.
//!
//! ```text
//! shared mode      worker 1 ── send ──> mailbox of worker 2 ── its own thread ──> client
//! exclusive mode   command ── outbox ──> client, when the command is done
//! ```
//! In the shared mode nobody reaches another worker's clients. A letter waits in the mailbox of its worker,
//! which opens it before it runs commands, before it writes replies, and when it is woken; the exclusive
//! mode begins with opening all of them, so whoever looks at clients then sees what one thread would have
//! made of them.
//!
//! A worker that is busy for long (KEYS over millions) does not open its mailbox meanwhile. Once one holds more than
//! [`CROWDED`] bytes no command runs in the shared mode: whoever has one waits for the exclusive mode, hence for that
//! worker, and all mailboxes are opened.
//!
//! The order: letters to one worker are opened in the order in which they were sent. Whoever sends what others may
//! have to hear in the same order (publications, commands for MONITOR) does so under the lock that makes
//! the order, and whoever changes keys while it holds their shards.

use crate::blocking::Wait;
use crate::client::{Client, Flags, ReplyMode, Token};
use crate::pubsub::Publication;
use bytes::Bytes;
use mio::Waker;
use ochre_engine::keyspace::ClientId;
use ochre_engine::level::Level;
use ochre_sync::Mailbox;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

/// Something for one client.
pub struct Letter {
    /// Its place.
    pub to: Token,
    /// Who it is: another client may have the place by now.
    pub id: ClientId,
    /// What it gets.
    pub content: Content,
}

/// What a client gets.
pub enum Content {
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

/// What became of a letter.
pub enum Opened {
    /// It is not for this client, or comes too late.
    Returned,
    /// The client has something to be sent.
    Pushed,
    /// So it has, and goes on after a wait; its command took that long, if that has to be noted.
    GoesOn(Option<(Arc<Wait>, u64)>),
}

impl Letter {
    /// Hands the client its letter.
    pub fn open(self, client: &mut Client) -> Opened {
        if self.id != client.id || client.flags.intersects(Flags::CLOSE_ASAP | Flags::CLOSE_AFTER_REPLY) {
            return Opened::Returned;
        }
        match self.content {
            Content::Line(bytes) => client.output.append(&bytes),
            Content::Publication(publication) => publication.append_to(&mut client.output, client.protocol),
            Content::Served { reply, slow_nanos } => {
                let (wait, mark) = (client.stop_waiting(), client.output.mark());
                client.output.append(&reply);
                client.end_reply(mark);
                return Opened::GoesOn(wait.zip(slow_nanos));
            }
        }
        Opened::Pushed
    }
}

impl Letter {
    /// Hands a letter to the client that caused it: messages follow the reply of the command under way, and EXEC as a whole
    /// (networking.c: _addReplyToBufferOrList; since 7.2).
    pub fn open_at_once(self, client: &mut Client, level: Level) {
        match self.content {
            Content::Publication(publication)
                if level >= Level::V7_2 || client.reply_mode != ReplyMode::On =>
            {
                client.late_pushes.extend_from_slice(publication.in_protocol(client.protocol));
            }
            _ => _ = self.open(client),
        }
    }
}

/// What a mailbox holds.
pub enum Mail {
    /// For a client of the worker.
    Letter(Letter),
    /// A new client of the worker, which has no place yet.
    Newcomer(Box<Client>),
}

impl Mail {
    /// Bytes that it keeps, those of messages counted for each client as in its output.
    fn bytes(&self) -> usize {
        let content = match self {
            Mail::Newcomer(_) => 0,
            Mail::Letter(letter) => match &letter.content {
                Content::Line(line) => line.len(),
                Content::Publication(publication) => publication.bytes(),
                Content::Served { reply, .. } => reply.len(),
            },
        };
        size_of::<Mail>() + content
    }
}

/// Bytes in a mailbox that are too many: what a client may have unread of messages by default
/// (`client-output-buffer-limit pubsub`).
const CROWDED: usize = 32 * 1024 * 1024;

/// A mailbox on lines of its own.
#[derive(Default)]
#[repr(align(128))]
struct Place {
    mailbox: Mailbox<Mail>,
    /// Bytes in it.
    bytes: AtomicUsize,
}

impl Place {
    fn is_crowded(&self) -> bool {
        self.bytes.load(Relaxed) > CROWDED
    }
}

/// The mailboxes of all workers.
pub struct Post {
    places: Box<[Place]>,
    /// One of them is crowded, as far as is known.
    is_crowded: AtomicBool,
    /// There once the workers have event loops to be woken from.
    wakers: OnceLock<Arc<[Waker]>>,
}

impl Post {
    /// Empty mailboxes for so many workers.
    pub fn new(workers: usize) -> Post {
        Post {
            places: (0..workers).map(|_| Place::default()).collect(),
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

    /// Sends a letter; its worker is woken if it may be asleep.
    pub fn send(&self, letter: Letter) {
        self.put(letter.to.worker(), Mail::Letter(letter));
    }

    /// Sends a new client to its worker.
    pub fn introduce(&self, worker: usize, client: Box<Client>) {
        self.put(worker, Mail::Newcomer(client));
    }

    fn put(&self, worker: usize, mail: Mail) {
        let Some(place) = self.places.get(worker) else { return };
        place.bytes.fetch_add(mail.bytes(), Relaxed);
        if place.is_crowded() {
            self.is_crowded.store(true, Relaxed);
        }
        if place.mailbox.put(mail)
            && let Some(waker) = self.wakers.get().and_then(|wakers| wakers.get(worker))
        {
            // A full pipe wakes just as well.
            let _ = waker.wake();
        }
    }

    /// Whether a worker has letters.
    #[inline]
    pub fn waits_for(&self, worker: usize) -> bool {
        self.places[worker].mailbox.is_filled()
    }

    /// Takes a worker's letters, in the order in which they were sent.
    pub fn collect(&self, worker: usize, into: &mut Vec<Mail>) {
        self.places[worker].mailbox.take(into);
        self.note_taken(&self.places[worker], into);
    }

    /// Takes the letters of one client, which its own worker has in hand.
    pub fn collect_for(&self, client: &Client) -> Vec<Letter> {
        let Some(place) = self.places.get(client.token.worker()) else { return Vec::new() };
        let is_its_own = |mail: &mut Mail| matches!(mail, Mail::Letter(letter) if letter.id == client.id);
        let mail = place.mailbox.take_if(is_its_own);
        self.note_taken(place, &mail);
        let letters = mail.into_iter().filter_map(|mail| match mail {
            Mail::Letter(letter) => Some(letter),
            Mail::Newcomer(_) => None,
        });
        letters.collect()
    }

    fn note_taken(&self, place: &Place, mail: &[Mail]) {
        place.bytes.fetch_sub(mail.iter().map(Mail::bytes).sum(), Relaxed);
        if self.is_crowded() {
            // Who puts something into one that is crowded meanwhile will say so again with the next letter.
            self.is_crowded.store(self.places.iter().any(Place::is_crowded), Relaxed);
        }
    }

    /// Number of mailboxes.
    pub fn len(&self) -> usize {
        self.places.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(worker: usize, bytes: usize) -> Letter {
        let content = Content::Line(vec![b'x'; bytes].into());
        Letter { to: Token::new(worker, 0), id: ClientId(1), content }
    }

    #[test]
    fn a_mailbox_is_crowded_until_it_was_opened() {
        let post = Post::new(2);
        let mut mail = Vec::new();
        for _ in 0..2 {
            for _ in 0..16 {
                post.send(line(0, CROWDED / 16 - 1024));
                post.send(line(1, 100));
            }
            assert!(!post.is_crowded());
            post.send(line(0, CROWDED / 16));
            assert!(post.is_crowded());
            post.collect(1, &mut mail);
            assert!(post.is_crowded());
            mail.clear();
            post.collect(0, &mut mail);
            assert!(!post.is_crowded() && mail.len() == 17);
            mail.clear();
        }
    }
}
