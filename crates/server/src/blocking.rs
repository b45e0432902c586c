//! Clients that wait for keys: BLPOP and its relatives.
//!
//! ```text
//! BLPOP finds nothing ──> Wait: in the registry, and by the client's id in the shards of its keys
//!                           │ LPUSH: key ready, and the command is done (EXEC: as a whole)
//!                           ├────────> its command runs again, on the thread of whoever pushed ──> ClientMessage: reply, go on
//!                           │ its time is up, or CLIENT UNBLOCK
//!                           ╰────────> the command's "nothing" is the reply
//! ```
//! A handler that finds nothing reports a [`Block`]; what it takes to run the command again is kept in a [`Wait`]. When
//! a write reports that one of the keys changed, every client that waits for it runs its command again, in the
//! order in which they began to wait. A command that finds nothing again leaves its client where it was in the
//! queue.
//!
//! A wait ends exactly once, by whoever takes it out of the shards of *all* its keys, and holds them meanwhile. Only
//! then does the client's own worker hear of it. While it waits a client runs nothing, so what a `Wait` says of it
//! stays true.

use crate::call::CallOrigin;
use crate::client::{Client, Flags, Token};
use crate::clock::Tick;
use crate::context::ExecContext;
use crate::mailboxes::{ClientMessage, MessageBody};
use crate::server::Server;
use crate::table::{CommandId, CommandTable, Run};
use ochre_engine::command::Caller;
use ochre_engine::command::effects::Block;
use ochre_engine::keyspace::{ClientId, DbIndex, Hints};
use ochre_engine::value::Type;
use ochre_resp::reply::{Output, Protocol, Reply};
use ochre_resp::request::OwnedArgs;
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

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
    protocol: Protocol,
    no_touch: bool,
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

    fn add(&self, wait: &Arc<Wait>) {
        let mut waits = self.waits.lock();
        waits.by_id.insert(wait.id, Arc::clone(wait));
        if let Some(at) = wait.deadline {
            let worker = wait.token.worker();
            waits.deadlines[worker].insert((at, wait.id));
            self.note_next(&waits, worker);
        }
        self.blocked.store(waits.by_id.len(), Ordering::Relaxed);
    }

    fn remove(&self, wait: &Wait) {
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

impl ExecContext<'_> {
    /// Makes a client wait, as its command asked.
    pub fn block(&mut self, client: &mut Client, command: CommandId, args: OwnedArgs, mut on: Block) {
        let args = on.again.take().map_or(args, |words| words.iter().collect::<OwnedArgs>());
        let deadline = on.timeout_ms.map(|ms| self.lane.tick + Duration::from_millis(ms));
        for key in &on.keys {
            let key = self.shards.locate(key);
            self.shards
                .shard_mut(key)
                .change_interest(|interest| interest.wait(client.db, key.bytes, client.id));
        }
        let wait = Arc::new(Wait {
            id: client.id,
            token: client.token,
            on,
            db: client.db,
            command,
            args,
            deadline,
            protocol: client.protocol,
            no_touch: client.flags.contains(Flags::NO_TOUCH),
        });
        self.hall.waiting.add(&wait);
        client.flags.insert(Flags::BLOCKED);
        client.blocked = Some(wait);
    }

    /// Ends a wait. Its client does not know yet. False if it has ended already.
    pub fn end_wait(&mut self, wait: &Wait) -> bool {
        if self.hall.waiting.get(wait.id).is_none_or(|now| !std::ptr::eq(&*now, wait)) {
            return false;
        }
        for key in &wait.on.keys {
            let key = self.shards.locate(key);
            self.shards
                .shard_mut(key)
                .change_interest(|interest| interest.stop_waiting(wait.db, key.bytes, wait.id));
        }
        self.hall.waiting.remove(wait);
        true
    }

    /// Runs the commands of clients whose keys are ready, until none is.
    pub fn serve_ready(&mut self) {
        while let Some((db, key)) = self.lane.ready.pop_front() {
            let at = self.shards.locate(&key);
            let interest = self.shards.shard(at).interest();
            let Some(queue) = interest.and_then(|interest| interest.waiters(db, &key)) else { continue };
            for id in queue.iter().copied().collect::<Vec<_>>() {
                self.serve_waiter(id, db, &key);
            }
        }
    }

    fn serve_waiter(&mut self, id: ClientId, db: DbIndex, key: &[u8]) {
        let Some(wait) = self.hall.waiting.get(id) else { return };
        let serves = match self.type_of(db, key) {
            Some(found) => found == wait.on.waits_for || wait.on.wake_on_delete,
            None => wait.on.wake_on_delete,
        };
        if serves {
            self.run_again(&wait);
        }
    }

    fn type_of(&self, db: DbIndex, key: &[u8]) -> Option<Type> {
        let key = self.shards.locate(key);
        let entry = self.shards.shard(key).entry(db, key)?;
        let now = self.lane.clock.unix_ms(self.lane.tick);
        let expired = entry.expiry().is_some_and(|expiry| expiry < now);
        (!expired).then(|| Type::of(entry.kind()))
    }

    /// Runs the command of a waiting client again. If it finds nothing the client keeps its place.
    fn run_again(&mut self, wait: &Wait) {
        let entry = self.hall.commands.get(wait.command);
        let Run::Data(handler) = entry.run else { return };
        self.lane.tick = self.lane.clock.tick();
        let started = self.lane.tick;
        let mut output = Output::new();
        let caller = Caller { unblocked: true, ..Caller::default() };
        let outcome = self.call_data(
            entry,
            handler,
            CallOrigin { db: wait.db, no_touch: wait.no_touch, hints: Hints::NONE, caller },
            Reply::new(&mut output, wait.protocol),
            wait.args.args(),
        );
        let waits = outcome.is_ok() && self.lane.fx.block.take().is_some();
        let reply = Reply::new(&mut output, wait.protocol);
        let slow_nanos = self.count(wait.command, started, outcome, waits, reply);
        self.log(wait.db, entry, wait.args.args());
        if !waits {
            self.end_wait(wait);
            let body = MessageBody::Served { reply: output.to_vec(), slow_nanos };
            self.messages().push(ClientMessage { to: wait.token, id: wait.id, body });
        }
        self.settle();
    }

    /// Ends the wait of a client with a reply that says why. False if it has ended already.
    pub fn wake(&mut self, client: &mut Client, why: Wake) -> bool {
        let Some(wait) = client.blocked.clone() else { return false };
        if !self.end_wait(&wait) {
            return false;
        }
        client.stop_waiting();
        let mark = client.output.mark();
        match why {
            Wake::Timeout => wait.on.nothing.write(&mut client.reply()),
            Wake::Error => {
                const TEXT: &str = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
                client.reply().error(TEXT);
                self.stats.error_replied(TEXT);
            }
        }
        client.end_reply(mark);
        // Counted now, like every command that had to wait (updateStatsOnUnblock).
        self.stats.called(wait.command, 0, why == Wake::Error);
        true
    }
}

