//! Who cares about keys: clients that watch them and clients that wait for them.
//!
//! Lives in the shard of the key, so that whoever changes the key holds it already. Empty on most
//! servers: [`Interest::is_empty`] is all that a write then pays.

use super::{ClientId, DbIndex};
use std::collections::{HashMap, VecDeque};

type At = (DbIndex, Box<[u8]>);

/// Watchers and waiters of the keys of one shard.
#[derive(Debug, Default)]
pub struct Interest {
    watched: HashMap<At, Vec<ClientId>>,
    waiting: HashMap<At, VecDeque<ClientId>>,
}

impl Interest {
    /// True if nobody cares about any key here.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.watched.is_empty() && self.waiting.is_empty()
    }

    /// A client watches a key.
    pub fn watch(&mut self, db: DbIndex, key: &[u8], client: ClientId) {
        let clients = self.watched.entry((db, key.into())).or_default();
        if !clients.contains(&client) {
            clients.push(client);
        }
    }

    /// A client no longer watches a key.
    pub fn unwatch(&mut self, db: DbIndex, key: &[u8], client: ClientId) {
        let at = (db, key.into());
        if let Some(clients) = self.watched.get_mut(&at) {
            clients.retain(|c| *c != client);
            if clients.is_empty() {
                self.watched.remove(&at);
            }
        }
    }

    /// The clients that watch a key.
    pub fn watchers(&self, db: DbIndex, key: &[u8]) -> &[ClientId] {
        self.watched.get(&(db, key.into())).map_or(&[], Vec::as_slice)
    }

    /// All watched keys of a database.
    pub fn watched_in(&self, db: DbIndex) -> impl Iterator<Item = &[u8]> {
        self.watched.keys().filter(move |(d, _)| *d == db).map(|(_, key)| &**key)
    }

    /// A client waits for a key, behind those that wait already.
    pub fn wait(&mut self, db: DbIndex, key: &[u8], client: ClientId) {
        let queue = self.waiting.entry((db, key.into())).or_default();
        if !queue.contains(&client) {
            queue.push_back(client);
        }
    }

    /// A client no longer waits for a key.
    pub fn stop_waiting(&mut self, db: DbIndex, key: &[u8], client: ClientId) {
        let at = (db, key.into());
        if let Some(queue) = self.waiting.get_mut(&at) {
            queue.retain(|c| *c != client);
            if queue.is_empty() {
                self.waiting.remove(&at);
            }
        }
    }

    /// The clients that wait for a key, the first first.
    pub fn waiters(&self, db: DbIndex, key: &[u8]) -> Option<&VecDeque<ClientId>> {
        self.waiting.get(&(db, key.into()))
    }

    /// All keys of a database that somebody waits for.
    pub fn awaited_in(&self, db: DbIndex) -> impl Iterator<Item = &[u8]> {
        self.waiting.keys().filter(move |(d, _)| *d == db).map(|(_, key)| &**key)
    }

    /// Number of keys that somebody waits for.
    pub fn awaited_keys(&self) -> usize {
        self.waiting.len()
    }

    /// Number of keys that somebody watches.
    pub fn watched_keys(&self) -> usize {
        self.watched.len()
    }
}
