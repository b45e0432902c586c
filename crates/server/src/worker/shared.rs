//! Commands in the shared mode: straight on this worker's thread, under the locks of their keys.
//!
//! A command runs here if it is a data command that names all its keys (or only walks over the
//! database shard by shard), if its client is in no special state, and if nobody waits for or watches
//! a key in one of its shards. Everything else (transactions, blocking, server commands, errors
//! in the call itself) goes the one way there is for it, in the exclusive mode.
//!
//! ```text
//! GET a   SET b   MGET c d   INCR e   ZUNIONSTORE ...    commands of one client, in order
//! ╰────────── group ──────────────╯   ╰── group ──╯      lock, fetch, run each, log, unlock
//! ```
//! Commands that follow each other are locked together, up to [`GROUP_KEYS`] keys, because that lets
//! their lookups overlap (see `ochre_engine::keyspace::Locks`); only those that are quick by declaration, so that
//! nobody waits long for a key. All shards of a command stay locked until it is done, so commands
//! on common keys take effect one after the other, each as a whole. What they did is logged before the
//! locks are given back, so the log has the same order.

use super::chores::{delete_due, make_room};
use super::seat::{Common, Seat};
use crate::client::{Client, Flags, PendingInput, ReplyMode};
use crate::eviction::Pressure;
use crate::exec::{Case, call_data};
use crate::lazyfree::Garbage;
use crate::net::QueryBuffer;
use crate::plan::{Plan, Planned};
use crate::propagate::{Journal, Scene};
use crate::server::{Desk, Lane};
use crate::stats::Stats;
use crate::table::{CommandId, CommandTable, Entry, Reach, Run};
use ochre_engine::command::flags::FAST;
use ochre_engine::command::{Caller, DENYOOM, DataFn, Effects, Error, Outcome};
use ochre_engine::keyspace::{ExpiryMode, Held, Hints, Keys};
use ochre_resp::request::Args;

/// Keys that are locked together, if it takes several commands: enough for their lookups to overlap,
/// and few enough that two workers rarely want the same shard.
const GROUP_KEYS: usize = 16;

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

/// How a command ended that was tried in the shared mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    /// It is done.
    Done,
    /// It is done, and took so long that it has to be noted: nanoseconds.
    Slow(CommandId, u64),
    /// It has to run in the exclusive mode; nothing has happened.
    NotHere,
}

/// The commands of one client that wait to be run, from `pending.next` on.
#[derive(Clone, Copy)]
pub(super) struct Queue<'a> {
    pub query: &'a QueryBuffer,
    pub plan: &'a Plan,
    /// Where the plan of the command at `pending.next` is.
    pub first: usize,
}

impl Seat {
    /// True if a command may be tried in the shared mode at all.
    #[inline]
    pub(super) fn may_share(&self, client: &Client, planned: Planned<'_>) -> bool {
        self.shares_commands() && may_share(self.common().commands(), client, planned)
    }

    /// Runs the next command of one of this worker's clients, if that is possible in the shared mode, and
    /// those behind it that can be locked with it. Returns how the last one ended that was tried; all before
    /// it are done.
    pub(super) fn run_group(
        &mut self,
        client: &mut Client,
        pending: &mut PendingInput,
        queue: Queue<'_>,
    ) -> Tried {
        let (common, _, desk) = self.split();
        let has_limit = common.settings().maxmemory > 0;
        let needs = needs_memory(common.commands(), queue.plan.get(queue.first));
        let is_stuck = has_limit && make_room(common, desk, needs) == Pressure::Stuck;
        if is_stuck && needs && desk.eviction.pool.passed_over {
            return Tried::NotHere;
        }
        let Desk { lane, stats, journal, shards, hashes, eviction, .. } = desk;
        let Some((mut held, size)) = lock_group(common, client, pending, queue, shards, hashes) else {
            return Tried::NotHere;
        };
        let mut tried = Tried::Done;
        for at in queue.first..queue.first + size {
            let (planned, args) = (queue.plan.get(at), pending.batch.args(pending.next, queue.query.bytes()));
            let needs = has_limit && needs_memory(common.commands(), planned);
            if has_limit && at > queue.first && !eviction.has_room(needs) {
                break;
            }
            let mut records = Records { stats, journal };
            tried = if is_stuck && needs {
                refuse(common, &mut records, client, planned, args)
            } else {
                try_command(common, lane, &mut records, client, &mut held, planned, args)
            };
            if tried == Tried::NotHere {
                break;
            }
            pending.next += 1;
            if tried != Tried::Done || client.output.is_over_limit() {
                break;
            }
        }
        // The shards are still held.
        common.inbox().put(journal);
        drop(held);
        tried
    }
}

