//! Commands of one client, run one after the other on one context, in either mode, while nothing is going on that concerns all
//! commands (`Server::is_unrestricted`).
//!
//! ```text
//! run ──> try_command: resolve ── gate ──┬─ queued, refused
//!                                        ╰─ handler ── conclude ── clients that waited are served
//! ```
//! The context is made once for all of them: that is what makes this the short way. A command that needs more than a context is
//! not run; it takes the long way (`exec.rs`).

use super::common::Common;
use super::group::Queue;
use super::shared::needs_memory;
use crate::call::{CallOrigin, End, call_local};
use crate::client::{Client, Flags, PendingInput};
use crate::commands::ContextCall;
use crate::context::ExecContext;
use crate::eviction::Room;
use crate::exec::{is_exec, refuse};
use crate::gate::Gate;
use crate::mailboxes::ClientMessage;
use crate::plan::Planned;
use crate::table::{CommandId, Entry, Reach, Run};
use ochre_engine::command::{DataFn, Error, Outcome};
use ochre_engine::keyspace::Hints;
use ochre_resp::request::Args;

/// How a command ended that was tried the short way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    /// It is done.
    Done,
    /// Its client waits.
    Waits,
    /// It has to go the long way; nothing has happened.
    NotHere,
}

/// See the module.
pub(super) struct BatchExecutor<'a> {
    context: ExecContext<'a>,
    /// In the shared mode: what all workers see.
    common: Option<Common<'a>>,
    /// If there is a limit on memory.
    room: Option<Room>,
    /// Memory does not suffice, and nothing can be evicted: what needs memory is refused. (The room, if it is one of
    /// somebody who is stuck, has it ask again first.)
    is_stuck: bool,
}

