//! One connection: its socket, its unfinished input, its unsent replies, and its conversation.
//!
//! An idle client holds no buffers: input and output memory is lent by the worker while there is
//! something in it, and rare state (transaction, subscriptions, blocking) is boxed.

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
    /// Properties of a client that the dispatcher tests together.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Flags: u32 {
        /// Inside MULTI.
        const MULTI = 1 << 0;
        /// A queued command was wrong: EXEC will refuse.
        const DIRTY_EXEC = 1 << 1;
        /// A watched key changed: EXEC will do nothing. Only for showing: see [`Client::is_broken`].
        const DIRTY_CAS = 1 << 2;
        /// Waits for a key or for time to pass.
        const BLOCKED = 1 << 3;
        /// Has subscriptions: RESP2 clients may only change them.
        const PUBSUB = 1 << 4;
        /// To be closed when its replies are sent.
        const CLOSE_AFTER_REPLY = 1 << 5;
        /// To be closed as soon as it is safe.
        const CLOSE_ASAP = 1 << 6;
        /// Has not authenticated and has to.
        const UNAUTHENTICATED = 1 << 7;
        /// Sees all commands (MONITOR).
        const MONITOR = 1 << 8;
        /// Not evicted for its memory (CLIENT NO-EVICT).
        const NO_EVICT = 1 << 9;
        /// Its reads leave no trace in access clocks (CLIENT NO-TOUCH).
        const NO_TOUCH = 1 << 10;
        /// Connected through a unix socket.
        const UNIX = 1 << 11;
        /// Waits because of CLIENT PAUSE.
        const PAUSED = 1 << 12;
        /// Not on a socket: runs commands for the server itself.
        const INTERNAL = 1 << 13;
        /// Being executed by EXEC or a script: nested commands may not block.
        const DENY_BLOCKING = 1 << 14;
        /// In the list of clients with unsent replies.
        const PENDING_WRITE = 1 << 15;
    }
}

/// Which replies a client wants (CLIENT REPLY).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplyMode {
    /// All.
    #[default]
    On,
    /// None.
    Off,
    /// None for the command after this one.
    SkipNext,
    /// None for this command.
    Skip,
}

/// What a watched key costs, here and in its shard.
const WATCH_BYTES: usize = 96;

/// A transaction being queued.
#[derive(Default)]
pub struct Multi {
    /// The commands in order.
    pub commands: Vec<(CommandId, OwnedArgs)>,
    /// Bytes of memory of their arguments.
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

/// What a client watches.
#[derive(Default)]
pub struct Watching {
    /// The keys.
    pub keys: Vec<(DbIndex, Box<[u8]>)>,
    /// Breaks when one of them changes.
    pub flag: WatchFlag,
}

/// Commands that were parsed, but wait until their client may go on.
#[derive(Default)]
pub struct PendingInput {
    /// The commands.
    pub batch: Batch,
    /// The next one to run.
    pub next: usize,
    /// Bytes of the query buffer that belong to the batch.
    pub consumed: usize,
    /// Bytes of the query buffer that were there when it was parsed.
    pub parsed: usize,
    /// What follows the commands makes no sense.
    pub fault: Option<ProtocolError>,
}

/// A connection.
pub struct Client {
    /// The number that CLIENT ID shows.
    pub id: ClientId,
    /// Its place in the directory.
    pub token: Token,
    /// Its socket.
    pub socket: Option<Socket>,
    /// Input not executed yet.
    pub query: QueryBuffer,
    /// Knows where in the input a command goes on.
    pub parser: Parser,
    /// Commands parsed but not run.
    pub pending: Option<Box<PendingInput>>,
    /// Replies not sent.
    pub output: Output,
    /// What CLIENT LIST shows of its input buffer.
    pub input_buffer: InputBuffer,
    /// What CLIENT LIST shows of its reply buffer.
    pub reply_buffer: ReplyBuffer,
    /// Messages it sent to itself, to follow the reply of the command under way.
    pub late_pushes: Vec<u8>,
    /// The protocol it speaks.
    pub protocol: Protocol,
    /// Selected database.
    pub db: DbIndex,
    /// Properties.
    pub flags: Flags,
    /// Which replies it wants.
    pub reply_mode: ReplyMode,
    /// Transaction under way.
    pub multi: Option<Box<Multi>>,
    /// Keys watched.
    pub watching: Option<Box<Watching>>,
    /// What it waits for.
    pub blocked: Option<Arc<Wait>>,
    /// Channels and patterns.
    pub subscriptions: Option<Box<Subscriptions>>,
    /// CLIENT SETNAME.
    pub name: Option<Box<[u8]>>,
    /// CLIENT SETINFO LIB-NAME.
    pub lib_name: Option<Box<[u8]>>,
    /// CLIENT SETINFO LIB-VER.
    pub lib_version: Option<Box<[u8]>>,
    /// Remote address as shown.
    pub address: Box<str>,
    /// Local address as shown.
    pub local_address: Box<str>,
    /// When it connected.
    pub connected: Tick,
    /// When it last sent or was sent something.
    pub last_interaction: Tick,
    /// The last command it ran.
    pub last_command: Option<CommandId>,
    /// Since when its output is over the soft limit.
    pub soft_limit_since: Option<Tick>,
    /// Memory last accounted for it, in bytes.
    pub accounted_memory: usize,
    /// Bytes of arguments of the command under way, if it can ask for them.
    pub argv_bytes: usize,
    /// Bytes of input behind the commands under way.
    pub input_in_hand: usize,
    /// Bytes received and sent in all.
    pub traffic: (u64, u64),
}

impl Client {
    /// A client of this id on this socket.
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

    /// Notes unsent replies. True if the client has to be put into the list of those that have some.
    #[inline]
    pub fn owes_write(&mut self) -> bool {
        self.reply_buffer.note(self.output.len());
        let is_new = !self.output.is_empty() && !self.flags.contains(Flags::PENDING_WRITE);
        self.flags.set(Flags::PENDING_WRITE, is_new || self.flags.contains(Flags::PENDING_WRITE));
        is_new
    }

    /// Queues a command of a transaction, and says so.
    pub fn queue(&mut self, command: CommandId, args: Args<'_>) {
        self.multi.get_or_insert_default().push(command, args.to_owned_args());
        self.reply().simple("QUEUED");
    }

    /// Whether a key changed that the client watches.
    pub fn is_broken(&self) -> bool {
        self.watching.as_ref().is_some_and(|watching| watching.flag.is_broken())
    }

    /// A writer of replies in the client's protocol.
    #[inline]
    pub fn reply(&mut self) -> Reply<'_> {
        Reply::new(&mut self.output, self.protocol)
    }

    /// Ends the reply of the command that was run, which began at `mark`: withdraws it if the client does not want it, and
    /// adds the messages that it sent to itself.
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

    /// Bytes of memory that this client costs: structure, input, output, transaction. Buffers that are lent
    /// for the moment do not count.
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

    /// Whether the input buffer has something in it that is still needed.
    fn holds_input(&self) -> bool {
        self.query.len() > 0 && self.parser.large_arrived().is_none()
    }

    /// Bytes of the queued transaction.
    pub fn multi_memory(&self) -> usize {
        self.multi.as_ref().map_or(0, |multi| multi.memory())
    }
}
