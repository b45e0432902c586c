//! Commands in the shared mode: straight on this worker's thread, under the locks of their keys.
//!
//! A command runs here if it is a data command that names all its keys (or only walks over the
//! database shard by shard) or one that changes nothing but its client, if its client is in no special
//! state, and if nobody waits for or watches a key in one of its shards. Errors in the call itself are answered
//! here, too. Everything else (transactions, blocking, most server commands) goes the one way there is for it,
//! in the exclusive mode.
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

use super::seat::{Common, Seat};
use crate::client::{Client, Flags, PendingInput};
use crate::exec::{Case, call_data, call_local, is_exec, refuse};
use crate::gate::Setup;
use crate::lazyfree::Garbage;
use crate::net::QueryBuffer;
use crate::plan::{Plan, Planned};
use crate::propagate::{Journal, Scene};
use crate::server::{Desk, Lane};
use crate::stats::Stats;
use crate::table::{CommandId, CommandTable, Entry, Reach, Run};
use ochre_engine::command::flags::FAST;
use ochre_engine::command::{Caller, DataFn, Effects, Outcome};
use ochre_engine::keyspace::{ExpiryMode, Held, Hints, Keys};
use ochre_resp::request::Args;

/// Keys that are locked together, if it takes several commands: enough for their lookups to overlap,
/// and few enough that two workers rarely want the same shard.
const GROUP_KEYS: usize = 16;

/// States of a client in which its commands need the whole process.
const SPECIAL: Flags = Flags::MULTI
    .union(Flags::BLOCKED)
    .union(Flags::PUBSUB)
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
    pub(super) fn may_share(&self, client: &Client, planned: Planned<'_>, args: Args<'_>) -> bool {
        self.shares_commands() && may_share(self.common().setup(), client, planned, args)
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
        let Desk { lane, stats, journal, shards, hashes } = desk;
        let Some((mut held, size)) = lock_group(common, client, pending, queue, shards, hashes) else {
            return Tried::NotHere;
        };
        let mut tried = Tried::Done;
        for at in queue.first..queue.first + size {
            let args = pending.batch.args(pending.next, queue.query.bytes());
            let mut records = Records { stats, journal };
            tried = try_command(common, lane, &mut records, client, &mut held, queue.plan.get(at), args);
            if tried == Tried::NotHere {
                break;
            }
            pending.next += 1;
            if tried != Tried::Done
                || client.output.is_over_limit()
                || client.flags.contains(Flags::CLOSE_AFTER_REPLY)
            {
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
struct Records<'a> {
    stats: &'a Stats,
    journal: &'a mut Journal,
}

/// True if a command of a client may be tried in the shared mode, as far as these are concerned.
#[inline]
pub(super) fn may_share(setup: Setup<'_>, client: &Client, planned: Planned<'_>, args: Args<'_>) -> bool {
    if client.flags.intersects(SPECIAL) {
        return false;
    }
    match planned.command {
        Some(id) if setup.commands.get(id).reach != Reach::Process => true,
        known => may_share_after_all(setup, client, known, args),
    }
}

/// The same for names that say little: subcommands have reaches of their own, and an error can be
/// answered anywhere.
#[inline(never)]
fn may_share_after_all(setup: Setup<'_>, client: &Client, known: Option<CommandId>, args: Args<'_>) -> bool {
    let Ok(id) = setup.resolve(known, args) else { return true };
    let entry = setup.commands.get(id);
    entry.reach != Reach::Process || (!is_exec(entry) && setup.gate(client, id, args).is_err())
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
    if !is_quick(commands, first) {
        let args = pending.batch.args(pending.next, queue.query.bytes());
        return lock_one(common, client, first, args, shards, hashes).map(|held| (held, 1));
    }
    let mut held = locks.hold(shards, first.hints.hashes());
    let (mut size, mut keys) = (1, first.hints.hashes().len());
    while size < pending.batch.len() - pending.next && keys < GROUP_KEYS {
        let next = plan.get(queue.first + size);
        if !(is_quick(commands, next) && held.add(next.hints.hashes())) {
            break;
        }
        keys += next.hints.hashes().len();
        size += 1;
    }
    if keys > 1 {
        held.fetch(client.db, plan.hashes(queue.first, queue.first + size));
    }
    Some((held, size))
}

/// Locks the shards of a command that goes alone; none if it walks, needs none, or is going to be refused.
fn lock_one<'a>(
    common: Common<'a>,
    client: &Client,
    planned: Planned<'_>,
    args: Args<'_>,
    shards: &'a mut Vec<u16>,
    hashes: &mut Vec<u64>,
) -> Option<Held<'a>> {
    let (setup, locks) = (common.setup(), common.locks());
    let keyed =
        setup.resolve(planned.command, args).ok().map(|id| setup.commands.get(id)).filter(|entry| {
            matches!(entry.reach, Reach::OneKey | Reach::Keys) && entry.arity_fits(args.len())
        });
    let Some(entry) = keyed else { return Some(locks.roaming(shards)) };
    if !planned.is_complete() {
        let found = entry.meta.find_keys(args).ok()?;
        hashes.clear();
        hashes.extend(found.iter().map(|(at, _)| locks.locate(args.get(*at)).hash));
        return Some(locks.hold(shards, hashes));
    }
    let held = locks.hold(shards, planned.hints.hashes());
    if planned.hints.hashes().len() > 1 {
        held.fetch(client.db, planned.hints.hashes());
    }
    Some(held)
}

