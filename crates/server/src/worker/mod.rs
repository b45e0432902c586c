//! The worker: one thread, its event loop, its connections. There are `io-threads` of them.
//!
//! Workers are in the shared mode while they work (see [`handle`]), and out of it while they sleep. The
//! first one also accepts connections and hands them to the worker with the fewest, takes signals
//! and runs the timers that concern everybody.
//!
//! A turn of the loop, in this order (edge cases of Redis depend on it):
//! 1. before waiting: clients that may go on, replies, closing;
//! 2. wait for sockets or the next timer;
//! 3. read and parse every ready client, some at a time; prefetch what their commands will
//!    touch; execute;
//! 4. accept, then timers (cron).
//!
//! Sockets are registered once, edge-triggered in both directions: what is not drained is remembered
//! in the `again` list. Events are sorted by the [`Endpoint`] they are about.

mod accept;
mod batch;
mod batch_executor;
mod chores;
mod cron;
mod exclusive_mode;
mod group;
mod handle;
mod meanwhile;
mod messages;
mod output;
mod parts;
mod queue;
mod scratch;
mod shared_mode;
mod start;
mod timers;
mod waiters;

pub use start::run;

use crate::client::{Client, Token};
use crate::clock::Tick;
use crate::config::AppendFsync;
use crate::mailboxes::Envelope;
use crate::net::Endpoint;
use crate::process::signals::Signals;
use handle::{WorkerHandle, WorkerView};
use mio::event::Event;
use mio::{Events, Poll};
use std::io;
use std::time::Duration;
use timers::{Timer, Timers};

/// The cron's timer is always armed, so this is never waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The event loop.
struct Worker {
    handle: WorkerHandle,
    poll: Poll,
    /// What the first worker gets: signals, new connections and timers are its concern.
    signals: Option<Signals>,
    /// Clients whose sockets may have more to read.
    again: Vec<Token>,
    /// Clients to read in this turn.
    ready: Vec<Token>,
    /// Listeners with new connections.
    accepting: Vec<usize>,
    scratch: scratch::Scratch,
    /// Memory for messages on their way from the mailbox.
    messages: Vec<Envelope>,
    timers: Timers,
    /// It has no clients, and sleeps long.
    rests: bool,
    cron_turns: u64,
}

impl Worker {
    fn new(handle: WorkerHandle, poll: Poll, signals: Option<Signals>) -> Worker {
        Worker {
            handle,
            poll,
            signals,
            again: Vec::new(),
            ready: Vec::new(),
            accepting: Vec::new(),
            scratch: scratch::Scratch::default(),
            messages: Vec::new(),
            timers: Timers::default(),
            rests: false,
            cron_turns: 0,
        }
    }

    /// Runs until the server is shut down.
    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        self.handle.enter();
        self.timers.arm(Timer::Cron, Some(self.handle.state().tick));
        self.before_wait();
        while !self.handle.shared().shutdown {
            let timeout = self.timeout();
            let commands_before = self.commands_done();
            let started = self.take_events(&mut events, timeout)?;
            self.run_timers();
            self.before_wait();
            let commands = self.commands_done().saturating_sub(commands_before);
            let state = self.handle.state();
            state.stats.turned(state.clock.nanos(started, state.clock.tick()), commands);
        }
        if self.signals.is_some() {
            self.handle.exclusively(|server| server.flush_last_writes());
        }
        self.flush_log();
        self.flush_all();
        self.handle.leave();
        Ok(())
    }

    /// Commands that ran so far.
    fn commands_done(&mut self) -> u64 {
        self.handle.state().stats.commands_processed.get()
    }

    /// Asks the system for the time.
    fn start_turn(&mut self) -> Tick {
        let WorkerView { shared, state, .. } = self.handle.view();
        state.start_turn(&shared.settings);
        let started = state.tick;
        if self.handle.is_alone() {
            self.handle.exclusively(|server| server.start_turn());
        }
        started
    }

    /// Waits for sockets and serves them. Returns when the waiting ended.
    fn take_events(&mut self, events: &mut Events, timeout: Duration) -> io::Result<Tick> {
        self.handle.leave();
        let polled = self.poll.poll(events, Some(timeout));
        self.handle.enter();
        match polled {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        let started = self.start_turn();
        self.sort_events(events);
        self.run_ready();
        self.accept_waiting();
        Ok(started)
    }

    fn before_wait(&mut self) {
        self.deliver_messages();
        self.resume_unblocked();
        self.do_chores();
        self.flush_log();
        self.write_replies();
        self.close_clients();
    }

    /// What was done is written before anybody is told of it.
    fn flush_log(&mut self) {
        if self.handle.is_alone() {
            if self.handle.shared().writes_log() {
                self.handle.exclusively(|server| server.flush_aof_before_replies());
            }
            return;
        }
        if !self.handle.shared().has_unwritten_log() {
            return;
        }
        if self.handle.shared().config.persistence.appendfsync == AppendFsync::Always {
            self.handle.lend_permit();
        }
        let WorkerView { shared, state, .. } = self.handle.view();
        let started = state.clock.tick();
        shared.write_log(state);
        state.stats.aof_nanos.add(state.clock.nanos(started, state.clock.tick()));
    }

    /// A socket has room again. What it gets may be an answer that another worker gave in the exclusive mode since the
    /// log was written: then it goes out when that is written.
    fn write_more(&mut self, token: Token) {
        if !self.handle.is_alone() && self.handle.shared().has_unwritten_log() {
            let clients = self.handle.clients();
            if clients.get_mut(token).is_some_and(Client::owes_write) {
                clients.pending_writes.push(token);
            }
            return;
        }
        self.write_client(token);
    }

    /// Accepts last, and after closing: who has left makes room under `maxclients`.
    fn accept_waiting(&mut self) {
        if self.accepting.is_empty() || self.handle.shared().shutdown {
            return;
        }
        self.close_clients();
        for listener in std::mem::take(&mut self.accepting) {
            self.accept(listener);
        }
    }

    fn timeout(&mut self) -> Duration {
        let evicts_on = self.evicts_on();
        let shared = self.handle.shared();
        if !self.again.is_empty()
            || evicts_on
            || shared.mailboxes.waits_for(self.handle.me())
            || self.handle.clients().has_work()
        {
            return Duration::ZERO;
        }
        let now = self.handle.state().clock.tick();
        self.arm_timers(now);
        self.timers.poll_timeout(now, LONGEST_WAIT)
    }

    fn sort_events(&mut self, events: &Events) {
        std::mem::swap(&mut self.ready, &mut self.again);
        self.again.clear();
        for event in events {
            match Endpoint::unpack(event.token()) {
                Some(Endpoint::Client(place)) => self.sort_client(Token::new(self.handle.me(), place), event),
                Some(Endpoint::Listener(number)) => self.accepting.push(number),
                Some(Endpoint::Signals) => self.take_signals(),
                // What was left to do is looked for in each turn.
                Some(Endpoint::Waker) | None => {}
            }
        }
    }

    /// The socket of a client has room, or something to read, or both.
    #[inline]
    fn sort_client(&mut self, token: Token, event: &Event) {
        if event.is_writable() {
            self.write_more(token);
        }
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            self.ready.push(token);
        }
        if event.is_read_closed() {
            // The end arrived together with data and is not reported again: one more read finds it.
            self.again.push(token);
        }
    }

    fn take_signals(&mut self) {
        if let Some(signals) = &mut self.signals {
            signals.drain();
            self.handle.exclusively(|server| server.on_signal());
        }
    }
}
