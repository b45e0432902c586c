//! Calling the handler of a data command, and what follows the handler of any command.
//!
//! ```text
//! handler (reply, effects) ──> conclude: error, time, log, monitors ── a wait, or effects
//! ```

use super::context::ExecContext;
use super::execute::Progress;
use crate::client::{Client, Flags};
use crate::clock::Tick;
use crate::table::{CommandId, Reach};
use crate::worker_state::WorkerState;
use ochre_engine::command::{Caller, Ctx, DataFn, Outcome};
use ochre_engine::keyspace::{DbIndex, ExpiryMode, Hints, View};
use ochre_resp::reply::Reply;
use ochre_resp::request::Args;

/// On whose behalf a data command is called.
pub struct CallOrigin<'a> {
    /// The database.
    pub db: DbIndex,
    /// Accesses leave no trace.
    pub no_touch: bool,
    /// Hashes of its keys.
    pub hints: Hints<'a>,
    /// Who calls.
    pub caller: Caller,
}

impl<'a> CallOrigin<'a> {
    /// A client.
    #[inline]
    pub fn of(client: &Client, hints: Hints<'a>) -> CallOrigin<'a> {
        let trusted = client.flags.contains(Flags::INTERNAL);
        let no_blocking = client.flags.contains(Flags::DENY_BLOCKING);
        let caller = Caller { no_blocking, unblocked: false, trusted };
        CallOrigin { db: client.db, no_touch: client.flags.contains(Flags::NO_TOUCH), hints, caller }
    }
}

impl ExecContext<'_> {
    /// Calls the handler of a data command of a client. Its effects stay in the worker's state. `None`: it needs the
    /// exclusive mode, and nothing has happened.
    #[inline(always)]
    pub(super) fn call_data(
        &mut self,
        client: &mut Client,
        command: CommandId,
        handler: DataFn,
        origin: CallOrigin<'_>,
        args: Args<'_>,
    ) -> Option<Outcome> {
        if self.expiry == ExpiryMode::Note && self.shared.commands.get(command).reach == Reach::Walk {
            return self.call_walk(client, command, handler, args);
        }
        let outcome = self.call_handler(command, handler, origin, client.reply(), args);
        if self.shards.take_out_of_reach() {
            // A key that was not declared: the command found nothing there and begins again with all shards.
            self.state.fx.clear();
            return None;
        }
        Some(outcome)
    }

    /// Calls the handler of a data command.
    #[inline(always)]
    pub fn call_handler(
        &mut self,
        command: CommandId,
        handler: DataFn,
        origin: CallOrigin<'_>,
        reply: Reply<'_>,
        args: Args<'_>,
    ) -> Outcome {
        let ExecContext { shards, shared, state, expiry, .. } = self;
        let WorkerState { fx, access, clock, tick, rng, .. } = &mut **state;
        let (settings, now) = (&shared.settings, clock.unix_ms(*tick));
        access.frozen = origin.no_touch;
        let view = View {
            db: origin.db,
            now,
            settings,
            access,
            // The log that is loaded says itself which keys are gone.
            expiry: if origin.caller.trusted { ExpiryMode::Ignore } else { *expiry },
            hints: origin.hints,
            fx,
        };
        let name = &shared.commands.get(command).full_name;
        let mut ctx = Ctx { keys: shards.keys(view), reply, settings, now, rng, caller: origin.caller, name };
        handler(&mut ctx, args)
    }

    /// Calls the handler of a command that walks over the database with one shard locked at a time. It has let go of a
    /// shard before what it deleted there would be logged, so it only notes keys that are due; they are deleted then, and
    /// the walk begins anew, as if they had been gone before.
    #[inline(never)]
    fn call_walk(
        &mut self,
        client: &mut Client,
        command: CommandId,
        handler: DataFn,
        args: Args<'_>,
    ) -> Option<Outcome> {
        /// Keys may expire during the walk.
        const TRIES: usize = 4;
        let before = client.output.mark();
        for _ in 0..TRIES {
            let origin = CallOrigin::of(client, Hints::NONE);
            let outcome = self.call_handler(command, handler, origin, client.reply(), args);
            if self.state.fx.due.is_empty() {
                return Some(outcome);
            }
            client.output.rollback(before);
            let due = std::mem::take(&mut self.state.fx.due);
            self.state.fx.clear();
            if !self.delete_due(&due) {
                break;
            }
        }
        None
    }

    /// All that follows the handler of a client's command: an error is answered, the call is counted, logged and shown, and
    /// its effects are carried out, or its client waits.
    #[inline(always)]
    pub(super) fn conclude(
        &mut self,
        client: &mut Client,
        command: CommandId,
        args: Args<'_>,
        started: Tick,
        outcome: Outcome,
    ) -> Progress {
        let waits = self.state.fx.block.is_some();
        if let Some(nanos) = self.count(command, started, outcome, waits, client.reply()) {
            self.note_slow(client, command, args, nanos);
        }
        self.log(client.db, command, args);
        if !self.shared.monitors.is_empty() {
            self.show_monitors(client, command, args);
        }
        if waits {
            self.wait(client, command, args);
            return Progress::Waits;
        }
        self.settle();
        Progress::Done
    }

    /// Answers the error of a call that ended, and counts the call, unless its client `waits` on: then it counts when that
    /// is over. Returns how long it took, in nanoseconds, if that has to be noted.
    #[inline(always)]
    pub fn count(
        &mut self,
        command: CommandId,
        started: Tick,
        outcome: Outcome,
        waits: bool,
        mut reply: Reply<'_>,
    ) -> Option<u64> {
        let state = &mut *self.state;
        let failed = outcome.is_err_and(|error| {
            reply.error(error.text());
            state.stats.error_replied(error.text());
            true
        });
        state.tick = state.clock.tick();
        let nanos = state.clock.nanos(started, state.tick);
        (!waits && state.stats.called(command, nanos, failed)).then_some(nanos)
    }

    #[cold]
    fn wait(&mut self, client: &mut Client, command: CommandId, args: Args<'_>) {
        let block = self.state.fx.block.take();
        self.settle();
        if let Some(block) = block {
            self.block(client, command, args.to_owned_args(), block);
        }
    }

    #[cold]
    fn note_slow(&self, client: &Client, command: CommandId, args: Args<'_>, nanos: u64) {
        let seconds = self.state.now().seconds();
        self.shared.notes.command(self.shared.setup(), client, command, args, nanos, seconds);
    }
}
