//! What leaves the floor for other workers: first what was logged, then letters.
//!
//! A worker that gets a letter may tell its client at once what it says; that must not happen before it is written what
//! the letter tells of. So there is no way to a letter's box that does not show the log before.

use crate::post::{Letter, Post};
use crate::propagate::{Inbox, Journal};

/// See the module.
pub struct Outlet<'a> {
    /// Where the log goes in the shared mode; in the exclusive mode it is in hand.
    inbox: Option<&'a Inbox>,
    letters: Letters<'a>,
}

/// What becomes of letters.
pub enum Letters<'a> {
    /// They are sent.
    Sent(&'a Post),
    /// They are kept for whoever has all clients.
    Kept(Vec<Letter>),
}

impl Letters<'_> {
    /// Takes a letter.
    pub fn push(&mut self, letter: Letter) {
        match self {
            Letters::Sent(post) => post.send(letter),
            Letters::Kept(letters) => letters.push(letter),
        }
    }
}

impl<'a> Outlet<'a> {
    /// In the shared mode.
    pub fn among_others(inbox: &'a Inbox, post: &'a Post) -> Outlet<'a> {
        Outlet { inbox: Some(inbox), letters: Letters::Sent(post) }
    }

    /// In the exclusive mode: letters are kept.
    pub fn alone() -> Outlet<'a> {
        Outlet { inbox: None, letters: Letters::Kept(Vec::new()) }
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
    pub fn keep(&mut self) -> Letters<'a> {
        std::mem::replace(&mut self.letters, Letters::Kept(Vec::new()))
    }

    /// Ends that, and returns what was kept.
    pub fn end_keeping(&mut self, before: Letters<'a>) -> Vec<Letter> {
        std::mem::replace(&mut self.letters, before).into_kept()
    }

    /// Whether some are kept.
    #[inline]
    pub fn keeps_some(&self) -> bool {
        matches!(&self.letters, Letters::Kept(letters) if !letters.is_empty())
    }

    /// The letters that were kept.
    pub fn into_kept(self) -> Vec<Letter> {
        self.letters.into_kept()
    }

    /// Where letters that are on their way can be found, if they are sent.
    pub fn post(&self) -> Option<&'a Post> {
        match self.letters {
            Letters::Sent(post) => Some(post),
            Letters::Kept(_) => None,
        }
    }
}

impl Letters<'_> {
    fn into_kept(self) -> Vec<Letter> {
        match self {
            Letters::Sent(_) => Vec::new(),
            Letters::Kept(letters) => letters,
        }
    }
}
