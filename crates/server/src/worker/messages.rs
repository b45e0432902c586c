//! Opens the messages of this worker's clients, and in the exclusive mode those of everybody's.

use super::Worker;
use super::handle::WorkerView;
use crate::client::{Client, Flags};
use crate::in_hand::InHand;
use crate::mailboxes::{ClientMessage, Delivery, Envelope};
use crate::server::Server;

/// MessageOutlet that an empty mailbox has room for.
const KEPT: usize = 1024;

impl Worker {
    /// Opens what others left in this worker's mailbox. No client is in hand.
    pub(super) fn deliver_messages(&mut self) {
        let me = self.handle.me();
        if !self.handle.shared().mailboxes.waits_for(me) {
            return;
        }
        let mut messages = std::mem::take(&mut self.messages);
        self.handle.shared().mailboxes.collect(me, &mut messages);
        for envelope in messages.drain(..) {
            match envelope {
                Envelope::ForClient(message) => self.deliver_message(message),
                Envelope::NewClient(client) => self.welcome(client),
            }
        }
        messages.shrink_to(KEPT);
        self.messages = messages;
    }

    fn deliver_message(&mut self, message: ClientMessage) {
        let Some(client) = self.handle.clients().take(message.to) else { return };
        let mut client = InHand::new(client);
        let opened = message.open(&mut client);
        if let Delivery::GoesOn(slow) = &opened {
            self.handle.clients().unblocked.push(client.token);
            if let Some((wait, nanos)) = slow {
                self.handle.note_slow(&client, wait.command, wait.args.args(), *nanos);
            }
        }
        if !matches!(opened, Delivery::Returned) {
            self.pushed(&mut client);
        }
        self.handle.clients().put_back_in_hand(client);
    }

    /// Sends what was written to a client that did not ask for it, or gives it up. That must not leave the shared mode:
    /// other messages are in hand, and whoever has the exclusive mode opens those that came after them.
    fn pushed(&mut self, client: &mut InHand<Client>) {
        self.handle.check_output_limit(client);
        if client.flags.contains(Flags::CLOSE_ASAP) {
            // What it waits for goes to others from now on; in a pause the rest is done when it is let go.
            self.untie(client);
        }
        let WorkerView { shared, clients, .. } = self.handle.view();
        if shared.limits_clients_memory() {
            clients.count().account(client);
        }
        if client.flags.contains(Flags::CLOSE_ASAP) {
            clients.hide(client.id);
            clients.close(client);
        } else if client.owes_write() {
            clients.pending_writes.push(client.token);
        }
    }
}

impl Server {
    /// The exclusive mode begins among other workers: takes over what they left, the log and messages.
    pub fn catch_up(&mut self) {
        self.state.journal.take_feed(&mut self.shared.inbox);
        self.note_late_aof();
        self.deliver_all_messages();
    }

    /// Opens all messages that wait in mailboxes. No client is in hand.
    pub fn deliver_all_messages(&mut self) {
        for worker in 0..self.shared.mailboxes.len() {
            if self.shared.mailboxes.waits_for(worker) {
                let mut messages = Vec::new();
                self.shared.mailboxes.collect(worker, &mut messages);
                for envelope in messages {
                    match envelope {
                        Envelope::ForClient(message) => self.deliver(message),
                        Envelope::NewClient(client) => self.welcome(worker, client),
                    }
                }
            }
        }
    }

    /// Delivers messages in order, while a client is in hand.
    pub fn deliver_beside(&mut self, in_hand: &mut Client, messages: Vec<ClientMessage>) {
        for message in messages {
            if message.id == in_hand.id {
                message.open_at_once(in_hand, self.shared.settings.level);
            } else {
                self.deliver(message);
            }
        }
    }

    /// Hands a client its message.
    fn deliver(&mut self, message: ClientMessage) {
        let Some(mut client) = self.clients.take(message.to) else { return };
        let opened = message.open(&mut client);
        if let Delivery::GoesOn(slow) = &opened {
            self.clients.owe_resumption(client.token);
            if let Some((wait, nanos)) = slow {
                self.note_slow(&client, wait.command, wait.args.args(), *nanos);
            }
        }
        if !matches!(opened, Delivery::Returned) {
            self.pushed(&mut client);
        }
        self.clients.put_back(client);
    }
}
