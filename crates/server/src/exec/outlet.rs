//! What leaves the context for other workers: first what was logged, then messages.
//!
//! A worker that gets a message may tell its client at once what it says; that must not happen before it is written what
//! the message tells of. So there is no way to a message's box that does not show the log before.

use crate::client::Client;
use crate::mailboxes::{ClientMessage, Mailboxes};
use crate::propagate::{Inbox, Journal};

/// See the module.
pub struct Outlet<'a> {
    /// Where the log goes in the shared mode; in the exclusive mode it is in hand.
    inbox: Option<&'a Inbox>,
    messages: MessageOutlet<'a>,
    /// During a unit: what becomes of messages behind it.
    behind: Option<Way<'a>>,
}

/// Where messages are put.
pub struct MessageOutlet<'a>(Way<'a>);

/// What becomes of them.
enum Way<'a> {
    /// They are sent.
    Sent(&'a Mailboxes),
    /// They are kept for whoever has all clients.
    Kept(Vec<ClientMessage>),
}

impl MessageOutlet<'_> {
    /// Takes a message.
    pub fn push(&mut self, message: ClientMessage) {
        match &mut self.0 {
            Way::Sent(mailboxes) => mailboxes.send(message),
            Way::Kept(messages) => messages.push(message),
        }
    }
}

impl<'a> Outlet<'a> {
    /// In the shared mode.
    pub fn among_others(inbox: &'a Inbox, mailboxes: &'a Mailboxes) -> Outlet<'a> {
        Outlet { inbox: Some(inbox), messages: MessageOutlet(Way::Sent(mailboxes)), behind: None }
    }

    /// In the exclusive mode: messages are kept.
    pub fn alone() -> Outlet<'a> {
        Outlet { inbox: None, messages: MessageOutlet(Way::Kept(Vec::new())), behind: None }
    }

    /// Leaves what was logged where every worker finds it. Also due before the shards are let go.
    #[inline]
    pub fn show_log(&self, journal: &mut Journal, seconds: impl FnOnce() -> i64) {
        if let Some(inbox) = self.inbox {
            inbox.put(journal, seconds);
        }
    }

    /// Where messages are put, after [`Outlet::show_log`].
    pub fn messages(
        &mut self,
        journal: &mut Journal,
        seconds: impl FnOnce() -> i64,
    ) -> &mut MessageOutlet<'a> {
        self.show_log(journal, seconds);
        &mut self.messages
    }

    /// A unit begins: its messages are kept, because nobody may hear of it before it is logged as a whole.
    pub fn begin_unit(&mut self) {
        self.behind = Some(std::mem::replace(&mut self.messages.0, Way::Kept(Vec::new())));
    }

    /// The unit ends. Returns its messages, which can be sent now.
    pub fn end_unit(&mut self) -> Vec<ClientMessage> {
        match self.behind.take() {
            Some(behind) => std::mem::replace(&mut self.messages.0, behind).into_kept(),
            None => Vec::new(),
        }
    }

    /// Whether some are kept.
    #[inline]
    pub fn keeps_some(&self) -> bool {
        matches!(&self.messages.0, Way::Kept(messages) if !messages.is_empty())
    }

    /// The messages that were kept.
    pub fn into_kept(self) -> Vec<ClientMessage> {
        self.messages.0.into_kept()
    }

    /// Takes back the messages that are on their way to the client in hand.
    pub fn take_back(&self, client: &Client) -> Vec<ClientMessage> {
        match self.messages.0 {
            Way::Sent(mailboxes) => mailboxes.collect_for(client),
            Way::Kept(_) => Vec::new(),
        }
    }
}

impl Way<'_> {
    fn into_kept(self) -> Vec<ClientMessage> {
        match self {
            Way::Sent(_) => Vec::new(),
            Way::Kept(messages) => messages,
        }
    }
}
