//! The context of execution: what a command works on besides its client, in either mode.
//!
//! ```text
//! exclusive   &mut Server   ──> ExecContext { all shards,       messages kept and handed over at the end }
//! shared      WorkerHandle  ──> ExecContext { shards locked,    messages sent through mailboxes }
//! ```
//! What a command sets off (broken transactions, events, clients that are served) is written once, over this, and does
//! not know in which mode it runs. In the shared mode the shards that it may reach are locked before: those of the
//! command's keys and of the commands of clients that wait for them.

use super::outlet::{MessageOutlet, Outlet};
use crate::client::{Client, Token};
use crate::lazyfree::Garbage;
use crate::mailboxes::ClientMessage;
use crate::propagate::Scene;
use crate::server::Server;
use crate::shared::SharedState;
use crate::table::CommandId;
use crate::worker_state::WorkerState;
use ochre_engine::keyspace::{ClientId, DbIndex, ExpiryMode, Held, Key, Keys, Shard, View, World};
use ochre_resp::request::Args;
use rand::rngs::SmallRng;

/// The shards within reach.
pub enum ShardAccess<'a> {
    /// All of them.
    All(&'a mut World),
    /// Those whose locks are held.
    Held(Held<'a>),
}

impl ShardAccess<'_> {
    /// Hash and shard of a key.
    #[inline]
    pub fn locate<'k>(&self, key: &'k [u8]) -> Key<'k> {
        match self {
            ShardAccess::All(world) => world.locate(key),
            ShardAccess::Held(held) => held.locate(key),
        }
    }

    /// The shard of a key.
    pub fn shard_mut(&mut self, key: Key<'_>) -> &mut Shard {
        match self {
            ShardAccess::All(world) => world.shard_mut(key),
            ShardAccess::Held(held) => held.shard_mut(key.shard()),
        }
    }

    /// Whether a shard was reached that is not held, since this was asked last.
    #[inline]
    pub fn take_out_of_reach(&mut self) -> bool {
        match self {
            ShardAccess::All(_) => false,
            ShardAccess::Held(held) => held.take_out_of_reach(),
        }
    }

    /// A view of the keys.
    #[inline]
    pub fn keys<'a>(&'a mut self, view: View<'a>) -> Keys<'a> {
        match self {
            ShardAccess::All(world) => Keys::new(world, view),
            ShardAccess::Held(held) => Keys::locked(held, view),
        }
    }
}

/// What a command works on besides its client.
pub struct ExecContext<'a> {
    /// The shards within reach.
    pub shards: ShardAccess<'a>,
    /// What all workers see.
    pub shared: &'a SharedState,
    /// What becomes of keys whose time has come.
    pub expiry: ExpiryMode,
    /// Memory does not suffice, and nothing can be evicted: commands that need more are refused.
    pub lacks_memory: bool,
    /// More than the form of a call has to be checked.
    pub must_look_closely: bool,
    /// The worker's own.
    pub state: &'a mut WorkerState,
    /// Where the log and messages to clients go.
    pub outlet: Outlet<'a>,
}

impl<'a> ExecContext<'a> {
    /// Hands the client in hand, which has just ended subscriptions, the messages that were on their way to it.
    pub fn open_outstanding(&mut self, client: &mut Client) {
        self.outlet.take_back(client).into_iter().for_each(|message| _ = message.open(client));
    }

    /// A view of database 0 and randomness, for work that no client asked for.
    pub fn background(&mut self) -> (Keys<'_>, &mut SmallRng) {
        let ExecContext { shards, shared, state, .. } = self;
        let (view, rng) = state.background(&shared.settings);
        (shards.keys(view), rng)
    }

    /// Looks at all shards, one after the other.
    pub fn each_shard(&mut self, mut look: impl FnMut(&Shard)) {
        match &mut self.shards {
            ShardAccess::All(world) => world.view().shards().for_each(look),
            ShardAccess::Held(held) => (0..held.world_shards()).for_each(|shard| look(held.visit(shard))),
        }
    }

    /// Carries out effects that no client caused, while their shards are held. `lazy` is whether keys that went are to
    /// be freed in the background elsewhere, too.
    pub fn settle_background(&mut self, lazy: bool) {
        let now = self.state.now();
        let WorkerState { fx, journal, .. } = &mut *self.state;
        if fx.is_quiet() {
            return;
        }
        if fx.propagates && !fx.gone.is_empty() {
            journal.record_gone(fx, lazy, self.shared.settings.level, now.seconds());
        }
        self.deliver();
        self.serve_ready();
    }

