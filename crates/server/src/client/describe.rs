//! A client in one line: CLIENT LIST, CLIENT INFO, and the log.
//!
//! Newer versions of Redis show more fields; a compatibility level shows those of its version
//! (networking.c: catClientInfoString).

use super::buffers::OWN_OUTPUT;
use super::{Client, Flags};
use crate::clock::Tick;
use crate::pubsub::Kind;
use crate::setup::Setup;
use ochre_engine::level::Level;
use std::fmt::Write;

/// Bytes of a further block of output with its administration: limits count whole blocks
/// (networking.c: _addReplyProtoToList, with the size classes of jemalloc).
const BLOCK: usize = 20464;
const BLOCK_HEAD: usize = 40;

/// Most unsent bytes whose blocks stay below a limit.
pub(super) fn output_below(limit: usize) -> usize {
    OWN_OUTPUT + (limit.div_ceil(BLOCK + BLOCK_HEAD) - 1) * BLOCK
}

/// The type of a client, for filters and for the limits on output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientType {
    /// An ordinary client.
    Normal,
    /// A replica of this server.
    Replica,
    /// A client with subscriptions.
    PubSub,
    /// The primary of this server.
    Primary,
}

impl ClientType {
    /// The type with this name, in any case; `None` if there is no such type.
    pub fn parse(name: &[u8]) -> Option<ClientType> {
        match name.to_ascii_lowercase().as_slice() {
            b"normal" => Some(ClientType::Normal),
            b"slave" | b"replica" => Some(ClientType::Replica),
            b"pubsub" => Some(ClientType::PubSub),
            b"master" => Some(ClientType::Primary),
            _ => None,
        }
    }
}

/// The characters that show properties of a client (`flags=`), in the order shown.
const LETTERS: [(Flags, char); 10] = [
    (Flags::MONITOR, 'O'),
    (Flags::PUBSUB, 'P'),
    (Flags::MULTI, 'x'),
    (Flags::BLOCKED, 'b'),
    (Flags::DIRTY_CAS, 'd'),
    (Flags::CLOSE_AFTER_REPLY, 'c'),
    (Flags::CLOSE_ASAP, 'A'),
    (Flags::UNIX, 'U'),
    (Flags::NO_EVICT, 'e'),
    (Flags::NO_TOUCH, 'T'),
];

impl Client {
    /// The type of the client.
    pub fn kind(&self) -> ClientType {
        if self.flags.contains(Flags::PUBSUB) { ClientType::PubSub } else { ClientType::Normal }
    }

    /// Bytes of output beyond those that every client may hold: what the limits count.
    pub fn output_memory(&self) -> usize {
        self.output_blocks() * (BLOCK + BLOCK_HEAD)
    }

    /// Blocks of output beyond [`OWN_OUTPUT`].
    fn output_blocks(&self) -> usize {
        self.output.len().saturating_sub(OWN_OUTPUT).div_ceil(BLOCK)
    }

    /// Bytes of input that have arrived and belong to no command that was run.
    pub fn input_bytes(&self) -> usize {
        let buffered = || self.query.len() + self.input_in_hand;
        self.parser.large_arrived().unwrap_or_else(buffered)
    }

    /// Bytes of memory for input: the query buffer, in the size that Redis would give it or in its real size if that is
    /// larger, and the arguments of a command that has not arrived as a whole.
    pub fn input_memory(&self) -> usize {
        // Redis reads a large argument into the query buffer, so the argument counts as such.
        let large = self.parser.large_len().unwrap_or(0);
        let buffer = self.query.capacity().max(self.input_buffer.size()).max(large);
        buffer + (self.parser.memory_bytes() - large)
    }

    fn flag_letters(&self) -> String {
        let mut flags = self.flags;
        flags.set(Flags::DIRTY_CAS, self.is_broken());
        if flags.contains(Flags::PAUSED) {
            flags.insert(Flags::BLOCKED);
        }
        let letters: String =
            LETTERS.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, letter)| *letter).collect();
        if letters.is_empty() { "N".to_owned() } else { letters }
    }

    /// The line that shows the client, without a line end.
    pub fn describe(&self, setup: Setup<'_>, now: Tick) -> String {
        let level = setup.settings.level;
        let mut line = String::with_capacity(400);
        self.describe_connection(now, level, &mut line);
        self.describe_buffers(level, &mut line);
        self.describe_conversation(setup, level, &mut line);
        line
    }

    fn describe_connection(&self, now: Tick, level: Level, line: &mut String) {
        let _ = write!(line, "id={} addr={}", self.id.0, self.address);
        if level >= Level::V6_2 {
            let _ = write!(line, " laddr={}", self.local_address);
        }
        let fd = self.socket.as_ref().map_or(-1, |socket| socket.number());
        let count = |kind| self.subscriptions.as_ref().map_or(0, |subscriptions| subscriptions.len(kind));
        let _ = write!(
            line,
            " fd={fd} name={} age={} idle={} flags={} db={} sub={} psub={}",
            text(&self.name),
            now.since(self.connected).as_secs(),
            now.since(self.last_interaction).as_secs(),
            self.flag_letters(),
            self.db.0,
            count(Kind::Channel),
            count(Kind::Pattern),
        );
        if level >= Level::V7_0 {
            let _ = write!(line, " ssub={}", count(Kind::Shard));
        }
    }

    fn describe_buffers(&self, level: Level, line: &mut String) {
        let in_multi = self.flags.contains(Flags::MULTI);
        let queued = self.multi.as_ref().map_or(0, |multi| multi.commands.len()) as i64;
        let multi = if in_multi { queued } else { -1 };
        let filled = self.input_bytes();
        let free = self.input_buffer.size().saturating_sub(filled);
        let _ = write!(line, " multi={multi} qbuf={filled} qbuf-free={free}");
        if level >= Level::V6_2 {
            let _ = write!(line, " argv-mem={}", self.argv_bytes);
        }
        if level >= Level::V7_0 {
            let (size, peak) = (self.reply_buffer.size(), self.reply_buffer.peak());
            let _ = write!(line, " multi-mem={} rbs={size} rbp={peak}", self.multi_memory());
        }
        let (omem, blocks) = (self.output_memory(), self.output_blocks());
        let _ = write!(line, " obl={} oll={blocks} omem={omem}", self.output.len().min(OWN_OUTPUT));
        if level >= Level::V6_2 {
            let _ = write!(line, " tot-mem={}", self.memory() + self.argv_bytes);
        }
    }

    fn describe_conversation(&self, setup: Setup<'_>, level: Level, line: &mut String) {
        let events = if self.output.is_empty() { "r" } else { "rw" };
        let command = self.last_command.map_or("NULL", |id| &setup.commands.get(id).full_name);
        let command =
            if level < Level::V7_0 { command.split('|').next().unwrap_or(command) } else { command };
        let _ = write!(line, " events={events} cmd={command}");
        if level >= Level::V6_2 {
            line.push_str(" user=default redir=-1");
        }
        if level >= Level::V7_0 {
            let _ = write!(line, " resp={}", self.protocol.number());
        }
        if level >= Level::V7_2 {
            let _ = write!(line, " lib-name={} lib-ver={}", text(&self.lib_name), text(&self.lib_version));
        }
    }
}

/// A name as text. Names consist of visible ASCII only.
fn text(name: &Option<Box<[u8]>>) -> &str {
    name.as_deref().and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
}
