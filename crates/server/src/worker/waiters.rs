//! Commands on keys that somebody waits for, and the end of waits whose time is up, or whose client has left.
//!
//! Whoever wakes a client runs its command, which may name further keys, on which others may wait (BLMOVE). So all of them
//! are locked before the command that wakes runs: its keys, the keys of all waits for them, the keys of all waits
//! for those, and so on. Waits come and go until the locks are held, hence a few rounds. What
//! does not come to an end runs in the exclusive mode.

use super::Worker;
use super::handle::{LockMemory, WorkerView, context};
use crate::client::{Client, Flags};
use crate::shared::SharedState;
use crate::waiting::Wake;
use ochre_engine::keyspace::{ExpiryMode, Held};

/// Keys that may hang together before it is simpler to have all of them.
const MOST_KEYS: usize = 64;
/// Times to look which keys hang together: what a key leads to is only seen with its shard in hand, so each link of a chain
/// takes one.
const ROUNDS: usize = 16;

/// True if somebody waits for one of the keys, whose shards are held.
pub(super) fn is_any_awaited<'k>(held: &Held<'_>, mut keys: impl Iterator<Item = &'k [u8]>) -> bool {
    keys.any(|key| {
        let interest = held.shard(held.locate(key).shard()).interest();
        interest.is_some_and(|interest| interest.is_awaited(key))
    })
}

/// Locks what hangs together with these keys, whose shards are held.
pub(super) fn hold_with_waiters<'a>(
    shared: &SharedState,
    mut held: Held<'a>,
    keys: &[&[u8]],
    hashes: &mut Vec<u64>,
) -> Option<Held<'a>> {
    hashes.clear();
    hashes.extend(keys.iter().map(|key| held.locate(key).hash));
    for _ in 0..ROUNDS {
        if is_closed(shared, &held, keys, hashes)? {
            return Some(held);
        }
        held.relock(hashes);
    }
    is_closed(shared, &held, keys, hashes)?.then_some(held)
}

/// Whether everything that hangs together with these keys is held; what is missing is added to `hashes`. `None`: it is too
/// much.
fn is_closed(shared: &SharedState, held: &Held<'_>, keys: &[&[u8]], hashes: &mut Vec<u64>) -> Option<bool> {
    let before = hashes.len();
    let mut all: Vec<Box<[u8]>> = keys.iter().map(|key| Box::from(*key)).collect();
    let mut at = 0;
    while at < all.len() {
        let key = all[at].clone();
        at += 1;
        let located = held.locate(&key);
        if !held.covers(located) {
            hashes.push(located.hash);
            continue;
        }
        let Some(interest) = held.shard(located.shard()).interest() else { continue };
        for wait in interest.waiters_anywhere(&key).filter_map(|id| shared.waiting.get(id)) {
            for key in wait.keys(&shared.commands) {
                if !all.iter().any(|known| **known == *key) {
                    all.push(key.into());
                }
            }
        }
        if all.len() > keys.len() + MOST_KEYS {
            return None;
        }
    }
    Some(hashes.len() == before)
}

impl Worker {
    /// Ends the waits of this worker's clients whose time is up.
    pub(super) fn end_waits(&mut self) {
        let me = self.handle.me();
        if self.handle.is_alone() {
            return self.handle.exclusively(|server| server.expire_waits(me));
        }
        while self.end_wait() {}
    }

    /// Ends one of them. False if there is none.
    fn end_wait(&mut self) -> bool {
        let view = self.handle.view();
        let locks = view.locks();
        let WorkerView { me, shared, clients, state, locking, .. } = view;
        let LockMemory { shards, hashes } = locking;
        let Some(wait) = shared.waiting.overdue(me, state.tick) else { return false };
        let Some(mut client) = clients.take(wait.token) else { return false };
        hashes.clear();
        hashes.extend(wait.on.keys.iter().map(|key| locks.locate(key).hash));
        let held = locks.hold(shards, client.db, hashes);
        let mut context = context(shared, held, ExpiryMode::Delete, state);
        // Otherwise it was served a moment ago, and the message is on its way.
        if context.wake(&mut client, Wake::Timeout) {
            drop(context);
            clients.unblocked.push(client.token);
            if client.owes_write() {
                clients.pending_writes.push(client.token);
            }
        }
        clients.put_back(client);
        true
    }

    /// Ends what one of this worker's clients waits for and watches, without a word. False if it takes the exclusive mode.
    pub(super) fn untie(&mut self, client: &mut Client) -> bool {
        let is_free = client.blocked.is_none() && client.watching.is_none();
        if is_free && !client.flags.intersects(Flags::BLOCKED | Flags::PAUSED) {
            return true;
        }
        if self.handle.is_alone() || client.flags.contains(Flags::PAUSED) {
            return false;
        }
        let view = self.handle.view();
        let locks = view.locks();
        let WorkerView { shared, state, locking, .. } = view;
        let LockMemory { shards, hashes } = locking;
        let wait = client.stop_waiting();
        hashes.clear();
        hashes.extend(wait.iter().flat_map(|wait| &wait.on.keys).map(|key| locks.locate(key).hash));
        let watched = client.watching.iter().flat_map(|watching| &watching.keys);
        hashes.extend(watched.map(|(_, key)| locks.locate(key).hash));
        let mut context = context(shared, locks.hold(shards, client.db, hashes), ExpiryMode::Delete, state);
        if let Some(wait) = wait {
            context.end_wait(&wait);
        }
        context.unwatch_all(client);
        true
    }
}
