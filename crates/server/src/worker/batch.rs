//! From ready sockets to executed commands, some clients at a time.
//!
//! Reading first and executing later lets the lookups of many commands overlap: a *window* is the
//! commands of one or several clients, about [`WINDOW`] of them. For all of a window the command
//! is looked up, its first key hashed and its bucket prefetched; then the entries are prefetched;
//! then the commands run, in the order of arrival per client. Prefetching changes nothing but
//! speed: each command looks its keys up for itself.

use super::Worker;
use super::handle::{WorkerHandle, WorkerView};
use super::queue::Queue;
use super::shared_mode::may_share;
use crate::client::{Client, Flags, PendingInput, Token};
use crate::exec::{Plan, Progress};
use crate::in_hand::InHand;
use crate::server::Server;
use crate::table::CommandTable;
use ochre_engine::keyspace::{DbIndex, Key, Locks, WorldView};
use std::io;

/// States of a client in which its input stays where it is.
const RESTS: Flags =
    Flags::BLOCKED.union(Flags::PAUSED).union(Flags::CLOSE_AFTER_REPLY).union(Flags::CLOSE_ASAP);

/// Commands per window.
const WINDOW: usize = 64;

impl Worker {
    /// Serves all clients in `ready`.
    pub(super) fn run_ready(&mut self) {
        let mut ready = std::mem::take(&mut self.ready);
        let mut planned = 0;
        for token in ready.drain(..) {
            let Some(client) = self.handle.clients().take(token) else { continue };
            let mut client = InHand::new(client);
            if self.read_client(&mut client) {
                planned += client.pending.as_ref().map_or(0, |pending| pending.batch.len());
                self.scratch.window.push((token, 0));
            }
            self.handle.clients().put_back_in_hand(client);
            if planned >= WINDOW {
                self.run_window();
                self.handle.step_aside();
                planned = 0;
            }
        }
        self.run_window();
        self.ready = ready;
    }

    /// Lets clients go on whose waiting ended.
    pub(super) fn resume_unblocked(&mut self) {
        for token in std::mem::take(&mut self.handle.clients().unblocked) {
            let Some(client) = self.handle.clients().take(token) else { continue };
            if client.flags.intersects(RESTS) {
                self.handle.clients().put_back(client);
                continue;
            }
            let mut client = InHand::new(client);
            self.parse_client(&mut client);
            self.handle.clients().put_back_in_hand(client);
            self.scratch.window.push((token, 0));
            self.run_window();
        }
    }

    /// Reads what the socket has and parses it. True if there are commands to run.
    fn read_client(&mut self, client: &mut InHand<Client>) -> bool {
        let Some(mut socket) = client.socket.take() else { return false };
        let outcome = self.read_socket(client, &mut socket);
        client.socket = Some(socket);
        match outcome {
            Ok(true) => self.again.push(client.token),
            Ok(false) => {}
            Err(_) => {
                self.handle.clients().close(client);
                return false;
            }
        }
        if client.flags.intersects(RESTS) {
            return false;
        }
        self.parse_client(client)
    }

