//! Clients that wait for keys: BLPOP and its relatives.
//!
//! A handler that finds nothing reports a [`Block`]; the client keeps its command. When a write
//! reports that one of the keys changed, the key goes into `ready`, and after the command under way
//! (and after EXEC as a whole) every client that waits for it runs its command again, in the order in
//! which they began to wait. A command that finds nothing again leaves its client where it was in
//! the queue.

use crate::client::{Blocked, Client, Flags};
use crate::server::Server;
use crate::table::CommandId;
use ochre_engine::command::effects::Block;
use ochre_engine::keyspace::{ClientId, DbIndex};
use ochre_engine::time::UnixMs;
use ochre_engine::value::Type;
use ochre_resp::request::{Args, OwnedArgs};
use std::collections::{BTreeSet, VecDeque};

/// Who waits, and which keys are ready.
#[derive(Default)]
pub struct Waiting {
    /// Keys with waiting clients that changed, each once.
    ready: VecDeque<(DbIndex, Vec<u8>)>,
    /// Deadlines of waiting clients.
    deadlines: BTreeSet<(UnixMs, ClientId)>,
    /// Clients that wait.
    blocked: usize,
    serving: bool,
}

impl Waiting {
    /// Number of waiting clients.
    pub fn blocked(&self) -> usize {
        self.blocked
    }

    /// Number of waiting clients with a deadline.
    pub fn with_deadline(&self) -> usize {
        self.deadlines.len()
    }

    /// The next deadline.
    pub fn next_deadline(&self) -> Option<UnixMs> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// A key changed that somebody waits for.
    pub fn push_ready(&mut self, db: DbIndex, key: Vec<u8>) {
        if !self.ready.iter().any(|(d, k)| *d == db && *k == key) {
            self.ready.push_back((db, key));
        }
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

impl Server {
    /// Makes a client wait, as its command asked.
    pub fn block_client(&mut self, client: &mut Client, command: CommandId, args: Args<'_>, mut on: Block) {
        let now = self.now();
        let args =
            on.again.take().map_or_else(|| args.to_owned_args(), |words| words.iter().collect::<OwnedArgs>());
        let deadline = on.timeout_ms.map(|ms| UnixMs(now.0.saturating_add_unsigned(ms)));
        for key in &on.keys {
            let key = self.world.locate(key);
            self.world
                .shard_mut(key)
                .change_interest(|interest| interest.wait(client.db, key.bytes, client.id));
        }
        if let Some(at) = deadline {
            self.waiting.deadlines.insert((at, client.id));
        }
        self.waiting.blocked += 1;
        client.flags.insert(Flags::BLOCKED);
        client.blocked = Some(Box::new(Blocked { on, db: client.db, command, args, deadline }));
    }

    /// Ends a client's wait, whatever the reason; its further input will be run.
    pub fn unblock_client(&mut self, client: &mut Client) -> Option<Box<Blocked>> {
        let blocked = client.blocked.take()?;
        for key in &blocked.on.keys {
            let key = self.world.locate(key);
            self.world
                .shard_mut(key)
                .change_interest(|interest| interest.stop_waiting(blocked.db, key.bytes, client.id));
        }
        if let Some(at) = blocked.deadline {
            self.waiting.deadlines.remove(&(at, client.id));
        }
        self.waiting.blocked -= 1;
        client.flags.remove(Flags::BLOCKED);
        self.clients.owe_resumption(client.token);
        Some(blocked)
    }

    /// Runs the commands of clients whose keys are ready, until none is.
    pub fn serve_ready(&mut self) {
        if self.waiting.ready.is_empty() || std::mem::replace(&mut self.waiting.serving, true) {
            return;
        }
        while let Some((db, key)) = self.waiting.ready.pop_front() {
            let at = self.world.locate(&key);
            let interest = self.world.shard_mut(at).interest();
            let Some(queue) = interest.and_then(|interest| interest.waiters(db, &key)) else { continue };
            for id in queue.iter().copied().collect::<Vec<_>>() {
                self.serve_waiter(id, db, &key);
            }
        }
        self.waiting.serving = false;
    }

    fn serve_waiter(&mut self, id: ClientId, db: DbIndex, key: &[u8]) {
        let Some(token) = self.clients.token_of(id) else { return };
        let Some(mut client) = self.clients.take(token) else { return };
        let found = self.type_of(db, key);
        let serves = client.blocked.as_ref().is_some_and(|b| match found {
            Some(found) => found == b.on.waits_for || b.on.wake_on_delete,
            None => b.on.wake_on_delete,
        });
        if serves {
            self.run_again(&mut client);
        }
        self.clients.put_back(client);
    }

    fn type_of(&self, db: DbIndex, key: &[u8]) -> Option<Type> {
        let at = self.world.locate(key);
        let entry = self.world.shards()[at.shard()].db(db)?.table.get(at.hash, key)?;
        let expired = entry.expiry().is_some_and(|expiry| expiry < self.now());
        (!expired).then(|| Type::of(entry.kind()))
    }

    /// Runs the command of a waiting client again. If it finds nothing the client keeps its place.
    fn run_again(&mut self, client: &mut Client) {
        let Some(blocked) = client.blocked.take() else { return };
        let before = client.db;
        client.db = blocked.db;
        self.lane.tick = self.lane.clock.tick();
        let waits = self.run_unblocked(client, blocked.command, blocked.args.args());
        client.db = before;
        client.blocked = Some(blocked);
        if !waits {
            self.unblock_client(client);
            self.replied(client);
        }
    }

    /// Ends the waits whose time is up.
    pub fn expire_waits(&mut self) {
        let now = self.now();
        while let Some((at, id)) = self.waiting.deadlines.first().copied().filter(|(at, _)| *at < now) {
            self.waiting.deadlines.remove(&(at, id));
            self.wake(id, Wake::Timeout);
        }
    }

    /// Ends the wait of a client with a reply that says why. False if it does not wait for keys.
    pub fn wake(&mut self, id: ClientId, why: Wake) -> bool {
        let Some(token) = self.clients.token_of(id) else { return false };
        let Some(mut client) = self.clients.take(token) else { return false };
        let blocked = self.unblock_client(&mut client);
        if let Some(blocked) = &blocked {
            match why {
                Wake::Timeout => blocked.on.nothing.write(&mut client.reply()),
                Wake::Error => {
                    const TEXT: &str = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
                    client.reply().error(TEXT);
                    self.stats.error_replied(TEXT);
                }
            }
            // Counted now, like every command that had to wait (updateStatsOnUnblock).
            self.stats.called(blocked.command, 0, why == Wake::Error);
            self.replied(&mut client);
        }
        self.clients.put_back(client);
        blocked.is_some()
    }
}
