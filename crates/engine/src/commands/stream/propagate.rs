//! What replicas and the AOF get instead of reads and claims: commands that name the outcome.

use crate::command::Ctx;
use crate::command::effects::{Propagation, Words};
use crate::level::Level;
use crate::stream::{Group, Pending, StreamId};

/// Gathers the commands to propagate, if anybody reads them.
pub(super) struct Log<'a> {
    wanted: bool,
    words: Vec<Words>,
    group: &'a [u8],
    level: Level,
}

impl<'a> Log<'a> {
    /// A log for deliveries of the group of this name.
    pub(super) fn new(ctx: &Ctx<'_>, group: &'a [u8]) -> Self {
        Log { wanted: ctx.keys.fx.propagates, words: Vec::new(), group, level: ctx.level() }
    }

    /// A pending entry as it is now.
    pub(super) fn claim(&mut self, key: &[u8], group: &Group, id: StreamId, pending: &Pending) {
        if !self.wanted {
            return;
        }
        let (mut time, mut count) = (itoa::Buffer::new(), itoa::Buffer::new());
        self.push(&[
            b"XCLAIM",
            key,
            self.group,
            group.consumer(pending.consumer).name(),
            b"0",
            id.text().as_bytes(),
            b"TIME",
            time.format(pending.delivered_ms).as_bytes(),
            b"RETRYCOUNT",
            count.format(pending.deliveries).as_bytes(),
            b"FORCE",
            b"JUSTID",
            b"LASTID",
            group.last_id.text().as_bytes(),
        ]);
    }

    /// How far the group has read, when no pending entry tells.
    pub(super) fn group_position(&mut self, key: &[u8], group: &Group) {
        if !self.wanted {
            return;
        }
        let mut digits = itoa::Buffer::new();
        let read = digits.format(group.entries_read.map_or(-1, |read| read as i64)).as_bytes();
        let id = group.last_id.text();
        let words = [&b"XGROUP"[..], b"SETID", key, self.group, id.as_bytes(), b"ENTRIESREAD", read];
        // The counter came with 7.0.
        self.push(if self.level >= Level::V7_0 { &words } else { &words[..5] });
    }

    /// A new consumer, when no pending entry tells. Before 6.2 there was no command for that.
    pub(super) fn new_consumer(&mut self, key: &[u8], consumer: &[u8]) {
        if self.wanted && self.level >= Level::V6_2 {
            self.push(&[b"XGROUP", b"CREATECONSUMER", key, self.group, consumer]);
        }
    }

    /// Hands everything over; what the client sent does not propagate.
    pub(super) fn finish(self, ctx: &mut Ctx<'_>) {
        if self.wanted {
            ctx.keys.fx.propagation = Propagation::Instead(self.words);
        }
    }

    fn push(&mut self, words: &[&[u8]]) {
        self.words.push(words.iter().map(|word| word.to_vec()).collect());
    }
}
