//! Opens the letters of this worker's clients, and in the exclusive mode those of everybody's.

use super::Worker;
use super::seat::InHand;
use crate::client::{Client, Flags};
use crate::post::{Letter, Mail, Opened};
use crate::server::Server;

/// Letters that an empty mailbox has room for.
const KEPT: usize = 1024;

impl Worker {
    /// Opens what others left in this worker's mailbox. No client is in hand.
    pub(super) fn open_letters(&mut self) {
        let me = self.seat.me();
        if !self.seat.common().post().waits_for(me) {
            return;
        }
        let mut letters = std::mem::take(&mut self.letters);
        self.seat.common().post().collect(me, &mut letters);
        for mail in letters.drain(..) {
            match mail {
                Mail::Letter(letter) => self.open_letter(letter),
                Mail::Newcomer(client) => self.welcome(client),
            }
        }
        letters.shrink_to(KEPT);
        self.letters = letters;
    }

    fn open_letter(&mut self, letter: Letter) {
        let Some(client) = self.seat.part().take(letter.to) else { return };
        let mut client = InHand::new(client);
        let opened = letter.open(&mut client);
        if let Opened::GoesOn(slow) = &opened {
            self.seat.part().unblocked.push(client.token);
            if let Some((wait, nanos)) = slow {
                self.seat.note_slow(&client, wait.command, wait.args.args(), *nanos);
            }
        }
        if !matches!(opened, Opened::Returned) {
            self.pushed(&mut client);
        }
        client.put_back(self.seat.part());
    }

    /// Sends what was written to a client that did not ask for it, or gives it up. That must not leave the shared mode:
    /// other letters are in hand, and whoever has the exclusive mode opens those that came after them.
    fn pushed(&mut self, client: &mut InHand) {
        self.seat.check_output_limit(client);
        if client.flags.contains(Flags::CLOSE_ASAP) {
            // What it waits for goes to others from now on; in a pause the rest is done when it is let go.
            self.untie(client);
        }
        let (common, part, _) = self.seat.split();
        if common.limits_clients_memory() {
            part.count().account(client);
        }
        if client.flags.contains(Flags::CLOSE_ASAP) {
            part.hide(client.id);
            part.close(client);
        } else if client.owes_write() {
            part.pending_writes.push(client.token);
        }
    }
}

impl Server {
    /// Opens all letters that wait in mailboxes. No client is in hand.
    pub fn open_all_letters(&mut self) {
        for worker in 0..self.post.len() {
            if self.post.waits_for(worker) {
                let mut letters = Vec::new();
                self.post.collect(worker, &mut letters);
                for mail in letters {
                    match mail {
                        Mail::Letter(letter) => self.hand_over(letter),
                        Mail::Newcomer(client) => self.welcome(worker, client),
                    }
                }
            }
        }
    }

    /// Hands clients their letters, in order, while a client is in hand.
    pub fn hand_over_all(&mut self, in_hand: &mut Client, letters: Vec<Letter>) {
        for letter in letters {
            if letter.id == in_hand.id {
                letter.open_at_once(in_hand, self.settings.level);
            } else {
                self.hand_over(letter);
            }
        }
    }

    /// Hands a client its letter.
    fn hand_over(&mut self, letter: Letter) {
        let Some(mut client) = self.clients.take(letter.to) else { return };
        let opened = letter.open(&mut client);
        if let Opened::GoesOn(slow) = &opened {
            self.clients.owe_resumption(client.token);
            if let Some((wait, nanos)) = slow {
                self.note_slow(&client, wait.command, wait.args.args(), *nanos);
            }
        }
        if !matches!(opened, Opened::Returned) {
            self.pushed(&mut client);
        }
        self.clients.put_back(client);
    }
}
