//! What a command did, besides its reply. Handlers report; the server acts: it publishes events,
//! wakes blocked clients, breaks transactions, writes the AOF, feeds replicas.

use crate::keyspace::DbIndex;
use crate::settings::EventClasses;
use crate::value::{RawValue, Type};

/// An event on a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The class, by which events are wanted or not.
    pub class: EventClasses,
    /// The name, as published.
    pub name: &'static str,
    /// The database.
    pub db: DbIndex,
    /// The key.
    pub key: Vec<u8>,
}

/// A command with its arguments, as it goes to the AOF and to replicas.
pub type Words = Vec<Vec<u8>>;

/// What goes to the AOF and to replicas when a command made changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// The command as it came.
    #[default]
    Verbatim,
    /// The command as it came, even if nothing changed.
    Forced,
    /// Nothing, although something changed.
    Nothing,
    /// Other commands in place of the one that came.
    Instead(Vec<Words>),
}

/// The reply of a command whose wait was in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nothing {
    /// `*-1` (RESP3 `_`): BLPOP, BZPOPMIN, BLMPOP, XREAD ...
    NullArray,
    /// `$-1` (RESP3 `_`): BLMOVE and BRPOPLPUSH inside MULTI. Those that waited answer as the others do.
    Null,
}

impl Nothing {
    /// Writes the reply.
    pub fn write(self, reply: &mut ochre_resp::reply::Reply<'_>) {
        match self {
            Nothing::NullArray => reply.null_array(),
            Nothing::Null => reply.null(),
        }
    }
}

/// A client that has to wait: its command runs again when one of the keys is ready.
#[derive(Debug)]
pub struct Block {
    /// The keys it waits for, in the order of the command.
    pub keys: Vec<Vec<u8>>,
    /// The type of value that can serve it: another type in the key leaves it waiting.
    pub waits_for: Type,
    /// Milliseconds to wait; `None` is for ever.
    pub timeout_ms: Option<u64>,
    /// The reply when the time is up.
    pub nothing: Nothing,
    /// Deleting the key wakes it, too (XREADGROUP answers an error then).
    pub wake_on_delete: bool,
    /// Arguments to run again with, when those that came depend on the moment (`XREAD ... $`).
    pub again: Option<Words>,
}

/// Counters of key lookups.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct LookupStats {
    /// Reads that found their key.
    pub hits: u64,
    /// Reads that did not.
    pub misses: u64,
    /// Keys that expired.
    pub expired: u64,
}

/// What an operator may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// For the log.
    Log(String),
    /// So many structures in payloads were searched for what is there twice.
    Sanitized(u64),
}

/// Everything a command reports. One value is reused for all commands of a worker.
#[derive(Debug, Default)]
pub struct Effects {
    /// Changes made: nonzero makes the command propagate.
    pub dirty: u64,
    /// Events, in order; only those of [`Effects::wanted_events`].
    pub events: Vec<Event>,
    /// Classes that somebody may listen to; empty when notifications are off.
    pub wanted_events: EventClasses,
    /// Keys with waiting clients that changed.
    pub ready: Vec<(DbIndex, Vec<u8>)>,
    /// Watched keys that changed.
    pub watched: Vec<(DbIndex, Vec<u8>)>,
    /// What to propagate.
    pub propagation: Propagation,
    /// Somebody reads what is propagated: without, handlers need not rewrite.
    pub propagates: bool,
    /// Keys that went because they expired or had to make room: to be propagated as deletions before
    /// the command.
    pub gone: Vec<(DbIndex, Vec<u8>)>,
    /// Keys that were met whose time has come, and that are to be deleted elsewhere.
    pub due: Vec<(DbIndex, Vec<u8>)>,
    /// Values whose destruction is worth a background thread.
    pub garbage: Vec<RawValue>,
    /// The client has to wait.
    pub block: Option<Block>,
    /// Counters of key lookups.
    pub stats: LookupStats,
    /// What an operator may want to know.
    pub remarks: Vec<Remark>,
}

impl Effects {
    /// Records an event if anybody wants its class.
    #[inline]
    pub fn event(&mut self, class: EventClasses, name: &'static str, db: DbIndex, key: &[u8]) {
        if self.wanted_events.intersects(class) {
            self.events.push(Event { class, name, db, key: key.to_vec() });
        }
    }

    /// Replaces what is propagated; the closure runs only if somebody reads it.
    pub fn propagate(&mut self, commands: impl FnOnce() -> Vec<Words>) {
        if self.propagates {
            self.propagation = Propagation::Instead(commands());
        }
    }

    /// True if nothing but `dirty` and lookups was reported: the usual case, tested once.
    #[inline]
    pub fn is_quiet(&self) -> bool {
        self.events.is_empty()
            && self.stats.expired == 0
            && self.ready.is_empty()
            && self.watched.is_empty()
            && self.gone.is_empty()
            && self.garbage.is_empty()
            && self.remarks.is_empty()
            && self.block.is_none()
            && matches!(self.propagation, Propagation::Verbatim)
    }

    /// Forgets the last command; counters of lookups and the list of wanted events stay.
    pub fn clear(&mut self) {
        self.dirty = 0;
        self.propagation = Propagation::Verbatim;
        self.due.clear();
        self.block = None;
        self.events.clear();
        self.ready.clear();
        self.watched.clear();
        self.gone.clear();
    }
}

impl std::fmt::Debug for RawValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawValue({:?})", self.kind())
    }
}
