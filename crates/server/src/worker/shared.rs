//! Commands in the shared mode: straight on this worker's thread, under the locks of their keys.
//!
//! A command runs here if it is a data command that names all its keys (or only walks over the
//! database shard by shard) or one that changes nothing but its client, and if its client is in no special
//! state; a transaction, if that holds for all its commands. Errors in the call itself are answered here, too. Everything
//! else (most server commands) goes the one way there is for it, in the exclusive mode.
//!
//! ```text
//! GET a   SET b   MGET c d   INCR e   ZUNIONSTORE ...    commands of one client, in order
//! ╰────────── group ──────────────╯   ╰── group ──╯      lock, fetch, run each, log, unlock
//! ```
//! Commands that follow each other are locked together (`group.rs`). All shards of a command stay locked until it is done,
//! so commands on common keys take effect one after the other, each as a whole. What they did is logged before the
//! locks are given back, so the log has the same order.

use super::chores::make_room;
use super::common::Common;
use super::group::{Queue, is_walk, lock_group};
use super::seat::Seat;
use crate::client::{Client, Flags, PendingInput};
use crate::commands::FloorCall;
use crate::eviction::Pressure;
use crate::exec::{Voice, call_local, is_exec, refuse};
use crate::floor::{Floor, Letters};
use crate::gate::{Gate, Setup};
use crate::plan::Planned;
use crate::server::Desk;
use crate::table::{CommandId, Entry, Reach, Run};
use ochre_engine::command::{DENYOOM, DataFn, Error, Outcome};
use ochre_engine::keyspace::{ExpiryMode, Hints};
use ochre_resp::request::Args;

/// States of a client in which its commands need the whole process.
const SPECIAL: Flags = Flags::BLOCKED
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
    /// Its client waits.
    Waits,
    /// It has to run in the exclusive mode; nothing has happened.
    NotHere,
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
        let has_limit = common.settings().maxmemory > 0;
        let needs = has_limit && needs_memory(common.setup(), client, queue.plan.get(queue.first));
        let is_stuck = has_limit && make_room(common, desk, needs) == Pressure::Stuck;
        if is_stuck && needs && desk.eviction.pool.passed_over {
            return Tried::NotHere;
        }
        let Desk { lane, stats, journal, shards, hashes, eviction, .. } = desk;
        let Some((held, size)) = lock_group(common, client, pending, queue, shards, hashes) else {
            return Tried::NotHere;
        };
        // A walk has let go of a shard before it could be logged that a key expired.
        let walks = is_walk(common.commands(), queue.plan.get(queue.first));
        let expiry = if walks { ExpiryMode::Note } else { ExpiryMode::Delete };
        let mut turn = Turn { common, floor: common.floor(held, expiry, lane, stats, journal), is_stuck };
        let mut tried = Tried::Done;
        for at in queue.first..queue.first + size {
            let (planned, args) = (queue.plan.get(at), pending.batch.args(pending.next, queue.query.bytes()));
            if has_limit
                && at > queue.first
                && !eviction.has_room(needs_memory(common.setup(), client, planned))
            {
                break;
            }
            tried = turn.try_command(client, planned, args);
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
        turn.floor.show_log();
        tried
    }
}

/// True if a command of a client may be tried in the shared mode, as far as these are concerned.
#[inline]
pub(super) fn may_share(setup: Setup<'_>, client: &Client, planned: Planned<'_>, args: Args<'_>) -> bool {
    if client.flags.intersects(SPECIAL) {
        return false;
    }
    match planned.command {
        Some(id) if setup.commands.get(id).reach != Reach::Process => {
            !client.flags.contains(Flags::PUBSUB) || stays_silent(setup, setup.commands.get(id))
        }
        known => may_share_after_all(setup, client, known, args),
    }
}

/// Whether a command sends no message to its own client, which would have to stand behind its reply and in front of that
/// of the next command.
#[cold]
fn stays_silent(setup: Setup<'_>, entry: &Entry) -> bool {
    match entry.reach {
        Reach::Local | Reach::Survey | Reach::Walk | Reach::Watched => true,
        Reach::Audience | Reach::Queue | Reach::Process => false,
        Reach::OneKey | Reach::Keys => setup.settings.notify_keyspace_events.is_empty(),
    }
}

/// The same for names that say little: subcommands have reaches of their own, and an error can be
/// answered anywhere.
#[inline(never)]
fn may_share_after_all(setup: Setup<'_>, client: &Client, known: Option<CommandId>, args: Args<'_>) -> bool {
    let Ok(id) = setup.resolve(known, args) else { return true };
    let entry = setup.commands.get(id);
    if entry.reach != Reach::Process {
        return !client.flags.contains(Flags::PUBSUB) || stays_silent(setup, entry);
    }
    matches!(setup.gate(client, id, args, false), Err(_) | Ok(Gate::Queue))
}

/// True if a command may use more memory.
#[inline]
fn needs_memory(setup: Setup<'_>, client: &Client, planned: Planned<'_>) -> bool {
    planned.command.is_some_and(|id| setup.flags_with_queue(client, id) & DENYOOM != 0)
}

/// A group under way: its shards are held.
struct Turn<'a> {
    common: Common<'a>,
    floor: Floor<'a>,
    /// Memory does not suffice, and nothing can be evicted.
    is_stuck: bool,
}

