//! A worker's access to the process: in the shared mode most of the time, in the exclusive mode
//! when a command asks for it.
//!
//! ```text
//!          poll returns                       before the next poll
//! out ─────── enter ───> shared ──────────────── leave ───> out
//!                          │  ▲
//!             exclusively  ▼  │   (the end of this worker's batch for all others)
//!                        exclusive
//! ```
//! In the shared mode a worker sees [`SharedState`], the shards through their locks, and its own [`ClientSet`] and
//! [`WorkerState`]. With one worker both modes cost nothing, and commands always run exclusively.

use crate::client::{Client, ClientSet};
use crate::exec::{ExecContext, Outlet, ShardAccess};
use crate::in_hand::InHand;
use crate::server::Server;
use crate::shared::SharedState;
use crate::table::CommandId;
use crate::worker_state::WorkerState;
use mio::Waker;
use ochre_engine::keyspace::{ExpiryMode, Held, LockSet, Locks, World};
use ochre_resp::request::Args;
use ochre_sync::{ModeHandle, ModeWatch};
use std::sync::Arc;

/// A worker's access to the process.
pub struct WorkerHandle {
    process: ModeHandle<Server>,
    wakers: Arc<[Waker]>,
    /// Memory for what this worker locks.
    locking: LockMemory,
    /// Commands may run in the shared mode, as far as the state of the server is concerned.
    is_unrestricted: bool,
}

impl WorkerHandle {
    /// The handle of a worker, which can wake all workers.
    pub fn new(process: ModeHandle<Server>, wakers: Arc<[Waker]>) -> WorkerHandle {
        WorkerHandle { process, wakers, locking: LockMemory::default(), is_unrestricted: false }
    }

    /// The number of this worker.
    #[inline]
    pub fn me(&self) -> usize {
        self.process.me()
    }

    /// True if there is no other worker.
    #[inline]
    pub fn is_alone(&self) -> bool {
        self.process.is_alone()
    }

    /// Enters the shared mode.
    pub fn enter(&mut self) {
        if self.process.is_exclusive() {
            self.leave_exclusive_mode();
        }
        self.process.enter_shared();
        if !self.is_alone() {
            self.is_unrestricted = self.shared().is_unrestricted();
            // Waiting for another worker may have taken long.
            let state = self.state();
            state.tick = state.clock.tick();
        }
    }

    /// Takes what belongs to this worker out of the server.
    fn leave_exclusive_mode(&mut self) {
        let is_alone = self.is_alone();
        let server = self.process.exclusive();
        if !is_alone {
            server.give_log();
        }
        server.give_state();
    }

    /// Leaves the shared mode, to sleep.
    pub fn leave(&mut self) {
        self.process.leave();
        self.process.lend_permit();
    }

    /// Lets another worker run while this one waits for the disk, to the end of its turn. It stays in the shared mode.
    pub fn lend_permit(&mut self) {
        self.process.lend_permit();
    }

    /// Enters the exclusive mode until [`WorkerHandle::enter`]: for loading, which takes long and lets others
    /// work now and then.
    pub fn sole(&mut self) -> &mut Server {
        if self.process.is_exclusive() {
            return self.process.exclusive();
        }
        let (me, is_alone) = (self.me(), self.is_alone());
        let server = self.process.exclusive();
        server.take_state(me);
        if !is_alone {
            server.catch_up();
        }
        server
    }

    /// Tells whether another worker waits, while the handle is borrowed.
    pub fn calls(&self) -> ModeWatch<Server> {
        self.process.watch()
    }

    /// Lets a worker pass that waits for the exclusive mode. The end of a batch.
    #[inline]
    pub fn step_aside(&mut self) {
        if !self.is_alone() && self.process.is_wanted() {
            self.enter();
        }
    }

    /// True if commands may run in the shared mode. Since this one was entered writing the log may have failed, or a
    /// mailbox become too full.
    #[inline]
    pub fn shares_commands(&self) -> bool {
        let shared = self.shared();
        self.is_unrestricted && !shared.persistence.aof.has_failed() && !shared.mailboxes.is_crowded()
    }

    /// What all workers see.
    #[inline]
    pub fn shared(&self) -> &SharedState {
        &self.process.state().shared
    }

    /// Marks a client of this worker that has too much unsent output.
    pub fn check_output_limit(&mut self, client: &mut Client) {
        let WorkerView { shared, state, .. } = self.view();
        shared.setup().exceeds_output_limit(client, &state.stats, state.tick);
    }

    /// Notes a command of this worker that took long.
    #[cold]
    pub fn note_slow(&mut self, client: &Client, command: CommandId, args: Args<'_>, nanos: u64) {
        let WorkerView { shared, state, .. } = self.view();
        shared.notes.command(shared.setup(), client, command, args, nanos, state.now().seconds());
    }

