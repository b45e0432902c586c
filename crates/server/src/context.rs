//! The context: what a command works on besides its client, in either mode.
//!
//! ```text
//! exclusive   &mut Server ──> ExecContext { all shards,     messages kept and handed over at the end }
//! shared      WorkerHandle        ──> ExecContext { shards locked,  messages sent through mailboxes }
//! ```
//! Whatever a command sets off (broken transactions, events, clients that are served) is written once, over this, and does not
//! know in which mode it runs. In the shared mode the shards that it may reach are locked before: those of the
//! command's keys and of the commands of clients that wait for them.

mod outlet;

pub use outlet::{MessageOutlet, Outlet};

use crate::blocking::Waiting;
use crate::client::{Client, Token};
use crate::config::Config;
use crate::gate::Setup;
use crate::latency::Notes;
use crate::lazyfree::{Garbage, Reaper};
use crate::mailboxes::ClientMessage;
use crate::propagate::{Journal, Scene};
use crate::pubsub::{Exchange, Monitors};
use crate::server::{Lane, Server};
use crate::stats::Stats;
use crate::table::{CommandTable, Entry};
use ochre_engine::keyspace::{ClientId, DbIndex, ExpiryMode, Held, Key, Keys, Shard, View, World};
use ochre_engine::settings::Settings;
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
    pub fn shard(&self, key: Key<'_>) -> &Shard {
        match self {
            ShardAccess::All(world) => &world.shards()[key.shard()],
            ShardAccess::Held(held) => held.shard(key.shard()),
        }
    }

    /// The same, to be changed.
    pub fn shard_mut(&mut self, key: Key<'_>) -> &mut Shard {
        match self {
            ShardAccess::All(world) => world.shard_mut(key),
            ShardAccess::Held(held) => held.shard_mut(key.shard()),
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

/// What is only read, or has a lock of its own.
#[derive(Clone, Copy)]
pub struct Hall<'a> {
    /// All commands.
    pub commands: &'a CommandTable,
    /// What data commands need to know of the configuration.
    pub settings: &'a Settings,
    /// The configuration.
    pub config: &'a Config,
    /// What becomes of keys whose time has come.
    pub expiry: ExpiryMode,
    /// Frees large values.
    pub reaper: &'a Reaper,
    /// Who listens to what.
    pub pubsub: &'a Exchange,
    /// Who sees all commands.
    pub monitors: &'a Monitors,
    /// Who waits for what.
    pub waiting: &'a Waiting,
    /// What took long.
    pub notes: &'a Notes,
}

/// See the module.
pub struct ExecContext<'a> {
    /// The shards within reach.
    pub shards: ShardAccess<'a>,
    /// What is only read, or has a lock of its own.
    pub hall: Hall<'a>,
    /// The worker's lane.
    pub lane: &'a mut Lane,
    /// Counters.
    pub stats: &'a Stats,
    /// The log.
    pub journal: &'a mut Journal,
    /// Where the log and messages to clients go.
    pub outlet: Outlet<'a>,
}

impl<'a> Hall<'a> {
    /// How the server is set up.
    pub fn setup(&self) -> Setup<'a> {
        Setup { commands: self.commands, settings: self.settings, config: self.config }
    }
}

impl<'a> ExecContext<'a> {
    /// Hands the client in hand, which has just ended subscriptions, the messages that were on their way to it.
    pub fn open_outstanding(&mut self, client: &mut Client) {
        self.outlet.take_back(client).into_iter().for_each(|message| _ = message.open(client));
    }

    /// A view of database 0 and randomness, for work that no client asked for.
    pub fn background(&mut self) -> (Keys<'_>, &mut SmallRng) {
        let ExecContext { shards, hall, lane, .. } = self;
        let (view, rng) = lane.background(hall.settings);
        (shards.keys(view), rng)
    }

    /// Carries out effects that no client caused, while their shards are held.
    /// `lazy` is whether keys that went are to be freed in the background elsewhere, too.
    pub fn settle_background(&mut self, lazy: bool) {
        let fx = &mut self.lane.fx;
        if fx.is_quiet() {
            return;
        }
        if fx.propagates && !fx.gone.is_empty() {
            let seconds = self.lane.clock.unix_ms(self.lane.tick).seconds();
            self.journal.record_gone(fx, lazy, self.hall.settings.level, seconds);
        }
        self.deliver();
        self.serve_ready();
    }

