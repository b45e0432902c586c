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
//! In the shared mode a worker sees [`Common`], which lets out what is only changed in the exclusive
//! mode, shards through their locks, and the worker's own [`ClientSet`] and [`Desk`]. With one worker both
//! modes cost nothing, and commands always run exclusively.
#![allow(unsafe_code)]

use super::common::Common;
use crate::client::{Client, ClientSet};
use crate::server::{Desk, Server};
use crate::table::CommandId;
use mio::Waker;
use ochre_resp::request::Args;
use ochre_sync::{Exclusive, Own, Shared, World};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Something a worker holds for as long as its thread runs.
pub struct WorkerHandle {
    process: &'static World<Server>,
    me: usize,
    wakers: Arc<[Waker]>,
    shared: Option<Shared<'static, Server>>,
    sole: Option<Exclusive<'static, Server>>,
    /// Commands may run in the shared mode, as far as the state of the server is concerned.
    is_unrestricted: bool,
}

impl WorkerHandle {
    /// The handle of worker `me`.
    ///
    /// # Safety
    /// There is one handle for each number, and it stays on one thread.
    pub unsafe fn new(process: &'static World<Server>, me: usize, wakers: Arc<[Waker]>) -> WorkerHandle {
        WorkerHandle { process, me, wakers, shared: None, sole: None, is_unrestricted: false }
    }

    /// The number of this worker.
    pub fn me(&self) -> usize {
        self.me
    }

    /// True if there is no other worker.
    #[inline]
    pub fn is_alone(&self) -> bool {
        self.process.workers() == 1
    }

    /// Enters the shared mode.
    pub fn enter(&mut self) {
        self.shared = None;
        if let Some(mut server) = self.sole.take()
            && !self.is_alone()
        {
            server.give_log();
        }
        // SAFETY: this is the one handle of this number, and it is out.
        self.shared = Some(unsafe { self.process.shared(self.me) });
        if !self.is_alone() {
            self.is_unrestricted = self.server().is_unrestricted();
            // Whoever was waited for may have taken long.
            let lane = &mut self.desk().lane;
            lane.tick = lane.clock.tick();
        }
    }

    /// Leaves it, to sleep.
    pub fn leave(&mut self) {
        self.shared = None;
        // SAFETY: this is the one handle of this number.
        unsafe { self.process.rest(self.me) };
    }

    /// Lets somebody else work while this worker waits for the disk, to the end of its turn. It stays in the shared mode.
    pub fn lend_permit(&mut self) {
        // SAFETY: this is the one handle of this number.
        unsafe { self.process.rest(self.me) };
    }

    /// Enters the exclusive mode until [`WorkerHandle::enter`]: for loading, which takes long and lets others
    /// work now and then.
    pub fn sole(&mut self) -> &mut Server {
        self.shared = None;
        let process = self.process;
        self.sole.get_or_insert_with(|| {
            // SAFETY: this thread is a worker, and it holds no other guard.
            let mut server = unsafe { process.exclusive() };
            server.catch_up();
            server
        })
    }

    /// Tells whether somebody waits, while the handle is borrowed.
    pub fn calls(&self) -> Calls {
        Calls { process: self.process, me: self.me, _stays: PhantomData }
    }

    /// Lets somebody pass who waits for the exclusive mode. The end of a batch.
    #[inline]
    pub fn step_aside(&mut self) {
        // SAFETY: this is the one handle of this number.
        if !self.is_alone() && unsafe { self.process.is_wanted(self.me) } {
            self.enter();
        }
    }

    #[inline]
    fn server(&self) -> &Server {
        self.shared.as_ref().expect("a worker is in the shared mode while it works")
    }

    /// True if commands may run in the shared mode. Since this one was entered writing the log may have failed, or a
    /// mailbox become too full.
    #[inline]
    pub fn shares_commands(&self) -> bool {
        self.is_unrestricted
            && !self.server().persistence.aof.has_failed()
            && !self.server().mailboxes.is_crowded()
    }