impl Turn<'_> {
    /// Runs a command, or refuses it, if that is possible in the shared mode.
    #[inline]
    fn try_command(&mut self, client: &mut Client, planned: Planned<'_>, args: Args<'_>) -> Tried {
        let setup = self.common.setup();
        if self.common.limits_clients_memory() && !self.common.affords(client, args) {
            return Tried::NotHere;
        }
        let mark = client.output.mark();
        let resolved = setup.resolve(planned.command, args);
        let is_stuck = self.is_stuck;
        let checked = resolved.and_then(|id| setup.gate(client, id, args, is_stuck).map(|gate| (id, gate)));
        let tried = match checked {
            Ok((id, Gate::Queue)) => {
                client.queue(id, args);
                Tried::Done
            }
            Ok((id, _)) => self.run_command(client, id, planned.hints, args),
            Err(error) => self.refuse(client, setup.resolve(planned.command, args).ok(), &error),
        };
        match tried {
            Tried::Done => client.end_reply(mark),
            // The reply comes later.
            Tried::Waits => {}
            Tried::NotHere => client.output.rollback(mark),
        }
        tried
    }

    /// Answers an error without running the command.
    #[cold]
    fn refuse(&mut self, client: &mut Client, id: Option<CommandId>, error: &Error) -> Tried {
        if id.is_some_and(|id| is_exec(self.common.commands().get(id))) {
            // The transaction ends, too.
            return Tried::NotHere;
        }
        refuse(client, self.floor.stats, id, error);
        Tried::Done
    }

    /// Runs a command that passed the checks, if that is possible in the shared mode, and serves the clients that waited
    /// for what it did.
    #[inline]
    fn run_command(&mut self, client: &mut Client, id: CommandId, hints: Hints<'_>, args: Args<'_>) -> Tried {
        let tried = self.run_alone(client, id, hints, args);
        if !self.floor.lane.ready.is_empty() {
            self.floor.serve_ready();
        }
        tried
    }

    /// Runs the transaction of a client. Nobody hears of it before it is logged as a whole.
    fn exec(&mut self, client: &mut Client) -> Outcome {
        let Some(queued) = self.floor.begin_exec(client)? else { return Ok(()) };
        let sent = std::mem::replace(&mut self.floor.letters, Letters::Kept(Vec::new()));
        for (id, args) in &queued.commands {
            self.run_alone(client, *id, Hints::NONE, args.args());
        }
        self.floor.end_exec(client);
        self.floor.show_log();
        if let Letters::Kept(kept) = std::mem::replace(&mut self.floor.letters, sent)
            && !kept.is_empty()
        {
            // All hear them in one order.
            let (_topics, _monitors) = (self.floor.hall.pubsub.registry(), self.floor.hall.monitors.order());
            kept.into_iter().for_each(|letter| self.floor.letters.push(letter));
        }
        Ok(())
    }

    /// Runs a command that passed the checks, or is part of a transaction.
    #[inline]
    fn run_alone(&mut self, client: &mut Client, id: CommandId, hints: Hints<'_>, args: Args<'_>) -> Tried {
        let entry = self.common.commands().get(id);
        let started = self.floor.lane.tick;
        client.last_command = Some(id);
        let outcome = match entry.run {
            Run::Data(handler) => self.call_data(client, entry, handler, hints, args),
            Run::Local(handler) | Run::Survey(handler) => {
                Some(call_local(self.common, self.floor.lane, client, id, handler, args))
            }
            Run::Floor(_, handler) => Some(handler(&mut FloorCall { floor: &mut self.floor, client }, args)),
            Run::Exec => Some(self.exec(client)),
            Run::Server(_) | Run::Container => None,
        };
        let Some(outcome) = outcome else { return Tried::NotHere };
        let floor = &mut self.floor;
        let failed = outcome.is_err_and(|error| {
            client.reply().error(error.text());
            floor.stats.error_replied(error.text());
            true
        });
        floor.log(client.db, entry, args);
        if !floor.hall.monitors.is_empty() {
            floor.show_log();
            floor.show_monitors(client, entry, args);
        }
        let block = floor.lane.fx.block.take();
        floor.settle();
        if let Some(block) = block {
            floor.block(client, id, args.to_owned_args(), block);
            return Tried::Waits;
        }
        floor.lane.tick = floor.lane.clock.tick();
        let nanos = floor.lane.clock.nanos(started, floor.lane.tick);
        if floor.stats.called(id, nanos, failed) {
            let seconds = floor.lane.clock.unix_ms(floor.lane.tick).seconds();
            self.common.notes().command(self.common.setup(), client, id, args, nanos, seconds);
        }
        Tried::Done
    }

    /// Calls the handler of a data command. `None`: it has to run in the exclusive mode, and nothing has
    /// happened.
    #[inline]
    fn call_data(
        &mut self,
        client: &mut Client,
        entry: &Entry,
        handler: DataFn,
        hints: Hints<'_>,
        args: Args<'_>,
    ) -> Option<Outcome> {
        if entry.reach == Reach::Walk {
            return self.call_walk(client, entry, handler, args);
        }
        let voice = Voice::of(client, hints);
        Some(self.floor.call_data(entry, handler, voice, client.reply(), args))
    }

    /// The same for one that walks over the database. It has let go of a shard before what it deleted there would be
    /// logged, so it only notes what is due; that is deleted then, and the walk begins anew, as if it had been gone
    /// before.
    fn call_walk(
        &mut self,
        client: &mut Client,
        entry: &Entry,
        handler: DataFn,
        args: Args<'_>,
    ) -> Option<Outcome> {
        /// Keys may expire as it walks.
        const TRIES: usize = 4;
        let (floor, before) = (&mut self.floor, client.output.mark());
        for _ in 0..TRIES {
            let voice = Voice::of(client, Hints::NONE);
            let outcome = floor.call_data(entry, handler, voice, client.reply(), args);
            if floor.lane.fx.due.is_empty() {
                return Some(outcome);
            }
            client.output.rollback(before);
            let due = std::mem::take(&mut floor.lane.fx.due);
            floor.lane.fx.clear();
            if !floor.delete_due(&due) {
                break;
            }
        }
        None
    }
}