    /// One read. `Ok(true)`: there may be more; an error: the connection is over.
    fn read_socket(&mut self, client: &mut Client, socket: &mut crate::net::Socket) -> io::Result<bool> {
        let read = if let Some(large) = client.parser.large() {
            large.read_from(socket, LARGE_READ).map(|n| (n, n > 0))
        } else {
            if client.query.is_unallocated() {
                client.query.lend(self.scratch.inputs.pop().unwrap_or_default());
            }
            client.query.read_from(socket)
        };
        let (n, more) = match read {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => (usize::MAX, false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
            Err(error) => return Err(error),
        };
        match n {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            usize::MAX => Ok(false),
            n => {
                let WorkerView { shared, state, .. } = self.handle.view();
                client.last_interaction = state.tick;
                client.input_buffer.note(client.input_bytes());
                client.traffic.0 += n as u64;
                state.stats.net_input_bytes.add(n as u64);
                state.stats.reads_processed.add(1);
                if shared.exceeds_input_limit(client, state.tick) {
                    return Err(io::ErrorKind::OutOfMemory.into());
                }
                Ok(more)
            }
        }
    }

    /// Parses what has arrived, unless parsed commands wait. True if there are commands to run.
    fn parse_client(&mut self, client: &mut InHand<Client>) -> bool {
        if client.pending.is_some() {
            return true;
        }
        let mut pending = self.scratch.batches.pop().unwrap_or_default();
        let limits = self.handle.shared().request_limits(client, WINDOW * 2);
        let read = client.query.len();
        let Client { parser, query, .. } = &mut **client;
        match parser.parse(query.bytes(), &limits, &mut pending.batch) {
            Ok(progress) => {
                pending.consumed = progress.consumed;
                pending.parsed = if progress.more { progress.consumed } else { read };
            }
            Err(error) => {
                pending.consumed = read;
                pending.parsed = read;
                pending.fault = Some(error);
            }
        }
        if pending.batch.is_empty() {
            self.answer_fault(client, &mut pending);
            client.query.consume(pending.consumed);
            self.scratch.give_batch(pending);
            self.settle(client);
            return false;
        }
        client.pending = Some(pending);
        true
    }

    /// Runs the commands of the clients in the window.
    fn run_window(&mut self) {
        // What happened before these commands were sent comes before their replies.
        self.deliver_messages();
        let mut window = std::mem::take(&mut self.scratch.window);
        let mut plan = std::mem::take(&mut self.scratch.plan);
        plan.clear();
        self.handle.plan(&mut window, &mut plan);
        let mut first = 0;
        for (token, count) in window.drain(..) {
            let own = first;
            first += count;
            // Clients before this one may have closed it, or run its commands already.
            let Some(client) = self.handle.clients().take(token) else { continue };
            let mut client = InHand::new(client);
            let ends = self.handle.shared().shutdown;
            if commands_of(&client) == count && !client.flags.intersects(RESTS) && !ends {
                self.run_client(&mut client, &plan, own);
            }
            self.handle.clients().put_back_in_hand(client);
        }
        self.scratch.window = window;
        self.scratch.plan = plan;
    }

    /// Runs the parsed commands of one client until they are done or it has to wait.
    fn run_client(&mut self, client: &mut InHand<Client>, plan: &Plan, first: usize) {
        let Some(mut pending) = client.pending.take() else { return };
        if client.output.is_empty() {
            let buffer = self.scratch.outputs.pop().unwrap_or_else(|| Vec::with_capacity(16 * 1024));
            if let Some(back) = client.output.give_buffer(buffer) {
                self.scratch.give_output(back);
            }
        }
        self.handle.shared().setup().limit_output(client);
        // The buffer leaves the client, so that arguments can be borrowed from it beside the client.
        let query = std::mem::take(&mut client.query);
        client.input_in_hand = query.len();
        self.run_commands(client, &mut pending, Queue { query: &query, plan, first });
        // What makes no sense is answered behind the reply that the client waits for.
        let waits = client.flags.contains(Flags::BLOCKED) && pending.fault.is_some();
        let done = pending.next >= pending.batch.len() && !waits;
        client.query = query;
        client.input_in_hand = 0;
        if done {
            self.answer_fault(client, &mut pending);
            if client.query.len() > pending.parsed {
                // More came while the client waited, or more than fits into a batch, and nothing else will look at it.
                self.handle.clients().unblocked.push(client.token);
            }
            client.query.consume(pending.consumed);
            self.scratch.give_batch(pending);
        } else {
            client.pending = Some(pending);
        }
        self.settle(client);
    }

    /// Answers what came behind the commands of a client and makes no sense, behind their replies, and ends the connection.
    fn answer_fault(&mut self, client: &mut Client, pending: &mut PendingInput) {
        let Some(error) = pending.fault.take() else { return };
        // Whatever has come since is not looked at.
        pending.parsed = client.query.len();
        pending.consumed = client.query.len();
        if client.flags.intersects(Flags::CLOSE_AFTER_REPLY | Flags::CLOSE_ASAP) {
            return;
        }
        let WorkerView { shared, state, .. } = self.handle.view();
        shared.setup().log_protocol_error(client, &error, state.tick);
        client.flags.insert(Flags::CLOSE_AFTER_REPLY);
        let mut text = b"ERR ".to_vec();
        text.extend_from_slice(&error.message());
        client.reply().error(text);
        state.stats.error_replies.add(1);
    }

    /// Runs commands, in the shared mode as far as they can, until they are done or the client has to
    /// wait. `queue` begins with the plan of the next one.
    fn run_commands(&mut self, client: &mut InHand<Client>, pending: &mut PendingInput, queue: Queue<'_>) {
        let handle = &mut self.handle;
        // A batch that was begun before has more behind it than the queue: the difference may be negative.
        let offset = queue.first.wrapping_sub(pending.next);
        // What comes after the end of the server must not be answered as if it had been kept.
        while pending.next < pending.batch.len() && !handle.shared().shutdown {
            let queue = Queue { first: offset.wrapping_add(pending.next), ..queue };
            let mut progress = Progress::Escalates;
            let args = pending.batch.args(pending.next, queue.query.bytes());
            if handle.may_share(client, queue.plan.get(queue.first), args) {
                progress = handle.run_group(client, pending, queue);
            }
            match progress {
                Progress::Done => {}
                Progress::Waits | Progress::Held => break,
                Progress::Escalates => {
                    let can_share = !handle.is_alone();
                    let queue = Queue { first: offset.wrapping_add(pending.next), ..queue };
                    let waits = handle.exclusively_with(client, |server, client| {
                        server.run_commands(client, pending, queue, |server, client, pending| {
                            let planned = || queue.plan.get(offset.wrapping_add(pending.next));
                            let args = || pending.batch.args(pending.next, queue.query.bytes());
                            can_share
                                && may_share(&server.shared, client, planned(), args())
                                && server.shared.is_unrestricted()
                        })
                    });
                    if waits {
                        break;
                    }
                    continue;
                }
            }
            if client.output.is_over_limit() {
                handle.check_output_limit(client);
            }
            if client.flags.intersects(Flags::CLOSE_AFTER_REPLY | Flags::CLOSE_ASAP) {
                pending.next = pending.batch.len();
            }
        }
    }

    /// Gives back what a client no longer needs and notes its replies.
    fn settle(&mut self, client: &mut InHand<Client>) {
        if let Some(buffer) = client.query.give_back() {
            self.scratch.give_input(buffer);
        }
        if self.handle.shared().limits_clients_memory() {
            self.handle.clients().count().account(client);
        }
        if let Some(announced) = client.parser.large_len() {
            client.input_buffer.note(announced);
        }
        if client.flags.contains(Flags::CLOSE_ASAP) {
            // Nobody may find it any more, even in this turn.
            self.handle.clients().hide(client.id);
        }
        if client.output.is_empty() {
            if let Some(buffer) = client.output.take_buffer() {
                self.scratch.give_output(buffer);
            }
            if client.flags.intersects(Flags::CLOSE_AFTER_REPLY | Flags::CLOSE_ASAP) {
                self.handle.clients().close(client);
            }
        } else if client.owes_write() {
            self.handle.clients().pending_writes.push(client.token);
        }
    }
}

/// Bytes of a large argument read in one go.
const LARGE_READ: usize = 1024 * 1024;

fn commands_of(client: &Client) -> usize {
    client.pending.as_ref().map_or(0, |pending| pending.batch.len() - pending.next)
}

impl WorkerHandle {
    /// Looks the commands of a window up, hashes their keys, and begins to fetch what they touch: of the only worker that is
    /// buckets and entries; among others it has to wait for the locks, which are fetched instead.
    fn plan(&mut self, window: &mut [(Token, usize)], plan: &mut Plan) {
        if self.is_alone() {
            return self.exclusively(|server| server.plan_alone(window, plan));
        }
        let view = self.view();
        let ahead = Ahead::Locks(view.locks());
        for (token, count) in window {
            let client = view.clients.get(*token);
            *count = client.map_or(0, |client| plan_client(client, &view.shared.commands, ahead, plan));
        }
    }
}

impl Server {
    fn plan_alone(&mut self, window: &mut [(Token, usize)], plan: &mut Plan) {
        let world = self.world.view();
        for (token, count) in &mut *window {
            let client = self.clients.get_mut(*token);
            *count = client
                .map_or(0, |client| plan_client(client, &self.shared.commands, Ahead::Buckets(world), plan));
        }
        if plan.len() < 2 {
            return;
        }
        let mut first = 0;
        for (token, count) in window {
            let hashes = plan.fetched(first, first + *count);
            first += *count;
            let Some(client) = self.clients.get_mut(*token) else { continue };
            hashes.iter().for_each(|hash| world.prefetch_entry(client.db, *hash));
        }
    }
}

/// What is fetched as soon as keys are hashed.
#[derive(Clone, Copy)]
enum Ahead<'a> {
    Buckets(WorldView<'a>),
    Locks(Locks<'a>),
}

impl Ahead<'_> {
    #[inline]
    fn locate(self, key: &[u8]) -> Key<'_> {
        match self {
            Ahead::Buckets(world) => world.locate(key),
            Ahead::Locks(locks) => locks.locate(key),
        }
    }

    #[inline]
    fn fetch(self, db: DbIndex, key: Key<'_>) {
        match self {
            Ahead::Buckets(world) => world.prefetch_bucket(db, key),
            Ahead::Locks(locks) => locks.approach(key.hash),
        }
    }
}

/// Plans the commands of a client that are to be run. Returns how many.
// One copy for both modes.
#[inline(never)]
fn plan_client(client: &Client, commands: &CommandTable, ahead: Ahead<'_>, plan: &mut Plan) -> usize {
    let Some(pending) = &client.pending else { return 0 };
    for at in pending.next..pending.batch.len() {
        let args = pending.batch.args(at, client.query.bytes());
        plan.push(commands, args, |key| ahead.locate(key), |key| ahead.fetch(client.db, key));
    }
    pending.batch.len() - pending.next
}
