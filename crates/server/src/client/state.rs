//! One connection: its socket, its unfinished input, its unsent replies, and its session state.
//!
//! An idle client holds no buffers: the worker lends memory for input and output while there is
//! something in it. Rare state (transaction, subscriptions, blocking) is boxed.

use super::buffers::{InputBuffer, OWN_OUTPUT, ReplyBuffer};
use super::token::Token;
use crate::clock::Tick;
use crate::net::{QueryBuffer, Socket};
use crate::pubsub::Subscriptions;
use crate::table::CommandId;
use crate::waiting::Wait;
use bitflags::bitflags;
use ochre_engine::keyspace::{ClientId, DbIndex, WatchFlag};
use ochre_resp::reply::{Mark, Output, Protocol, Reply};
use ochre_resp::request::{Args, Batch, OwnedArgs, Parser, ProtocolError};
use std::sync::Arc;

bitflags! {
    /// Properties of a client. They are bits, so that the checks in front of a command test several at once.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Flags: u32 {
        /// Inside MULTI.
        const MULTI = 1 << 0;
        /// A queued command was wrong: EXEC will refuse.
        const DIRTY_EXEC = 1 << 1;
        /// A watched key changed: EXEC will do nothing. For CLIENT LIST only; EXEC asks [`Client::is_broken`].
        const DIRTY_CAS = 1 << 2;
        /// Waits for a key.
        const BLOCKED = 1 << 3;
        /// Has subscriptions: RESP2 clients may only change them.
        const PUBSUB = 1 << 4;
        /// Closed when its replies are sent.
        const CLOSE_AFTER_REPLY = 1 << 5;
        /// Closed before the event loop waits again, without further replies.
        const CLOSE_ASAP = 1 << 6;
        /// Has to authenticate before it may run commands.
        const UNAUTHENTICATED = 1 << 7;
        /// Sees all commands (MONITOR).
        const MONITOR = 1 << 8;
        /// Not evicted for its memory (CLIENT NO-EVICT).
        const NO_EVICT = 1 << 9;
        /// Reads leave no trace in access clocks (CLIENT NO-TOUCH).
        const NO_TOUCH = 1 << 10;
        /// Connected through a unix socket.
        const UNIX = 1 << 11;
        /// Waits because of CLIENT PAUSE.
        const PAUSED = 1 << 12;
        /// Has no socket: runs commands for the server itself.
        const INTERNAL = 1 << 13;
        /// May not block: runs the commands of EXEC or of a log that is being loaded.
        const DENY_BLOCKING = 1 << 14;
        /// In the list of clients with unsent replies.
        const PENDING_WRITE = 1 << 15;
    }
}

/// Which replies a client wants (CLIENT REPLY).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplyMode {
    /// All replies.
    #[default]
    On,
    /// No replies.
    Off,
    /// No reply for the next command (CLIENT REPLY SKIP, while it runs itself).
    SkipNext,
    /// No reply for this command.
    Skip,
}

/// Bytes that a watched key costs, here and in its shard.
const WATCH_BYTES: usize = 96;

/// A transaction being queued.
#[derive(Default)]
pub struct Multi {
    /// The commands in order.
    pub commands: Vec<(CommandId, OwnedArgs)>,
    /// Bytes of memory of the queued arguments.
    bytes: usize,
}

impl Multi {
    /// Queues a command.
    pub fn push(&mut self, command: CommandId, args: OwnedArgs) {
        self.bytes += args.memory_bytes() + size_of::<(CommandId, OwnedArgs)>();
        self.commands.push((command, args));
    }

    /// Bytes of memory of the queue.
    pub fn memory(&self) -> usize {
        self.bytes
    }
}

/// The watched keys of a client (WATCH).
#[derive(Default)]
pub struct Watching {
    /// The keys.
    pub keys: Vec<(DbIndex, Box<[u8]>)>,
    /// Breaks when one of the keys changes. The shards of the keys hold clones of it.
    pub flag: WatchFlag,
}

/// Commands that were parsed and wait until their client may go on.
#[derive(Default)]
pub struct PendingInput {
    /// The commands.
    pub batch: Batch,
    /// The index of the command that runs next.
    pub next: usize,
    /// Bytes of the query buffer that belong to the batch.
    pub consumed: usize,
    /// Bytes that the query buffer had when it was parsed.
    pub parsed: usize,
    /// The protocol error in the input behind the commands, if there is one.
    pub fault: Option<ProtocolError>,
}