impl<'a> BatchExecutor<'a> {
    /// In the shared mode, over the shards of a group.
    pub fn among_others(
        common: Common<'a>,
        context: ExecContext<'a>,
        room: Option<Room>,
        is_stuck: bool,
    ) -> BatchExecutor<'a> {
        BatchExecutor { context, common: Some(common), room, is_stuck }
    }

    /// In the exclusive mode.
    pub fn alone(context: ExecContext<'a>, room: Option<Room>) -> BatchExecutor<'a> {
        BatchExecutor { context, common: None, room, is_stuck: false }
    }

    /// Runs the next commands of a client, `size` of them at most, and, but for the first, as long as there is room for
    /// each. Returns how the last one ended that was tried; all before it are done.
    // One copy for both modes, with all in it.
    #[inline(never)]
    pub fn run(
        &mut self,
        client: &mut Client,
        pending: &mut PendingInput,
        queue: Queue<'_>,
        size: usize,
    ) -> Tried {
        let mut tried = Tried::Done;
        for at in 0..size {
            let (planned, args) =
                (queue.plan.get(queue.first + at), pending.batch.args(pending.next, queue.query.bytes()));
            if at > 0 && !self.has_room(client, planned) {
                break;
            }
            tried = self.try_command(client, planned, args);
            if tried == Tried::NotHere {
                break;
            }
            pending.next += 1;
            if tried != Tried::Done
                || client.output.is_over_limit()
                || client.flags.intersects(Flags::CLOSE_AFTER_REPLY | Flags::CLOSE_ASAP)
                || self.context.outlet.keeps_some()
            {
                break;
            }
        }
        tried
    }

    #[inline]
    fn has_room(&self, client: &Client, planned: Planned<'_>) -> bool {
        let needs = || needs_memory(self.context.hall.setup(), client, planned);
        self.room.as_ref().is_none_or(|room| room.is_left(needs))
    }

    /// Leaves what was logged where every worker finds it, while the shards are still held.
    pub fn show_log(&mut self) {
        self.context.show_log();
    }

    /// The messages that were kept in the exclusive mode.
    pub fn into_messages(self) -> Vec<ClientMessage> {
        self.context.into_messages()
    }

    /// Runs a command, or refuses it, if that is possible on the context.
    #[inline(always)]
    fn try_command(&mut self, client: &mut Client, planned: Planned<'_>, args: Args<'_>) -> Tried {
        let setup = self.context.hall.setup();
        if self.common.is_some_and(|common| common.limits_clients_memory() && !common.affords(client, args)) {
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
        if id.is_some_and(|id| is_exec(self.context.hall.commands.get(id))) {
            // The transaction ends, too.
            return Tried::NotHere;
        }
        refuse(client, self.context.stats, id, error);
        Tried::Done
    }

    /// Runs a command that passed the checks, if that is possible on the context, and serves the clients that waited
    /// for what it did.
    #[inline(always)]
    fn run_command(&mut self, client: &mut Client, id: CommandId, hints: Hints<'_>, args: Args<'_>) -> Tried {
        let tried = self.run_alone(client, id, hints, args);
        if !self.context.lane.ready.is_empty() {
            self.context.serve_ready();
        }
        tried
    }

    /// Runs the transaction of a client, if all its commands can run here. Nobody hears of it before it is logged as a whole.
    #[inline(never)]
    fn exec(&mut self, client: &mut Client) -> Outcome {
        let Some(queued) = self.context.begin_exec(client)? else { return Ok(()) };
        let sent = self.context.outlet.keep();
        for (id, args) in &queued.commands {
            self.run_alone(client, *id, Hints::NONE, args.args());
        }
        self.context.end_exec(client);
        let kept = self.context.outlet.end_keeping(sent);
        if !kept.is_empty() {
            let (hall, messages) = (self.context.hall, self.context.messages());
            // All hear them in one order.
            let (_topics, _monitors) = (hall.pubsub.registry(), hall.monitors.order());
            kept.into_iter().for_each(|message| messages.push(message));
        }
        Ok(())
    }

    /// Runs a command that passed the checks, or is part of a transaction.
    #[inline(always)]
    fn run_alone(&mut self, client: &mut Client, id: CommandId, hints: Hints<'_>, args: Args<'_>) -> Tried {
        let entry = self.context.hall.commands.get(id);
        let started = self.context.lane.tick;
        client.last_command = Some(id);
        let outcome = match (entry.run, self.common) {
            (Run::Data(handler), _) => self.call_data(client, entry, handler, hints, args),
            (Run::Context(_, handler), _) => {
                Some(handler(&mut ContextCall { context: &mut self.context, client }, args))
            }
            (Run::Local(handler) | Run::Survey(handler), Some(common)) => {
                Some(call_local(common, self.context.lane, client, id, handler, args))
            }
            (Run::Exec, Some(_)) => Some(self.exec(client)),
            (Run::Local(_) | Run::Survey(_) | Run::Exec | Run::Server(_) | Run::Container, _) => None,
        };
        let Some(outcome) = outcome else { return Tried::NotHere };
        match self.context.conclude(client, id, args, started, outcome) {
            End::Done => Tried::Done,
            End::Waits => Tried::Waits,
        }
    }

    /// Calls the handler of a data command. `None`: it has to go the long way, and nothing has happened.
    #[inline(always)]
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
        let origin = CallOrigin::of(client, hints);
        Some(self.context.call_data(entry, handler, origin, client.reply(), args))
    }

    /// The same for one that walks over the database. It has let go of a shard before what it deleted there would be
    /// logged, so it only notes what is due; that is deleted then, and the walk begins anew, as if it had been gone
    /// before.
    #[inline(never)]
    fn call_walk(
        &mut self,
        client: &mut Client,
        entry: &Entry,
        handler: DataFn,
        args: Args<'_>,
    ) -> Option<Outcome> {
        /// Keys may expire as it walks.
        const TRIES: usize = 4;
        let (context, before) = (&mut self.context, client.output.mark());
        for _ in 0..TRIES {
            let origin = CallOrigin::of(client, Hints::NONE);
            let outcome = context.call_data(entry, handler, origin, client.reply(), args);
            if context.lane.fx.due.is_empty() {
                return Some(outcome);
            }
            client.output.rollback(before);
            let due = std::mem::take(&mut context.lane.fx.due);
            context.lane.fx.clear();
            if !context.delete_due(&due) {
                break;
            }
        }
        None
    }
}
