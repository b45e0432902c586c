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

use super::call::Run;
use super::context::ExecContext;
use super::effects::CallOrigin;
use crate::client::{Client, Flags};
use crate::mailboxes::{ClientMessage, MessageBody};
use crate::server::Server;
use crate::table::CommandId;
use crate::waiting::{Wait, Wake};
use ochre_engine::command::Caller;
use ochre_engine::command::effects::Block;
use ochre_engine::keyspace::{ClientId, DbIndex, Hints};
use ochre_engine::value::Type;
use ochre_resp::reply::{Output, Reply};
use ochre_resp::request::OwnedArgs;
use std::sync::Arc;
use std::time::Duration;

impl ExecContext<'_> {
    /// Makes a client wait, as its command asked.
    pub fn block(&mut self, client: &mut Client, command: CommandId, args: OwnedArgs, mut on: Block) {
        let args = on.again.take().map_or(args, |words| words.iter().collect::<OwnedArgs>());
        let deadline = on.timeout_ms.map(|ms| self.state.tick + Duration::from_millis(ms));
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
        self.shared.waiting.add(&wait);
        client.flags.insert(Flags::BLOCKED);
        client.blocked = Some(wait);
    }

    /// Ends a wait. Its client does not know yet. False if it has ended already.
    pub fn end_wait(&mut self, wait: &Wait) -> bool {
        if self.shared.waiting.get(wait.id).is_none_or(|now| !std::ptr::eq(&*now, wait)) {
            return false;
        }
        for key in &wait.on.keys {
            let key = self.shards.locate(key);
            self.shards
                .shard_mut(key)
                .change_interest(|interest| interest.stop_waiting(wait.db, key.bytes, wait.id));
        }
        self.shared.waiting.remove(wait);
        true
    }

    /// Runs the commands of clients whose keys are ready, until none is.
    pub fn serve_ready(&mut self) {
        while let Some((db, key)) = self.state.ready.pop_front() {
            let at = self.shards.locate(&key);
            let interest = self.shards.shard_mut(at).interest();
            let Some(queue) = interest.and_then(|interest| interest.waiters(db, &key)) else { continue };
            for id in queue.iter().copied().collect::<Vec<_>>() {
                self.serve_waiter(id, db, &key);
            }
        }
    }

    fn serve_waiter(&mut self, id: ClientId, db: DbIndex, key: &[u8]) {
        let Some(wait) = self.shared.waiting.get(id) else { return };
        let serves = match self.type_of(db, key) {
            Some(found) => found == wait.on.waits_for || wait.on.wake_on_delete,
            None => wait.on.wake_on_delete,
        };
        if serves {
            self.run_again(&wait);
        }
    }

    fn type_of(&mut self, db: DbIndex, key: &[u8]) -> Option<Type> {
        let key = self.shards.locate(key);
        let entry = self.shards.shard_mut(key).entry(db, key)?;
        let now = self.state.clock.unix_ms(self.state.tick);
        let expired = entry.expiry().is_some_and(|expiry| expiry < now);
        (!expired).then(|| Type::of(entry.kind()))
    }

    /// Runs the command of a waiting client again. If it finds nothing the client keeps its place.
    fn run_again(&mut self, wait: &Wait) {
        let Run::Data(handler) = self.shared.handlers.get(wait.command) else { return };
        self.state.tick = self.state.clock.tick();
        let started = self.state.tick;
        let mut output = Output::new();
        let caller = Caller { unblocked: true, ..Caller::default() };
        let outcome = self.call_handler(
            wait.command,
            handler,
            CallOrigin { db: wait.db, no_touch: wait.no_touch, hints: Hints::NONE, caller },
            Reply::new(&mut output, wait.protocol),
            wait.args.args(),
        );
        let waits = outcome.is_ok() && self.state.fx.block.take().is_some();
        let reply = Reply::new(&mut output, wait.protocol);
        let slow_nanos = self.count(wait.command, started, outcome, waits, reply);
        self.log(wait.db, wait.command, wait.args.args());
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
                self.state.stats.error_replied(TEXT);
            }
        }
        client.end_reply(mark);
        // Counted now, like every command that had to wait (updateStatsOnUnblock).
        self.state.stats.called(wait.command, 0, why == Wake::Error);
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
        if !self.state.ready.is_empty() {
            self.with_context(in_hand, |context, _| context.serve_ready());
        }
    }

    /// Ends the waits of a worker's clients whose time is up.
    pub fn expire_waits(&mut self, worker: usize) {
        while let Some(wait) = self.shared.waiting.overdue(worker, self.state.tick) {
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
    use crate::clock::Tick;
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
        let blpop = server.shared.commands.find(b"blpop").unwrap();
        let words: [&[u8]; 3] = [b"BLPOP", b"list", b"1"];
        server.context().block(&mut client, blpop, words.into_iter().collect(), on);
        server.clients.set_of(0).insert(client);
    }

    #[test]
    fn a_wait_ends_after_its_time_whatever_the_wall_clock_does() {
        let time = ManualTime::new();
        for step_ms in [-3_600_000, 3_600_000] {
            let rng = SmallRng::seed_from_u64(1);
            let mut server = Server::new(
                Config::default(),
                Identity::new(Vec::new()),
                &time.clock(),
                rng,
                crate::commands::build,
            );
            block(&mut server, Duration::from_secs(1));
            time.step_wall_ms(step_ms);
            time.advance(Duration::from_millis(999));
            server.start_turn();
            server.expire_waits(0);
            assert_eq!(server.shared.waiting.blocked(), 1, "after a step of {step_ms} ms");
            time.advance(Duration::from_millis(1));
            server.start_turn();
            server.expire_waits(0);
            assert_eq!((server.shared.waiting.blocked(), server.shared.waiting.next_deadline(0)), (0, None));
        }
    }
}
