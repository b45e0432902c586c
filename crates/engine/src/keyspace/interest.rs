//! Interest in keys: clients that watch them and clients that wait for them.
//!
//! It is kept in the shard of the key, which a command that changes the key holds anyway. On most servers nobody is
//! interested in any key: a shard then has no [`Interest`], and a write pays one test.

use super::{ClientId, DbIndex, Presence};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

type At = (DbIndex, Box<[u8]>);

/// The clients that wait for a key of one database, the first first.
type Queue = (DbIndex, VecDeque<ClientId>);

/// A flag that breaks when a watched key changes. A client and all keys that it watches share it, so that a command that
/// changes one of them need not reach the client.
#[derive(Debug, Clone, Default)]
pub struct WatchFlag(Arc<AtomicBool>);

impl WatchFlag {
    /// Whether a key changed. To be asked with the shards of all watched keys in hand.
    #[inline]
    pub fn is_broken(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// A key changed.
    pub fn break_it(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A client that watches a key.
#[derive(Debug)]
struct Watcher {
    client: ClientId,
    flag: WatchFlag,
    /// The key's time had come already: that it goes is no change.
    was_expired: bool,
}

/// Watchers and waiters of the keys of one shard.
#[derive(Debug, Default)]
pub struct Interest {
    watched: HashMap<At, Vec<Watcher>>,
    /// By name first: before a key is changed, one asks for waiters in all databases.
    waiting: HashMap<Box<[u8]>, Vec<Queue>>,
}

impl Interest {
    /// True if nobody cares about any key here.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.watched.is_empty() && self.waiting.is_empty()
    }

    /// A client watches a key, which has expired and is still there, or not.
    pub fn watch(&mut self, db: DbIndex, key: &[u8], client: ClientId, flag: &WatchFlag, was_expired: bool) {
        let watchers = self.watched.entry((db, key.into())).or_default();
        if !watchers.iter().any(|watcher| watcher.client == client) {
            watchers.push(Watcher { client, flag: flag.clone(), was_expired });
        }
    }

    /// A client no longer watches a key.
    pub fn unwatch(&mut self, db: DbIndex, key: &[u8], client: ClientId) {
        let at = (db, key.into());
        if let Some(watchers) = self.watched.get_mut(&at) {
            watchers.retain(|watcher| watcher.client != client);
            if watchers.is_empty() {
                self.watched.remove(&at);
            }
        }
    }

    /// Whether anybody watches a key.
    pub fn is_watched(&self, db: DbIndex, key: &[u8]) -> bool {
        self.watched.contains_key(&(db, key.into()))
    }

    /// Whether a client watches a key that had not expired when it began to.
    pub fn watched_alive(&self, db: DbIndex, key: &[u8], client: ClientId) -> bool {
        let watchers = self.watched.get(&(db, key.into())).map_or(&[][..], Vec::as_slice);
        watchers.iter().any(|watcher| watcher.client == client && !watcher.was_expired)
    }

    /// A watched key changed, and is now as `presence` says: the transactions of those who watch it are broken, but for
    /// those who saw an expired key that is still, or really, gone (multi.c: touchWatchedKey,
    /// touchAllWatchedKeysInDb).
    pub fn touch(&mut self, db: DbIndex, key: &[u8], presence: Presence, was_there: bool) {
        let watchers = self.watched.get_mut(&(db, key.into())).map_or(&mut [][..], Vec::as_mut_slice);
        for Watcher { flag, was_expired, .. } in watchers {
            match (*was_expired, presence) {
                (true, Presence::Missing) => *was_expired = false,
                (true, Presence::Expired) => {}
                (false, Presence::Expired) if !was_there => *was_expired = true,
                _ => flag.break_it(),
            }
        }
    }

    /// All watched keys of a database.
    pub fn watched_in(&self, db: DbIndex) -> impl Iterator<Item = &[u8]> {
        self.watched.keys().filter(move |(d, _)| *d == db).map(|(_, key)| &**key)
    }

    /// A client waits for a key, behind those that wait already.
    pub fn wait(&mut self, db: DbIndex, key: &[u8], client: ClientId) {
        let queues = self.waiting.entry(key.into()).or_default();
        let at = queues.iter().position(|(other, _)| *other == db).unwrap_or_else(|| {
            queues.push((db, VecDeque::new()));
            queues.len() - 1
        });
        let (_, queue) = &mut queues[at];
        if !queue.contains(&client) {
            queue.push_back(client);
        }
    }

    /// A client no longer waits for a key.
    pub fn stop_waiting(&mut self, db: DbIndex, key: &[u8], client: ClientId) {
        let Some(queues) = self.waiting.get_mut(key) else { return };
        let own = queues.iter_mut().filter(|(other, _)| *other == db);
        own.for_each(|(_, queue)| queue.retain(|other| *other != client));
        queues.retain(|(_, queue)| !queue.is_empty());
        if queues.is_empty() {
            self.waiting.remove(key);
        }
    }

    /// Whether anybody waits for a key of this name, in any database.
    pub fn is_awaited(&self, key: &[u8]) -> bool {
        self.waiting.contains_key(key)
    }

    /// The clients that wait for a key of this name, in any database.
    pub fn waiters_anywhere(&self, key: &[u8]) -> impl Iterator<Item = ClientId> {
        self.waiting.get(key).into_iter().flatten().flat_map(|(_, queue)| queue).copied()
    }

    /// The clients that wait for a key, the first first.
    pub fn waiters(&self, db: DbIndex, key: &[u8]) -> Option<&VecDeque<ClientId>> {
        self.waiting.get(key)?.iter().find(|(other, _)| *other == db).map(|(_, queue)| queue)
    }

    /// All keys of a database that somebody waits for.
    pub fn awaited_in(&self, db: DbIndex) -> impl Iterator<Item = &[u8]> {
        let here = move |queues: &[Queue]| queues.iter().any(|(other, _)| *other == db);
        self.waiting.iter().filter(move |(_, queues)| here(queues)).map(|(key, _)| &**key)
    }

    /// Number of keys that somebody waits for.
    pub fn awaited_keys(&self) -> usize {
        self.waiting.values().map(Vec::len).sum()
    }

    /// Number of keys that somebody watches.
    pub fn watched_keys(&self) -> usize {
        self.watched.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DB: DbIndex = DbIndex(0);

    /// What becomes of a transaction that watches a key, which had expired or not, when it changes.
    fn breaks(was_expired: bool, presence: Presence, was_there: bool) -> bool {
        let (mut interest, flag) = (Interest::default(), WatchFlag::default());
        interest.watch(DB, b"key", ClientId(1), &flag, was_expired);
        interest.touch(DbIndex(1), b"key", Presence::Live, true);
        interest.touch(DB, b"other", Presence::Live, true);
        assert!(!flag.is_broken(), "another key is none of its business");
        interest.touch(DB, b"key", presence, was_there);
        flag.is_broken()
    }

    #[test]
    fn a_change_breaks_the_transaction_but_not_the_end_of_what_had_ended() {
        assert!(breaks(false, Presence::Live, true) && breaks(false, Presence::Missing, true));
        assert!(breaks(true, Presence::Live, true));
        assert!(!breaks(true, Presence::Missing, true) && !breaks(true, Presence::Expired, true));
        assert!(!breaks(false, Presence::Expired, false) && breaks(false, Presence::Expired, true));
    }

    #[test]
    fn nothing_is_left_of_who_has_gone() {
        let mut interest = Interest::default();
        interest.watch(DB, b"key", ClientId(1), &WatchFlag::default(), false);
        interest.wait(DbIndex(3), b"key", ClientId(2));
        assert!(interest.is_watched(DB, b"key") && interest.watched_alive(DB, b"key", ClientId(1)));
        assert!(interest.is_awaited(b"key") && !interest.is_awaited(b"other"));
        assert_eq!(interest.waiters_anywhere(b"key").collect::<Vec<_>>(), [ClientId(2)]);
        interest.unwatch(DB, b"key", ClientId(1));
        interest.stop_waiting(DbIndex(3), b"key", ClientId(2));
        assert!(interest.is_empty());
    }
}