/// A command that is done in a moment, and whose keys are all planned if it has any.
#[inline]
fn is_quick(commands: &CommandTable, planned: Planned<'_>) -> bool {
    planned.command.is_some_and(|id| {
        let entry = commands.get(id);
        let is_planned = match entry.reach {
            Reach::OneKey | Reach::Keys => planned.is_complete(),
            Reach::Local => true,
            Reach::Walk | Reach::Process => false,
        };
        is_planned && entry.flags & FAST != 0
    })
}

/// Runs a command whose shards are held, or refuses it, if that is possible in the shared mode.
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
    let setup = common.setup();
    let mark = client.output.mark();
    let tried = match setup.resolve(planned.command, args) {
        Err(error) => {
            refuse(client, records.stats, None, &error);
            Tried::Done
        }
        Ok(id) => match setup.gate(client, id, args) {
            Err(error) => {
                refuse(client, records.stats, Some(id), &error);
                Tried::Done
            }
            Ok(_) => run_command(common, lane, records, client, held, id, planned.hints, args),
        },
    };
    if tried != Tried::NotHere {
        client.keep_wanted_reply(mark);
    }
    tried
}

/// Runs a command that passed the checks, if that is possible in the shared mode.
#[inline]
#[allow(clippy::too_many_arguments)]
fn run_command(
    common: Common<'_>,
    lane: &mut Lane,
    records: &mut Records<'_>,
    client: &mut Client,
    held: &mut Held<'_>,
    id: CommandId,
    hints: Hints<'_>,
    args: Args<'_>,
) -> Tried {
    let entry = common.commands().get(id);
    let started = lane.tick;
    let outcome = match entry.run {
        Run::Data(handler) => call_data_here(common, lane, client, held, entry, handler, hints, args),
        Run::Local(handler) => Some(call_local(common, lane, client, id, handler, args)),
        Run::Server(_) | Run::Container => None,
    };
    let Some(outcome) = outcome else { return Tried::NotHere };
    let failed = outcome.is_err_and(|error| {
        client.reply().error(error.text());
        records.stats.error_replied(error.text());
        true
    });
    client.last_command = Some(id);
    if !common.monitors().is_empty() {
        let unix_us = lane.clock.unix_us(started);
        common.monitors().show(client, unix_us, entry, args, &mut |letter| common.post().send(letter));
    }
    if lane.fx.propagates {
        let seconds = lane.clock.unix_ms(started).0 / 1000;
        let scene = Scene { db: client.db, command: entry, settings: common.settings(), seconds };
        records.journal.record(&mut lane.fx, scene, args);
    }
    let stats = records.stats;
    settle(common, &mut lane.fx, stats);
    lane.tick = lane.clock.tick();
    let nanos = lane.clock.nanos(started, lane.tick);
    if stats.called(id, nanos, failed) { Tried::Slow(id, nanos) } else { Tried::Done }
}

/// Calls the handler of a data command. `None`: it has to run in the exclusive mode, and nothing has
/// happened.
#[inline]
#[allow(clippy::too_many_arguments)]
fn call_data_here(
    common: Common<'_>,
    lane: &mut Lane,
    client: &mut Client,
    held: &mut Held<'_>,
    entry: &Entry,
    handler: DataFn,
    hints: Hints<'_>,
    args: Args<'_>,
) -> Option<Outcome> {
    if held.shards().any(|shard| shard.interest().is_some()) {
        return None;
    }
    // A walk has let go of a shard before it is looked at who watches there, and before it is logged.
    let walks = (entry.reach == Reach::Walk).then(|| client.output.mark());
    let expiry = if walks.is_some() { ExpiryMode::Hide } else { ExpiryMode::Delete };
    let case = Case { expiry, hints, caller: Caller::default() };
    let settings = common.settings();
    let outcome =
        call_data(lane, settings, client, entry, handler, case, |view| Keys::locked(held, view), args);
    if lane.fx.block.take().is_some() {
        // Waiting is for the exclusive mode; nothing has changed.
        lane.fx.clear();
        return None;
    }
    if let Some(before) = walks
        && lane.fx.hid_expired
    {
        // Deleting what has expired is for the exclusive mode, too.
        client.output.rollback(before);
        lane.fx.clear();
        return None;
    }
    Some(outcome)
}

/// Counts what the command reported and tells those who listen. Nobody waits for its keys, or it would not
/// have run here.
#[inline]
fn settle(common: Common<'_>, fx: &mut Effects, stats: &Stats) {
    stats.changes.add(std::mem::take(&mut fx.dirty));
    stats.keyspace_hits.add(std::mem::take(&mut fx.stats.hits));
    stats.keyspace_misses.add(std::mem::take(&mut fx.stats.misses));
    if !fx.is_quiet() {
        stats.expired_keys.add(std::mem::take(&mut fx.stats.expired));
        fx.remarks.drain(..).for_each(|remark| stats.note(remark));
        let wanted = common.settings().notify_keyspace_events;
        common.pubsub().publish_events(wanted, &fx.events, &mut |letter| common.post().send(letter));
        if !fx.garbage.is_empty() {
            common.reaper().free(Garbage::Values(std::mem::take(&mut fx.garbage)));
        }
        fx.clear();
    }
}
