//! What leaves the floor for other workers: first what was logged, then letters.
//!
//! A worker that gets a letter may tell its client at once what it says; that must not happen before it is written what
//! the letter tells of. So there is no way to a letter's box that does not show the log before.

use crate::client::Client;
use crate::post::{Letter, Post};
use crate::propagate::{Inbox, Journal};

/// See the module.
pub struct Outlet<'a> {
    /// Where the log goes in the shared mode; in the exclusive mode it is in hand.
    inbox: Option<&'a Inbox>,
    letters: Letters<'a>,
}

/// Where letters are put.
pub struct Letters<'a>(Way<'a>);

/// What becomes of them.
enum Way<'a> {
    /// They are sent.
    Sent(&'a Post),
    /// They are kept for whoever has all clients.
    Kept(Vec<Letter>),
}

/// What became of letters before they were kept.
pub struct Before<'a>(Way<'a>);

impl Letters<'_> {
    /// Takes a letter.
    pub fn push(&mut self, letter: Letter) {
        match &mut self.0 {
            Way::Sent(post) => post.send(letter),
            Way::Kept(letters) => letters.push(letter),
        }
    }
}

impl<'a> Outlet<'a> {
    /// In the shared mode.
    pub fn among_others(inbox: &'a Inbox, post: &'a Post) -> Outlet<'a> {
        Outlet { inbox: Some(inbox), letters: Letters(Way::Sent(post)) }
    }

    /// In the exclusive mode: letters are kept.
    pub fn alone() -> Outlet<'a> {
        Outlet { inbox: None, letters: Letters(Way::Kept(Vec::new())) }
    }

    /// Leaves what was logged where every worker finds it. Also due before the shards are let go.
    #[inline]
    pub fn show_log(&self, journal: &mut Journal, seconds: impl FnOnce() -> i64) {
        if let Some(inbox) = self.inbox {
            inbox.put(journal, seconds);
        }
    }

    /// Where letters are put, after [`Outlet::show_log`].
    pub fn letters(&mut self, journal: &mut Journal, seconds: impl FnOnce() -> i64) -> &mut Letters<'a> {
        self.show_log(journal, seconds);
        &mut self.letters
    }

    /// Keeps letters from now on. Returns what became of them before.
    pub fn keep(&mut self) -> Before<'a> {
        Before(std::mem::replace(&mut self.letters.0, Way::Kept(Vec::new())))
    }

    /// Ends that, and returns what was kept.
    pub fn end_keeping(&mut self, before: Before<'a>) -> Vec<Letter> {
        std::mem::replace(&mut self.letters.0, before.0).into_kept()
    }

    /// Whether some are kept.
    #[inline]
    pub fn keeps_some(&self) -> bool {
        matches!(&self.letters.0, Way::Kept(letters) if !letters.is_empty())
    }

    /// The letters that were kept.
    pub fn into_kept(self) -> Vec<Letter> {
        self.letters.0.into_kept()
    }

    /// Takes back the letters that are on their way to the client in hand.
    pub fn take_back(&self, client: &Client) -> Vec<Letter> {
        match self.letters.0 {
            Way::Sent(post) => post.collect_for(client),
            Way::Kept(_) => Vec::new(),
        }
    }
}

impl Way<'_> {
    fn into_kept(self) -> Vec<Letter> {
        match self {
            Way::Sent(_) => Vec::new(),
            Way::Kept(letters) => letters,
        }
    }
}