/// Where a worker writes down what its commands did.
pub(super) struct Records<'a> {
    pub stats: &'a mut Stats,
    pub journal: &'a mut Journal,
}

/// True if a command may use more memory.
#[inline]
fn needs_memory(commands: &CommandTable, planned: Planned<'_>) -> bool {
    planned.command.is_some_and(|id| commands.get(id).flags & DENYOOM != 0)
}

/// True if a command of a client may be tried in the shared mode, as far as these two are concerned.
#[inline]
pub(super) fn may_share(commands: &CommandTable, client: &Client, planned: Planned<'_>) -> bool {
    planned.command.is_some_and(|id| commands.get(id).reach != Reach::Process)
        && !client.flags.intersects(SPECIAL)
        && client.reply_mode == ReplyMode::On
}

/// Locks the shards of the next command, and of as many behind it as may go with it. Returns how many commands
/// these are; `None` if the keys cannot be told.
fn lock_group<'a>(
    common: Common<'a>,
    client: &Client,
    pending: &PendingInput,
    queue: Queue<'_>,
    shards: &'a mut Vec<u16>,
    hashes: &mut Vec<u64>,
) -> Option<(Held<'a>, usize)> {
    let (commands, locks, plan) = (common.commands(), common.locks(), queue.plan);
    let first = plan.get(queue.first);
    let entry = commands.get(first.command?);
    if entry.reach == Reach::Walk {
        return Some((locks.roaming(shards), 1));
    }
    if !first.is_complete() {
        let args = pending.batch.args(pending.next, queue.query.bytes());
        if !entry.arity_fits(args.len()) {
            return None;
        }
        let found = entry.meta.find_keys(args).ok()?;
        hashes.clear();
        hashes.extend(found.iter().map(|(at, _)| locks.locate(args.get(*at)).hash));
        return Some((locks.hold(shards, hashes), 1));
    }
    let mut held = locks.hold(shards, first.hints.hashes());
    let (mut size, mut keys) = (1, first.hints.hashes().len());
    if is_quick(commands, first) {
        while size < pending.batch.len() - pending.next && keys < GROUP_KEYS {
            let next = plan.get(queue.first + size);
            if !(is_quick(commands, next) && held.add(next.hints.hashes())) {
                break;
            }
            keys += next.hints.hashes().len();
            size += 1;
        }
    }
    if keys > 1 {
        held.fetch(client.db, plan.hashes(queue.first, queue.first + size));
    }
    Some((held, size))
}

/// A data command whose keys are all planned, and that is done in a moment.
#[inline]
fn is_quick(commands: &CommandTable, planned: Planned<'_>) -> bool {
    planned.is_complete()
        && planned.command.is_some_and(|id| {
            let entry = commands.get(id);
            entry.flags & FAST != 0 && matches!(entry.reach, Reach::OneKey | Reach::Keys)
        })
}

