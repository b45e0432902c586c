//! What a data command sees: a view of the shards of its keys, the reply, the effects it reports,
//! settings, the time, randomness. Nothing else: no clock, no sockets, no other clients.

use super::effects::Words;
pub use crate::keyspace::Key;
use crate::keyspace::Keys;
use crate::level::Level;
use crate::settings::{EventClasses, Settings};
use crate::time::UnixMs;
use ochre_resp::reply::Reply;
use ochre_resp::request::Args;
use rand::rngs::SmallRng;

/// The origin of a command, as far as data commands care.
#[derive(Debug, Clone, Copy, Default)]
pub struct Caller {
    /// The client cannot wait: inside MULTI or a script, or it is a primary's stream.
    pub no_blocking: bool,
    /// The command runs again after its client waited for a key.
    pub unblocked: bool,
    /// The command comes from this server's primary or from the AOF: errors that protect a data
    /// set from its users do not apply.
    pub trusted: bool,
}

/// The world of one call of a data command.
pub struct Ctx<'a> {
    /// The keys of the selected database, and what changed in them.
    pub keys: Keys<'a>,
    /// The reply.
    pub reply: Reply<'a>,
    /// Settings that data commands depend on.
    pub settings: &'a Settings,
    /// The time of this command.
    pub now: UnixMs,
    /// A source of randomness.
    pub rng: &'a mut SmallRng,
    /// Where the command comes from.
    pub caller: Caller,
    /// Full name of the command, for errors.
    pub name: &'a str,
}

impl<'a> Ctx<'a> {
    /// The key in argument `at`, hashed once. The hash of the first key was made when the command
    /// was prefetched.
    #[inline]
    pub fn key<'b>(&self, args: Args<'b>, at: usize) -> Key<'b> {
        self.keys.locate_arg(args, at)
    }

    /// The level of compatibility.
    #[inline]
    pub fn level(&self) -> Level {
        self.settings.level
    }

    /// Reports that a key changed: wakes the clients that wait for the key, warns those that watch it, counts
    /// `dirty` changes and records the event. Call it once per changed key, after the change.
    #[inline]
    pub fn changed(&mut self, key: Key<'_>, class: EventClasses, event: &'static str, dirty: u64) {
        self.keys.touched(key);
        let db = self.keys.db();
        self.keys.fx.dirty += dirty;
        self.keys.fx.event(class, event, db, key.bytes);
    }

    /// Records a further event on a key, without counting a change.
    #[inline]
    pub fn event(&mut self, key: Key<'_>, class: EventClasses, event: &'static str) {
        let db = self.keys.db();
        self.keys.fx.event(class, event, db, key.bytes);
    }

    /// Replaces what goes to the AOF and to replicas.
    pub fn propagate(&mut self, commands: impl FnOnce() -> Vec<Words>) {
        self.keys.fx.propagate(commands);
    }
}
