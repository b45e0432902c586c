//! The clients that wait for keys, and what takes to run their commands again.
//!
//! A wait is here from its begin to its end, and by the id of its client in the shards of its keys. `exec/blocking.rs`
//! begins, serves and ends waits.

use crate::client::Token;
use crate::clock::Tick;
use crate::table::{CommandId, CommandTable};
use ochre_engine::command::effects::Block;
use ochre_engine::keyspace::{ClientId, DbIndex};
use ochre_resp::reply::Protocol;
use ochre_resp::request::OwnedArgs;
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a client waits for, and what runs when it comes.
pub struct Wait {
    /// Who waits.
    pub id: ClientId,
    /// Its place.
    pub token: Token,
    /// The keys, and what may serve them.
    pub on: Block,
    /// Their database.
    pub db: DbIndex,
    /// The command that runs again.
    pub command: CommandId,
    /// Its arguments.
    pub args: OwnedArgs,
    /// When waiting ends; `None` is never.
    pub deadline: Option<Tick>,
    /// The protocol of the client.
    pub protocol: Protocol,
    /// Its reads leave no trace in access clocks.
    pub no_touch: bool,
}

impl Wait {
    /// Everything that its command names.
    pub fn keys<'a>(&'a self, commands: &CommandTable) -> Vec<&'a [u8]> {
        let args = self.args.args();
        let found = commands.get(self.command).meta.find_keys(args).unwrap_or_default();
        self.on.keys.iter().map(Vec::as_slice).chain(found.iter().map(|(at, _)| args.get(*at))).collect()
    }
}

#[derive(Default)]
struct Waits {
    by_id: HashMap<ClientId, Arc<Wait>>,
    /// For each worker: when the waits of its clients end.
    deadlines: Vec<BTreeSet<(Tick, ClientId)>>,
}

/// Everybody who waits.
pub struct Waiting {
    waits: Mutex<Waits>,
    blocked: AtomicUsize,
    /// For each worker: the first deadline of its clients, in nanoseconds of the counter.
    next: Box<[AtomicU64]>,
}

impl Waiting {
    /// Nobody, for so many workers.
    pub fn new(workers: usize) -> Waiting {
        let deadlines = vec![BTreeSet::new(); workers];
        Waiting {
            waits: Mutex::new(Waits { deadlines, ..Waits::default() }),
            blocked: AtomicUsize::new(0),
            next: (0..workers).map(|_| AtomicU64::new(Tick::NEVER.nanos())).collect(),
        }
    }

    /// Number of waiting clients.
    pub fn blocked(&self) -> usize {
        self.blocked.load(Ordering::Relaxed)
    }

    /// Number of waiting clients with a deadline.
    pub fn with_deadline(&self) -> usize {
        self.waits.lock().deadlines.iter().map(BTreeSet::len).sum()
    }

    /// Keys of waits that deleting the key would end, each once.
    pub fn waiting_for_deletion(&self) -> usize {
        let waits = self.waits.lock();
        let keys = waits.by_id.values().filter(|wait| wait.on.wake_on_delete);
        keys.flat_map(|wait| wait.on.keys.iter().map(|key| (wait.db, key))).collect::<BTreeSet<_>>().len()
    }

    /// The next deadline of a worker's clients.
    #[inline]
    pub fn next_deadline(&self, worker: usize) -> Option<Tick> {
        Some(Tick::from_nanos(self.next[worker].load(Ordering::Relaxed))).filter(|at| *at != Tick::NEVER)
    }

    /// The wait of a client.
    pub fn get(&self, id: ClientId) -> Option<Arc<Wait>> {
        self.waits.lock().by_id.get(&id).cloned()
    }

    /// A wait of this worker's clients whose time is up.
    pub fn overdue(&self, worker: usize, now: Tick) -> Option<Arc<Wait>> {
        let waits = self.waits.lock();
        let (_, id) = waits.deadlines[worker].first().filter(|(at, _)| *at <= now)?;
        waits.by_id.get(id).cloned()
    }

    /// A client begins to wait.
    pub fn add(&self, wait: &Arc<Wait>) {
        let mut waits = self.waits.lock();
        waits.by_id.insert(wait.id, Arc::clone(wait));
        if let Some(at) = wait.deadline {
            let worker = wait.token.worker();
            waits.deadlines[worker].insert((at, wait.id));
            self.note_next(&waits, worker);
        }
        self.blocked.store(waits.by_id.len(), Ordering::Relaxed);
    }

    /// A wait has ended.
    pub fn remove(&self, wait: &Wait) {
        let mut waits = self.waits.lock();
        waits.by_id.remove(&wait.id);
        if let Some(at) = wait.deadline {
            let worker = wait.token.worker();
            waits.deadlines[worker].remove(&(at, wait.id));
            self.note_next(&waits, worker);
        }
        self.blocked.store(waits.by_id.len(), Ordering::Relaxed);
    }

    fn note_next(&self, waits: &Waits, worker: usize) {
        let first = waits.deadlines[worker].first().map_or(Tick::NEVER, |(at, _)| *at);
        self.next[worker].store(first.nanos(), Ordering::Relaxed);
    }
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// Its time was up: the command's "nothing" is the reply.
    Timeout,
    /// CLIENT UNBLOCK ... ERROR.
    Error,
}
