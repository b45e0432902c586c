//! Commands in the shared mode: straight on this worker's thread, under the locks of their keys.
//!
//! A command runs here if it is a data command that names all its keys (or only walks over the
//! database shard by shard), if its client is in no special state, and if nobody waits for or watches
//! a key in one of its shards. Everything else (transactions, blocking, server commands, errors
//! in the call itself) goes the one way there is for it, in the exclusive mode.
//!
//! Order: shards are locked in ascending order and stay locked until the command is done, so that
//! commands on common keys take effect one after the other, each as a whole.

use super::seat::{Common, Seat};
use crate::client::{Client, Flags, ReplyMode};
use crate::exec::Planned;
use crate::lazyfree::Garbage;
use crate::server::Desk;
use crate::table::{CommandId, CommandTable, Entry, Reach, Run};
use ochre_engine::command::{Caller, Ctx, DataFn};
use ochre_engine::keyspace::{ExpiryMode, Held, Keys, View};
use ochre_resp::request::Args;

/// States of a client in which its commands need the whole process.
const SPECIAL: Flags = Flags::MULTI
    .union(Flags::BLOCKED)
    .union(Flags::PUBSUB)
    .union(Flags::UNAUTHENTICATED)
    .union(Flags::MONITOR)
    .union(Flags::PAUSED)
    .union(Flags::INTERNAL)
    .union(Flags::DENY_BLOCKING)
    .union(Flags::CLOSE_ASAP);

/// What became of a command that was tried in the shared mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    /// It is done.
    Done,
    /// It is done, and took so long that it has to be noted: nanoseconds.
    Slow(CommandId, u64),
    /// It has to run in the exclusive mode; nothing has happened.
    NotHere,
}

impl Seat {
    /// True if a command may be tried in the shared mode at all.
    #[inline]
    pub(super) fn may_share(&self, client: &Client, planned: Planned) -> bool {
        self.shares_commands() && may_share(self.common().commands(), client, planned)
    }

    /// Runs a command of one of this worker's clients, if that is possible in the shared mode.
    #[inline]
    pub(super) fn try_command(&mut self, client: &mut Client, planned: Planned, args: Args<'_>) -> Tried {
        let (common, _, desk) = self.split();
        let Some(id) = planned.command else { return Tried::NotHere };
        let entry = common.commands().get(id);
        let Run::Data(handler) = entry.run else { return Tried::NotHere };
        if !entry.arity_fits(args.len()) {
            return Tried::NotHere;
        }
        let Some(mut held) = lock(common, entry, planned, args) else { return Tried::NotHere };
        if held.shards().any(|shard| !shard.interest.is_empty()) {
            return Tried::NotHere;
        }
        let started = desk.lane.tick;
        let Some(failed) = call(common, desk, client, entry, handler, &mut held, planned.hint, args) else {
            return Tried::NotHere;
        };
        drop(held);
        client.last_command = Some(id);
        settle(common, desk);
        desk.lane.tick = desk.lane.clock.tick();
        let nanos = desk.lane.clock.nanos(started, desk.lane.tick);
        if desk.stats.called(id, nanos, failed) { Tried::Slow(id, nanos) } else { Tried::Done }
    }
}

/// True if a command of a client may be tried in the shared mode, as far as these two are concerned.
#[inline]
pub(super) fn may_share(commands: &CommandTable, client: &Client, planned: Planned) -> bool {
    planned.command.is_some_and(|id| commands.get(id).reach != Reach::Process)
        && !client.flags.intersects(SPECIAL)
        && client.reply_mode == ReplyMode::On
}

/// Locks the shards of a command's keys; `None` if they cannot be told.
#[inline]
fn lock<'a>(common: Common<'a>, entry: &Entry, planned: Planned, args: Args<'_>) -> Option<Held<'a>> {
    let locks = common.locks();
    match entry.reach {
        Reach::OneKey if planned.hint.0 > 0 => Some(locks.one(planned.hint.1)),
        Reach::OneKey | Reach::Keys => {
            let found = entry.meta.find_keys(args).ok()?;
            Some(locks.several(found.iter().map(|(at, _)| args.get(*at))))
        }
        Reach::Walk => Some(locks.roaming()),
        Reach::Process => None,
    }
}

/// Calls the handler. Whether the command failed; `None` if it has to wait, which is for the
/// exclusive mode: it has changed nothing.
#[inline]
#[allow(clippy::too_many_arguments)]
fn call<'h>(
    common: Common<'h>,
    desk: &'h mut Desk,
    client: &'h mut Client,
    entry: &'h Entry,
    handler: DataFn,
    held: &'h mut Held<'_>,
    hint: (usize, u64),
    args: Args<'_>,
) -> Option<bool> {
    let (lane, stats) = (&mut desk.lane, &mut desk.stats);
    let now = lane.clock.unix_ms(lane.tick);
    lane.access.frozen = client.flags.contains(Flags::NO_TOUCH);
    let settings = common.settings();
    let view = View {
        db: client.db,
        now,
        settings,
        access: &mut lane.access,
        expiry: ExpiryMode::Delete,
        hint,
        fx: &mut lane.fx,
    };
    let mut ctx = Ctx {
        keys: Keys::locked(held, view),
        reply: client.reply(),
        settings,
        now,
        rng: &mut lane.rng,
        caller: Caller::default(),
        name: &entry.full_name,
    };
    let outcome = handler(&mut ctx, args);
    if ctx.keys.fx.block.take().is_some() {
        ctx.keys.fx.clear();
        return None;
    }
    Some(match outcome {
        Ok(()) => false,
        Err(error) => {
            ctx.reply.error(error.text());
            stats.error_replied(error.text());
            true
        }
    })
}

/// Counts what the command reported. Nobody listens to events or waits for its keys, or it would not
/// have run here.
#[inline]
fn settle(common: Common<'_>, desk: &mut Desk) {
    let (fx, stats) = (&mut desk.lane.fx, &mut desk.stats);
    stats.dirty += std::mem::take(&mut fx.dirty);
    stats.keyspace_hits += std::mem::take(&mut fx.stats.hits);
    stats.keyspace_misses += std::mem::take(&mut fx.stats.misses);
    if !fx.is_quiet() {
        stats.expired_keys += std::mem::take(&mut fx.stats.expired);
        fx.remarks.drain(..).for_each(|remark| stats.note(remark));
        if !fx.garbage.is_empty() {
            common.reaper().free(Garbage::Values(std::mem::take(&mut fx.garbage)));
        }
        fx.clear();
    }
}