    /// Shows a command to those who see all of them.
    #[cold]
    pub fn show_monitors(&mut self, client: &Client, command: &Entry, args: Args<'_>) {
        let unix_us = self.lane.clock.unix_us(self.lane.tick);
        let hall = self.hall;
        let messages = self.messages();
        hall.monitors.show(client, unix_us, command, args, &mut |message| messages.push(message));
    }

    /// The messages that were kept.
    pub fn into_messages(self) -> Vec<ClientMessage> {
        self.outlet.into_kept()
    }

    /// Logs what a command reported.
    #[inline(always)]
    pub fn log(&mut self, db: DbIndex, command: &Entry, args: Args<'_>) {
        let fx = &mut self.lane.fx;
        if fx.propagates {
            let seconds = self.lane.clock.unix_ms(self.lane.tick).seconds();
            let scene = Scene { db, command, settings: self.hall.settings, seconds };
            self.journal.record(fx, scene, args);
        }
    }

    /// Leaves what was logged where every worker finds it, before the shards are let go.
    #[inline]
    pub fn show_log(&mut self) {
        let lane = &*self.lane;
        self.outlet.show_log(self.journal, || lane.clock.unix_ms(lane.tick).seconds());
    }

    /// Where messages are put. What was logged is shown before.
    pub fn messages(&mut self) -> &mut MessageOutlet<'a> {
        let lane = &*self.lane;
        self.outlet.messages(self.journal, || lane.clock.unix_ms(lane.tick).seconds())
    }

    /// Does the rest of what a command reported, once that is logged.
    #[inline(always)]
    pub fn settle(&mut self) {
        let fx = &mut self.lane.fx;
        self.stats.dirty.add(std::mem::take(&mut fx.dirty));
        self.stats.keyspace_hits.add(std::mem::take(&mut fx.stats.hits));
        self.stats.keyspace_misses.add(std::mem::take(&mut fx.stats.misses));
        if !fx.is_quiet() {
            self.deliver();
        }
    }

    /// Tells everybody concerned what a command did, and forgets it.
    #[cold]
    pub fn deliver(&mut self) {
        let ExecContext { shards, hall, lane, stats, journal, outlet, .. } = self;
        let now = lane.clock.unix_ms(lane.tick);
        let messages = outlet.messages(journal, || now.seconds());
        let fx = &mut lane.fx;
        stats.expired_keys.add(std::mem::take(&mut fx.stats.expired));
        for (db, key) in fx.watched.drain(..) {
            let key = shards.locate(&key);
            shards.shard_mut(key).touch_watched(db, key, now, true);
        }
        let wanted = hall.settings.notify_keyspace_events;
        hall.pubsub.publish_events(wanted, &fx.events, &mut |message| messages.push(message));
        for ready in fx.ready.drain(..) {
            if !lane.ready.contains(&ready) {
                lane.ready.push_back(ready);
            }
        }
        fx.remarks.drain(..).for_each(|remark| stats.note(remark));
        let garbage = std::mem::take(&mut fx.garbage);
        if !garbage.is_empty() {
            hall.reaper.free(Garbage::Values(garbage));
        }
        fx.clear();
    }
}

impl Server {
    /// Does something on the context for no client.
    pub fn without_client<R>(&mut self, work: impl FnOnce(&mut ExecContext<'_>) -> R) -> R {
        let mut nobody = Client::new(ClientId(0), Token::NOWHERE, None, self.lane.tick);
        self.with_context(&mut nobody, |context, _| work(context))
    }

    /// The context of the exclusive mode.
    pub fn context(&mut self) -> ExecContext<'_> {
        let expiry = if self.pause.is_on() { ExpiryMode::Hide } else { ExpiryMode::Delete };
        ExecContext {
            shards: ShardAccess::All(&mut self.world),
            hall: Hall {
                commands: &self.commands,
                settings: &self.settings,
                config: &self.config,
                expiry,
                reaper: &self.reaper,
                pubsub: &self.pubsub,
                monitors: &self.monitors,
                waiting: &self.waiting,
                notes: &self.notes,
            },
            lane: &mut self.lane,
            stats: &self.stats,
            journal: &mut self.journal,
            outlet: Outlet::alone(),
        }
    }

    /// Does something on the context while a client is in hand, and hands its messages over.
    pub fn with_context<R>(
        &mut self,
        in_hand: &mut Client,
        work: impl FnOnce(&mut ExecContext<'_>, &mut Client) -> R,
    ) -> R {
        let mut context = self.context();
        let done = work(&mut context, in_hand);
        let messages = context.into_messages();
        self.hand_over_all(in_hand, messages);
        done
    }
}