/// Answers a command for which there is no memory. Whatever else is wrong with it has to be found first.
#[cold]
fn refuse(
    common: Common<'_>,
    records: &mut Records<'_>,
    client: &mut Client,
    planned: Planned<'_>,
    args: Args<'_>,
) -> Tried {
    let Some(id) = planned.command.filter(|id| common.commands().get(*id).arity_fits(args.len())) else {
        return Tried::NotHere;
    };
    records.stats.rejected(id);
    records.stats.error_replied(Error::OUT_OF_MEMORY.text());
    client.reply().error(Error::OUT_OF_MEMORY.text());
    Tried::Done
}

/// Runs a command whose shards are held, if that is possible in the shared mode.
#[inline]
fn try_command(
    common: Common<'_>,
    lane: &mut Lane,
    records: &mut Records<'_>,
    client: &mut Client,
    held: &mut Held<'_>,
    planned: Planned<'_>,
    args: Args<'_>,
) -> Tried {
    let Some(id) = planned.command else { return Tried::NotHere };
    let entry = common.commands().get(id);
    let Run::Data(handler) = entry.run else { return Tried::NotHere };
    if !entry.arity_fits(args.len()) || held.shards().any(|shard| shard.interest().is_some()) {
        return Tried::NotHere;
    }
    let started = lane.tick;
    let settings = common.settings();
    let outcome = if entry.reach == Reach::Walk {
        call_walk(common, lane, records, client, held, (entry, handler), args)
    } else {
        let case = Case { expiry: ExpiryMode::Delete, hints: planned.hints, caller: Caller::default() };
        Some(call_data(lane, settings, client, entry, handler, case, |view| Keys::locked(held, view), args))
    };
    let Some(outcome) = outcome else { return Tried::NotHere };
    if lane.fx.block.take().is_some() {
        // Waiting is for the exclusive mode; nothing has changed.
        lane.fx.clear();
        return Tried::NotHere;
    }
    let failed = outcome.is_err_and(|error| {
        client.reply().error(error.text());
        records.stats.error_replied(error.text());
        true
    });
    client.last_command = Some(id);
    if lane.fx.propagates {
        let seconds = lane.clock.unix_ms(started).0 / 1000;
        records.journal.record(
            &mut lane.fx,
            Scene { db: client.db, command: entry, settings, seconds },
            args,
        );
    }
    let stats = &mut *records.stats;
    settle(common, &mut lane.fx, stats);
    lane.tick = lane.clock.tick();
    let nanos = lane.clock.nanos(started, lane.tick);
    if stats.called(id, nanos, failed) { Tried::Slow(id, nanos) } else { Tried::Done }
}

/// Calls a command that walks over the database. It has let go of a shard before what it deleted there would be logged,
/// so it only notes what is due; that is deleted then, and the walk begins anew, as if it had been gone before.
/// `None` if it has to run in the exclusive mode; nothing has happened.
fn call_walk(
    common: Common<'_>,
    lane: &mut Lane,
    records: &mut Records<'_>,
    client: &mut Client,
    held: &mut Held<'_>,
    (entry, handler): (&Entry, DataFn),
    args: Args<'_>,
) -> Option<Outcome> {
    /// Keys may expire as it walks.
    const TRIES: usize = 4;
    let before = client.output.mark();
    for _ in 0..TRIES {
        let case = Case { expiry: ExpiryMode::Note, hints: Hints::NONE, caller: Caller::default() };
        let settings = common.settings();
        let outcome =
            call_data(lane, settings, client, entry, handler, case, |view| Keys::locked(held, view), args);
        if lane.fx.due.is_empty() {
            return Some(outcome);
        }
        client.output.rollback(before);
        let due = std::mem::take(&mut lane.fx.due);
        lane.fx.clear();
        if !delete_due(common, lane, records, held, &due) {
            break;
        }
    }
    None
}

/// Counts what the command reported. Nobody listens to events or waits for its keys, or it would not
/// have run here.
#[inline]
pub(super) fn settle(common: Common<'_>, fx: &mut Effects, stats: &mut Stats) {
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