    /// What all workers see.
    #[inline]
    pub fn common(&self) -> Common<'_> {
        Common { server: self.server(), me: self.me }
    }

    /// Marks a client of this worker that has too much unsent output.
    pub fn check_output_limit(&mut self, client: &mut Client) {
        let (common, _, desk) = self.split();
        common.setup().exceeds_output_limit(client, &desk.stats, desk.lane.tick);
    }

    /// Notes a command of this worker that took long.
    #[cold]
    pub fn note_slow(&mut self, client: &Client, command: CommandId, args: Args<'_>, nanos: u64) {
        let (common, _, desk) = self.split();
        let seconds = desk.lane.clock.unix_ms(desk.lane.tick).seconds();
        common.notes().command(common.setup(), client, command, args, nanos, seconds);
    }

    /// The clients of this worker.
    #[inline]
    pub fn clients(&mut self) -> &mut ClientSet {
        self.split().1
    }

    /// The desk of this worker.
    #[inline]
    pub fn desk(&mut self) -> &mut Desk {
        self.split().2
    }

    /// What all workers see, and what belongs to this one.
    #[inline]
    pub fn split(&mut self) -> (Common<'_>, &mut ClientSet, &mut Desk) {
        let server = self.server();
        let (clients, desk): (&Own<ClientSet>, &Own<Desk>) =
            (&server.clients.sets()[self.me], &server.desks[self.me]);
        // SAFETY: they are those of this worker, which is in the shared mode, and this handle is
        // borrowed mutably as long as the references live.
        unsafe { (Common { server, me: self.me }, clients.of_this_worker(), desk.of_this_worker()) }
    }

    /// Does something in the exclusive mode.
    pub fn exclusively<R>(&mut self, work: impl FnOnce(&mut Server) -> R) -> R {
        if self.is_alone() {
            self.shared = None;
            // SAFETY: this thread is the only worker, and it holds no other guard.
            let mut server = unsafe { self.process.exclusive() };
            let done = work(&mut server);
            drop(server);
            self.enter();
            return done;
        }
        self.exclusively_among_others(work)
    }

    /// Does something in the exclusive mode while a client is in hand. It is in its place whenever another
    /// worker may have the exclusive mode, so that everybody who looks for it finds it.
    pub fn exclusively_with<R>(
        &mut self,
        hand: &mut InHand,
        work: impl FnOnce(&mut Server, &mut Client) -> R,
    ) -> R {
        if self.is_alone() {
            return self.exclusively(|server| work(server, hand));
        }
        const STAYS: &str = "only its own worker takes a client out of its place for good";
        let token = hand.token;
        let clients = self.clients();
        hand.0.take().into_iter().for_each(|client| clients.put_back(client));
        let done = self.exclusively(|server| {
            let mut client = server.clients.take(token).expect(STAYS);
            let done = work(server, &mut client);
            server.clients.put_back(client);
            done
        });
        hand.0 = Some(self.clients().take(token).expect(STAYS));
        done
    }

    fn exclusively_among_others<R>(&mut self, work: impl FnOnce(&mut Server) -> R) -> R {
        let asked = self.desk().lane.clock.tick();
        self.shared = None;
        // SAFETY: this thread is a worker, and it holds no other guard.
        let mut server = unsafe { self.process.exclusive() };
        server.start_turn();
        server.catch_up();
        let (here, got) = (self.me, server.lane.tick);
        let waited = server.lane.clock.nanos(asked, got);
        let done = work(&mut server);
        let held = server.lane.clock.nanos(got, server.lane.clock.tick());
        server.exclusive.note(waited, held);
        let stirred = server.clients.take_stirred() & !(1 << here);
        server.give_log();
        drop(server);
        for (_, waker) in self.wakers.iter().enumerate().filter(|(worker, _)| stirred >> worker & 1 == 1) {
            // A full pipe wakes just as well.
            let _ = waker.wake();
        }
        self.enter();
        done
    }
}

/// Tells a worker whether it should step aside. Stays on its thread, as the handle does.
#[derive(Clone, Copy)]
pub struct Calls {
    process: &'static World<Server>,
    me: usize,
    _stays: PhantomData<*const ()>,
}

impl Calls {
    /// True if somebody waits for the exclusive mode, or for a place.
    pub fn is_wanted(self) -> bool {
        // SAFETY: it was made by the one handle of this number, on its thread, which it cannot leave.
        unsafe { self.process.is_wanted(self.me) }
    }
}

/// A client that its worker has taken out of its place to work for it.
pub struct InHand(Option<Box<Client>>);

impl InHand {
    /// Takes a client in hand.
    pub fn new(client: Box<Client>) -> InHand {
        InHand(Some(client))
    }

    /// Puts it back into its place.
    pub fn put_back(self, clients: &mut ClientSet) {
        self.0.into_iter().for_each(|client| clients.put_back(client));
    }
}

impl Deref for InHand {
    type Target = Client;
    #[inline]
    fn deref(&self) -> &Client {
        self.0.as_deref().expect(IN_HAND)
    }
}

impl DerefMut for InHand {
    #[inline]
    fn deref_mut(&mut self) -> &mut Client {
        self.0.as_deref_mut().expect(IN_HAND)
    }
}

const IN_HAND: &str = "it leaves the hand only inside of exclusively_with";