    /// Shows a command to those who see all of them.
    #[cold]
    pub fn show_monitors(&mut self, client: &Client, command: CommandId, args: Args<'_>) {
        let unix_us = self.state.clock.unix_us(self.state.tick);
        let (shared, messages) = (self.shared, self.messages());
        let entry = shared.commands.get(command);
        shared.monitors.show(client, unix_us, entry, args, &mut |message| messages.push(message));
    }

    /// The messages that were kept.
    pub fn into_messages(self) -> Vec<ClientMessage> {
        self.outlet.into_kept()
    }

    /// Logs what a command reported.
    #[inline(always)]
    pub fn log(&mut self, db: DbIndex, command: CommandId, args: Args<'_>) {
        if self.state.fx.propagates {
            let seconds = self.state.now().seconds();
            let (settings, command) = (&self.shared.settings, self.shared.commands.get(command));
            let WorkerState { fx, journal, .. } = &mut *self.state;
            journal.record(fx, Scene { db, command, settings, seconds }, args);
        }
    }

    /// Leaves what was logged where every worker finds it, before the shards are let go.
    #[inline]
    pub fn show_log(&mut self) {
        let WorkerState { journal, clock, tick, .. } = &mut *self.state;
        self.outlet.show_log(journal, || clock.unix_ms(*tick).seconds());
    }

    /// Where messages are put. What was logged is shown before.
    pub fn messages(&mut self) -> &mut MessageOutlet<'a> {
        let WorkerState { journal, clock, tick, .. } = &mut *self.state;
        self.outlet.messages(journal, || clock.unix_ms(*tick).seconds())
    }

    /// Does the rest of what a command reported, once that is logged.
    #[inline(always)]
    pub fn settle(&mut self) {
        let WorkerState { fx, stats, .. } = &mut *self.state;
        stats.changes.add(std::mem::take(&mut fx.dirty));
        stats.keyspace_hits.add(std::mem::take(&mut fx.stats.hits));
        stats.keyspace_misses.add(std::mem::take(&mut fx.stats.misses));
        if !fx.is_quiet() {
            self.deliver();
        }
    }

    /// Tells everybody concerned what a command did, and forgets it.
    #[cold]
    pub fn deliver(&mut self) {
        let now = self.state.now();
        let ExecContext { shards, shared, state, outlet, .. } = self;
        let messages = outlet.messages(&mut state.journal, || now.seconds());
        let (fx, stats) = (&mut state.fx, &state.stats);
        stats.expired_keys.add(std::mem::take(&mut fx.stats.expired));
        for (db, key) in fx.watched.drain(..) {
            let key = shards.locate(&key);
            shards.shard_mut(key).touch_watched(db, key, now, true);
        }
        let wanted = shared.settings.notify_keyspace_events;
        shared.pubsub.publish_events(wanted, &fx.events, &mut |message| messages.push(message));
        for ready in fx.ready.drain(..) {
            if !state.ready.contains(&ready) {
                state.ready.push_back(ready);
            }
        }
        fx.remarks.drain(..).for_each(|remark| stats.note(remark));
        let garbage = std::mem::take(&mut fx.garbage);
        if !garbage.is_empty() {
            shared.reaper.free(Garbage::Values(garbage));
        }
        fx.clear();
    }
}

impl Server {
    /// Does something over the context of the exclusive mode for no client.
    pub fn without_client<R>(&mut self, work: impl FnOnce(&mut ExecContext<'_>) -> R) -> R {
        let mut nobody = Client::new(ClientId(0), Token::NOWHERE, None, self.state.tick);
        self.with_context(&mut nobody, |context, _| work(context))
    }

    /// The context of the exclusive mode.
    #[inline]
    pub fn context(&mut self) -> ExecContext<'_> {
        let expiry = if self.shared.pause.is_on() { ExpiryMode::Hide } else { ExpiryMode::Delete };
        ExecContext {
            shards: ShardAccess::All(&mut self.world),
            shared: &self.shared,
            expiry,
            lacks_memory: false,
            must_look_closely: self.shared.limits_clients_memory(),
            state: &mut self.state,
            outlet: Outlet::alone(),
        }
    }

    /// Does something over the context while a client is in hand, and hands over the messages that it made.
    #[inline]
    pub fn with_context<R>(
        &mut self,
        in_hand: &mut Client,
        work: impl FnOnce(&mut ExecContext<'_>, &mut Client) -> R,
    ) -> R {
        let mut context = self.context();
        let done = work(&mut context, in_hand);
        let messages = context.into_messages();
        if !messages.is_empty() {
            self.deliver_beside(in_hand, messages);
        }
        done
    }
}