impl Client {
    /// The wait is over; the client may go on.
    pub fn stop_waiting(&mut self) -> Option<Arc<Wait>> {
        self.flags.remove(Flags::BLOCKED);
        self.blocked.take()
    }
}

impl Server {
    /// Ends a client's wait without a reply.
    pub fn unblock_client(&mut self, client: &mut Client) {
        if let Some(wait) = client.stop_waiting() {
            self.context().end_wait(&wait);
            self.clients.owe_resumption(client.token);
        }
    }

    /// Serves the clients whose keys the command of the client in hand made ready.
    #[inline]
    pub fn serve_ready(&mut self, in_hand: &mut Client) {
        if !self.lane.ready.is_empty() {
            self.with_context(in_hand, |context, _| context.serve_ready());
        }
    }

    /// Ends the waits of a worker's clients whose time is up.
    pub fn expire_waits(&mut self, worker: usize) {
        while let Some(wait) = self.waiting.overdue(worker, self.lane.tick) {
            self.wake(wait.id, Wake::Timeout);
        }
    }

    /// Ends the wait of a client with a reply that says why. False if it does not wait for keys.
    pub fn wake(&mut self, id: ClientId, why: Wake) -> bool {
        let Some(token) = self.clients.token_of(id) else { return false };
        let Some(mut client) = self.clients.take(token) else { return false };
        let is_woken = self.context().wake(&mut client, why);
        if is_woken {
            self.clients.owe_resumption(token);
            self.replied(&mut client);
        }
        self.clients.put_back(client);
        is_woken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualTime;
    use crate::config::Config;
    use crate::process::Identity;
    use ochre_engine::command::effects::Nothing;
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    fn block(server: &mut Server, timeout: Duration) {
        server.clients.counts().expect_one();
        let clients = server.clients.set_of(0);
        let mut client = Box::new(Client::new(ClientId(7), clients.reserve(), None, Tick::default()));
        let on = Block {
            keys: vec![b"list".to_vec()],
            waits_for: Type::List,
            wake_on_delete: false,
            timeout_ms: Some(timeout.as_millis() as u64),
            nothing: Nothing::NullArray,
            again: None,
        };
        let blpop = server.commands.find(b"blpop").unwrap();
        let words: [&[u8]; 3] = [b"BLPOP", b"list", b"1"];
        server.context().block(&mut client, blpop, words.into_iter().collect(), on);
        server.clients.set_of(0).insert(client);
    }

    #[test]
    fn a_wait_ends_after_its_time_whatever_the_wall_clock_does() {
        let time = ManualTime::new();
        for step_ms in [-3_600_000, 3_600_000] {
            let rng = SmallRng::seed_from_u64(1);
            let mut server = Server::new(Config::default(), Identity::new(Vec::new()), &time.clock(), rng);
            block(&mut server, Duration::from_secs(1));
            time.step_wall_ms(step_ms);
            time.advance(Duration::from_millis(999));
            server.start_turn();
            server.expire_waits(0);
            assert_eq!(server.waiting.blocked(), 1, "after a step of {step_ms} ms");
            time.advance(Duration::from_millis(1));
            server.start_turn();
            server.expire_waits(0);
            assert_eq!((server.waiting.blocked(), server.waiting.next_deadline(0)), (0, None));
        }
    }
}