/// A connection.
pub struct Client {
    /// The number that CLIENT ID shows. No two clients of a run have the same.
    pub id: ClientId,
    /// Its address in the directory.
    pub token: Token,
    /// Its socket; `None` for internal clients.
    pub socket: Option<Socket>,
    /// Input that was not executed yet.
    pub query: QueryBuffer,
    /// The state of the parser, in case that a command has arrived in part.
    pub parser: Parser,
    /// Commands that were parsed and not run yet.
    pub pending: Option<Box<PendingInput>>,
    /// Replies that were not sent yet.
    pub output: Output,
    /// The figures of its input buffer for CLIENT LIST.
    pub input_buffer: InputBuffer,
    /// The figures of its reply buffer for CLIENT LIST.
    pub reply_buffer: ReplyBuffer,
    /// Messages that it sent to itself; they follow the reply of the command under way.
    pub late_pushes: Vec<u8>,
    /// The protocol of its replies.
    pub protocol: Protocol,
    /// The selected database.
    pub db: DbIndex,
    /// The properties.
    pub flags: Flags,
    /// The replies that it wants (CLIENT REPLY).
    pub reply_mode: ReplyMode,
    /// The transaction under way.
    pub multi: Option<Box<Multi>>,
    /// The watched keys.
    pub watching: Option<Box<Watching>>,
    /// The wait that it is in.
    pub blocked: Option<Arc<Wait>>,
    /// The subscribed channels and patterns.
    pub subscriptions: Option<Box<Subscriptions>>,
    /// The name (CLIENT SETNAME).
    pub name: Option<Box<[u8]>>,
    /// The name of its library (CLIENT SETINFO LIB-NAME).
    pub lib_name: Option<Box<[u8]>>,
    /// The version of its library (CLIENT SETINFO LIB-VER).
    pub lib_version: Option<Box<[u8]>>,
    /// The remote address as shown.
    pub address: Box<str>,
    /// The local address as shown.
    pub local_address: Box<str>,
    /// The time at which it connected.
    pub connected: Tick,
    /// The last time at which it sent something or was sent something.
    pub last_interaction: Tick,
    /// The last command that it ran.
    pub last_command: Option<CommandId>,
    /// The time since which its output exceeds the soft limit.
    pub soft_limit_since: Option<Tick>,
    /// Bytes of memory at the last accounting.
    pub accounted_memory: usize,
    /// Bytes of arguments of the command under way, if that is a command that may show them (CLIENT LIST).
    pub argv_bytes: usize,
    /// Bytes of input behind the command under way.
    pub input_in_hand: usize,
    /// Bytes received and bytes sent, in all.
    pub traffic: (u64, u64),
}

impl Client {
    /// A client in the state of a new connection.
    pub fn new(id: ClientId, token: Token, socket: Option<Socket>, now: Tick) -> Client {
        Client {
            id,
            token,
            socket,
            query: QueryBuffer::default(),
            parser: Parser::new(),
            pending: None,
            output: Output::new(),
            input_buffer: InputBuffer::default(),
            reply_buffer: ReplyBuffer::new(now),
            late_pushes: Vec::new(),
            protocol: Protocol::Resp2,
            db: DbIndex(0),
            flags: Flags::empty(),
            reply_mode: ReplyMode::On,
            multi: None,
            watching: None,
            blocked: None,
            subscriptions: None,
            name: None,
            lib_name: None,
            lib_version: None,
            address: "".into(),
            local_address: "".into(),
            connected: now,
            last_interaction: now,
            last_command: None,
            soft_limit_since: None,
            accounted_memory: 0,
            argv_bytes: 0,
            input_in_hand: 0,
            traffic: (0, 0),
        }
    }

    /// Notes unsent replies. True if the client has to be added to the list of clients with unsent replies.
    #[inline]
    pub fn owes_write(&mut self) -> bool {
        self.reply_buffer.note(self.output.len());
        let is_new = !self.output.is_empty() && !self.flags.contains(Flags::PENDING_WRITE);
        self.flags.set(Flags::PENDING_WRITE, is_new || self.flags.contains(Flags::PENDING_WRITE));
        is_new
    }

    /// Queues a command of a transaction and replies QUEUED.
    pub fn queue(&mut self, command: CommandId, args: Args<'_>) {
        self.multi.get_or_insert_default().push(command, args.to_owned_args());
        self.reply().simple("QUEUED");
    }

    /// Whether a watched key has changed.
    pub fn is_broken(&self) -> bool {
        self.watching.as_ref().is_some_and(|watching| watching.flag.is_broken())
    }

    /// A writer of replies in the client's protocol.
    #[inline]
    pub fn reply(&mut self) -> Reply<'_> {
        Reply::new(&mut self.output, self.protocol)
    }

    /// Ends the reply of a command, which began at `mark`: withdraws the reply if the client does not want it, and adds the
    /// messages that the client sent to itself.
    #[inline(always)]
    pub fn end_reply(&mut self, mark: Mark) {
        if self.reply_mode != ReplyMode::On || !self.late_pushes.is_empty() {
            self.end_odd_reply(mark);
        }
    }

    #[cold]
    fn end_odd_reply(&mut self, mark: Mark) {
        match self.reply_mode {
            ReplyMode::On => {}
            ReplyMode::SkipNext => self.reply_mode = ReplyMode::Skip,
            ReplyMode::Off => self.output.rollback(mark),
            ReplyMode::Skip => {
                self.output.rollback(mark);
                self.reply_mode = ReplyMode::On;
            }
        }
        if !self.late_pushes.is_empty() {
            self.output.append(&std::mem::take(&mut self.late_pushes));
        }
    }

    /// Bytes of memory that the client costs: structure, input, output, transaction, subscriptions. Buffers that are lent
    /// do not count.
    pub fn memory(&self) -> usize {
        size_of::<Client>()
            + if self.holds_input() { self.query.capacity() } else { 0 }
            + self.parser.memory_bytes()
            + if self.output.len() > OWN_OUTPUT { self.output.len() } else { 0 }
            + self.pending.as_ref().map_or(0, |pending| pending.batch.memory_bytes())
            + self.multi_memory()
            + self.watching.as_ref().map_or(0, |watching| watching.keys.len() * WATCH_BYTES)
            + self.subscriptions.as_ref().map_or(0, |subs| subs.memory())
    }

    /// Whether the input buffer has bytes in it that are still needed.
    fn holds_input(&self) -> bool {
        self.query.len() > 0 && self.parser.large_arrived().is_none()
    }

    /// Bytes of the queued transaction.
    pub fn multi_memory(&self) -> usize {
        self.multi.as_ref().map_or(0, |multi| multi.memory())
    }
}
