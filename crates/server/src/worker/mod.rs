//! The worker: one thread, its event loop, its connections.
//!
//! A turn of the loop, in this order (edge cases of Redis depend on it):
//! 1. before waiting: clients that may go on, replies, closing;
//! 2. wait for sockets or the next timer;
//! 3. read and parse every ready client, some at a time; prefetch what their commands will
//!    touch; execute;
//! 4. accept, then timers (cron).
//!
//! Sockets are registered once, edge-triggered in both directions: what is not drained is
//! remembered in `Flags::READABLE` and the `again` list.

mod accept;
mod batch;
mod cron;
mod meanwhile;
mod output;

use crate::client::Token;
use crate::clock::Tick;
use crate::process::signals::Signals;
use crate::server::Server;
use mio::{Events, Interest, Poll};
use std::io;
use std::time::Duration;

/// First token of clients; listeners have the numbers below.
const FIRST_CLIENT: usize = 64;
/// The token of the pipe that signals write to.
const SIGNALS: usize = FIRST_CLIENT - 1;

/// The event loop.
pub struct Worker {
    /// The process, which this worker owns.
    pub server: Server,
    poll: Poll,
    signals: Signals,
    /// Clients whose sockets may have more to read.
    again: Vec<Token>,
    /// Clients to read in this turn.
    ready: Vec<Token>,
    /// Listeners with new connections.
    accepting: Vec<usize>,
    scratch: batch::Scratch,
    next_cron: u64,
    cron_turns: u64,
}

impl Worker {
    /// A worker whose server listens through this poll, and ends on these signals.
    pub fn new(server: Server, poll: Poll, mut signals: Signals) -> io::Result<Worker> {
        poll.registry().register(signals.source(), mio::Token(SIGNALS), Interest::READABLE)?;
        Ok(Worker {
            server,
            poll,
            signals,
            again: Vec::new(),
            ready: Vec::new(),
            accepting: Vec::new(),
            scratch: batch::Scratch::default(),
            next_cron: 0,
            cron_turns: 0,
        })
    }

    /// Runs until the server is shut down.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        self.before_wait();
        while !self.server.shutdown {
            let timeout = self.timeout();
            let commands_before = self.server.stats.commands_processed;
            let started = self.take_events(&mut events, timeout)?;
            self.run_cron();
            self.before_wait();
            let clock = &self.server.lane.clock;
            self.server.stats.turned(clock.nanos(started, clock.tick()), commands_before);
        }
        self.server.flush_last_writes();
        self.flush_all();
        Ok(())
    }

    /// Waits for sockets and serves them. Returns when the waiting ended.
    fn take_events(&mut self, events: &mut Events, timeout: Duration) -> io::Result<Tick> {
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        self.server.start_turn();
        let started = self.server.lane.tick;
        self.sort_events(events);
        self.run_ready();
        self.accept_waiting();
        Ok(started)
    }

    fn before_wait(&mut self) {
        self.server.evict_clients(None);
        self.resume_unblocked();
        self.server.fast_expire_cycle();
        if self.server.eviction.unfinished {
            self.server.evict();
        }
        self.server.flush_aof_before_replies();
        self.write_replies();
        self.close_clients();
    }

    /// Accepts last, and after closing: who has left makes room under `maxclients`.
    fn accept_waiting(&mut self) {
        if self.accepting.is_empty() {
            return;
        }
        self.close_clients();
        for listener in std::mem::take(&mut self.accepting) {
            self.accept(listener);
        }
    }

    fn timeout(&self) -> Duration {
        let busy = !self.again.is_empty()
            || !self.server.unblocked.is_empty()
            || !self.server.pending_writes.is_empty()
            || self.server.eviction.unfinished;
        if busy {
            return Duration::ZERO;
        }
        let now = self.server.lane.clock.now().0 as u64;
        let mut next = self.next_cron;
        if let Some(end) = self.server.pause.end() {
            next = next.min(end.0.max(0) as u64);
        }
        if let Some(deadline) = self.server.waiting.next_deadline() {
            next = next.min(deadline.0.max(0) as u64 + 1);
        }
        Duration::from_millis(next.saturating_sub(now))
    }

    fn sort_events(&mut self, events: &Events) {
        std::mem::swap(&mut self.ready, &mut self.again);
        self.again.clear();
        for event in events {
            let number = event.token().0;
            if number == SIGNALS {
                self.signals.drain();
                self.server.on_signal();
                continue;
            }
            if number < FIRST_CLIENT {
                self.accepting.push(number);
                continue;
            }
            let token = Token(number - FIRST_CLIENT);
            if event.is_writable() {
                self.write_client(token);
            }
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.ready.push(token);
            }
            if event.is_read_closed() {
                // The end arrived together with data and is not reported again: one more read finds it.
                self.again.push(token);
            }
        }
    }
}

/// The poll's name of a client.
fn poll_token(token: Token) -> mio::Token {
    mio::Token(token.0 + FIRST_CLIENT)
}