    /// The clients of this worker.
    #[inline]
    pub fn clients(&mut self) -> &mut ClientSet {
        self.view().clients
    }

    /// The state of this worker.
    #[inline]
    pub fn state(&mut self) -> &mut WorkerState {
        self.view().state
    }

    /// What all workers see, and what belongs to this one.
    #[inline]
    pub fn view(&mut self) -> WorkerView<'_> {
        let me = self.me();
        let (server, clients, state) = self.process.parts();
        WorkerView {
            me,
            shared: &server.shared,
            world: &server.world,
            clients,
            state,
            locking: &mut self.locking,
        }
    }

    /// Does something in the exclusive mode.
    pub fn exclusively<R>(&mut self, work: impl FnOnce(&mut Server) -> R) -> R {
        if self.is_alone() {
            let me = self.me();
            let server = self.process.exclusive();
            server.take_state(me);
            let done = work(server);
            server.give_state();
            self.process.enter_shared();
            return done;
        }
        self.exclusively_among_others(work)
    }

    /// Does something in the exclusive mode while a client is in hand. It is in its place whenever another
    /// worker may have the exclusive mode, so that everybody who looks for it finds it.
    pub fn exclusively_with<R>(
        &mut self,
        hand: &mut InHand<Client>,
        work: impl FnOnce(&mut Server, &mut Client) -> R,
    ) -> R {
        if self.is_alone() {
            return self.exclusively(|server| work(server, hand));
        }
        const STAYS: &str = "only its own worker takes a client out of its place for good";
        let token = hand.token;
        let clients = self.clients();
        hand.take().into_iter().for_each(|client| clients.put_back(client));
        let done = self.exclusively(|server| {
            let mut client = server.clients.take(token).expect(STAYS);
            let done = work(server, &mut client);
            server.clients.put_back(client);
            done
        });
        hand.put(self.clients().take(token).expect(STAYS));
        done
    }

    fn exclusively_among_others<R>(&mut self, work: impl FnOnce(&mut Server) -> R) -> R {
        let (here, asked) = (self.me(), self.state().clock.tick());
        let server = self.process.exclusive();
        server.take_state(here);
        server.start_turn();
        server.catch_up();
        let got = server.state.tick;
        let waited = server.state.clock.nanos(asked, got);
        let done = work(server);
        let held = server.state.clock.nanos(got, server.state.clock.tick());
        server.shared.exclusive.note(waited, held);
        let stirred = server.clients.take_stirred() & !(1 << here);
        self.leave_exclusive_mode();
        self.process.leave();
        for (_, waker) in self.wakers.iter().enumerate().filter(|(worker, _)| stirred >> worker & 1 == 1) {
            // A full pipe wakes just as well.
            let _ = waker.wake();
        }
        self.enter();
        done
    }
}

/// What a worker in the shared mode works with.
pub(super) struct WorkerView<'a> {
    /// Number of the worker.
    pub me: usize,
    /// What all workers see.
    pub shared: &'a SharedState,
    /// The data.
    world: &'a World,
    /// The clients of the worker.
    pub clients: &'a mut ClientSet,
    /// Its state.
    pub state: &'a mut WorkerState,
    /// Memory for what it locks.
    pub locking: &'a mut LockMemory,
}

/// Memory for what a worker locks.
#[derive(Default)]
pub(super) struct LockMemory {
    /// The right to lock shards.
    pub shards: LockSet,
    /// Hashes of keys that were not planned.
    pub hashes: Vec<u64>,
}

impl<'a> WorkerView<'a> {
    /// The shards, through their locks.
    #[inline]
    pub fn locks(&self) -> Locks<'a> {
        self.world.locks()
    }

    /// The context of work that goes from shard to shard, with one locked at a time.
    pub fn roaming_context(self) -> ExecContext<'a> {
        let held = self.locks().roaming(&mut self.locking.shards);
        context(self.shared, held, ExpiryMode::Delete, self.state)
    }
}

/// The context of commands whose shards are held.
#[inline]
pub(super) fn context<'a>(
    shared: &'a SharedState,
    held: Held<'a>,
    expiry: ExpiryMode,
    state: &'a mut WorkerState,
) -> ExecContext<'a> {
    let outlet = Outlet::among_others(&shared.inbox, &shared.mailboxes);
    ExecContext {
        shards: ShardAccess::Held(held),
        shared,
        expiry,
        lacks_memory: false,
        must_look_closely: shared.limits_clients_memory(),
        state,
        outlet,
    }
}
