//! CLIENT PAUSE: commands wait until the pause is over.
//!
//! ```text
//! CLIENT PAUSE ──> commands are held, expiry and eviction rest ──┬─ UNPAUSE ──> held clients go on
//!                                                                 └─ time is up ─^
//! ```
//! A client whose command is held keeps it in its input; it counts as blocked. A longer pause
//! replaces a shorter one, a stricter one a milder (networking.c: pauseClientsByClient).

use crate::client::{Client, Flags, Token};
use crate::clock::Tick;
use crate::server::Server;
use ochre_engine::command::flags::{Flags as CommandFlags, MAY_REPLICATE, WRITE};

/// What a pause holds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Paused {
    /// Commands that may write.
    Writes,
    /// All commands.
    All,
}

/// The pause under way, if any.
#[derive(Debug, Default)]
pub struct Pause {
    now: Option<(Paused, Tick)>,
    held: Vec<Token>,
}

impl Pause {
    /// True while there is a pause: keys neither expire nor are evicted.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.now.is_some()
    }

    /// When the pause ends.
    pub fn end(&self) -> Option<Tick> {
        self.now.map(|(_, end)| end)
    }

    /// What is held back.
    pub fn what(&self) -> Option<Paused> {
        self.now.map(|(what, _)| what)
    }

    /// Whether there is a pause that concerns a command with these properties.
    #[inline]
    pub fn concerns(&self, flags: impl FnOnce() -> CommandFlags) -> bool {
        match self.what() {
            None => false,
            Some(Paused::All) => true,
            Some(Paused::Writes) => flags() & (WRITE | MAY_REPLICATE) != 0,
        }
    }

    /// A client is gone.
    pub fn forget(&mut self, client: &Client) {
        if client.flags.contains(Flags::PAUSED) {
            self.held.retain(|token| *token != client.token);
        }
    }

    /// Number of clients whose commands are held.
    pub fn held(&self) -> usize {
        self.held.len()
    }
}

impl Server {
    /// Starts a pause, or extends the one under way.
    pub fn pause(&mut self, what: Paused, end: Tick) {
        self.shared.pause.now = Some(match self.shared.pause.now {
            Some((before, until)) => (what.max(before), end.max(until)),
            None => (what, end),
        });
    }

    /// Ends the pause.
    pub fn unpause(&mut self) {
        self.shared.pause.now = None;
        for token in std::mem::take(&mut self.shared.pause.held) {
            if let Some(client) = self.clients.get_mut(token) {
                client.flags.remove(Flags::PAUSED);
                self.clients.owe_resumption(token);
            }
        }
    }

    /// Ends the pause if its time is up.
    pub fn end_pause_in_time(&mut self) {
        if self.shared.pause.end().is_some_and(|end| end <= self.state.tick) {
            self.unpause();
        }
    }

    /// The command of a client waits until the pause is over.
    pub fn hold_back(&mut self, client: &mut Client) {
        client.flags.insert(Flags::PAUSED);
        self.shared.pause.held.push(client.token);
    }
}
