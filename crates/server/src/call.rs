//! Calling the handler of a command, and what follows from that, in either mode.
//!
//! ```text
//! handler (reply, effects) ──> conclude: error, time, log, monitors ── a wait, or effects
//! ```

use crate::client::{Client, Flags};
use crate::clock::Tick;
use crate::commands::LocalCall;
use crate::context::ExecContext;
use crate::server::Lane;
use crate::table::{CommandId, Entry, LocalFn};
use crate::worker::Common;
use ochre_engine::command::{Caller, Ctx, DataFn, Outcome};
use ochre_engine::keyspace::{DbIndex, ExpiryMode, Hints, View};
use ochre_resp::reply::Reply;
use ochre_resp::request::Args;

/// What became of a command whose handler was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It is done.
    Done,
    /// Its client waits.
    Waits,
}

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
    /// Calls the handler of a data command. Its effects stay in the lane.
    #[inline(always)]
    pub fn call_data(
        &mut self,
        entry: &Entry,
        handler: DataFn,
        origin: CallOrigin<'_>,
        reply: Reply<'_>,
        args: Args<'_>,
    ) -> Outcome {
        let ExecContext { shards, hall, lane, .. } = self;
        let (settings, now) = (hall.settings, lane.clock.unix_ms(lane.tick));
        lane.access.frozen = origin.no_touch;
        let view = View {
            db: origin.db,
            now,
            settings,
            access: &mut lane.access,
            // The log that is loaded says itself which keys are gone.
            expiry: if origin.caller.trusted { ExpiryMode::Ignore } else { hall.expiry },
            hints: origin.hints,
            fx: &mut lane.fx,
        };
        let mut ctx = Ctx {
            keys: shards.keys(view),
            reply,
            settings,
            now,
            rng: &mut lane.rng,
            caller: origin.caller,
            name: &entry.full_name,
        };
        handler(&mut ctx, args)
    }

    /// All that follows the handler of a client's command: an error is answered, the call is counted, logged and shown, and
    /// its effects are carried out, or its client waits.
    #[inline(always)]
    pub fn conclude(
        &mut self,
        client: &mut Client,
        command: CommandId,
        args: Args<'_>,
        started: Tick,
        outcome: Outcome,
    ) -> End {
        let waits = self.lane.fx.block.is_some();
        if let Some(nanos) = self.count(command, started, outcome, waits, client.reply()) {
            self.note_slow(client, command, args, nanos);
        }
        let entry = self.hall.commands.get(command);
        self.log(client.db, entry, args);
        if !self.hall.monitors.is_empty() {
            self.show_monitors(client, entry, args);
        }
        if waits {
            self.wait(client, command, args);
            return End::Waits;
        }
        self.settle();
        End::Done
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
        let failed = outcome.is_err_and(|error| {
            reply.error(error.text());
            self.stats.error_replied(error.text());
            true
        });
        let lane = &mut *self.lane;
        lane.tick = lane.clock.tick();
        let nanos = lane.clock.nanos(started, lane.tick);
        (!waits && self.stats.called(command, nanos, failed)).then_some(nanos)
    }

    #[cold]
    fn wait(&mut self, client: &mut Client, command: CommandId, args: Args<'_>) {
        let block = self.lane.fx.block.take();
        self.settle();
        if let Some(block) = block {
            self.block(client, command, args.to_owned_args(), block);
        }
    }

    #[cold]
    fn note_slow(&self, client: &Client, command: CommandId, args: Args<'_>, nanos: u64) {
        let seconds = self.lane.clock.unix_ms(self.lane.tick).seconds();
        self.hall.notes.command(self.hall.setup(), client, command, args, nanos, seconds);
    }
}

/// Calls the handler of a command that changes nothing but its client.
#[inline]
pub fn call_local(
    server: Common<'_>,
    lane: &Lane,
    client: &mut Client,
    command: CommandId,
    handler: LocalFn,
    args: Args<'_>,
) -> Outcome {
    client.argv_bytes = args.total_bytes();
    let outcome = handler(&mut LocalCall { server, lane, client, command }, args);
    client.argv_bytes = 0;
    outcome
}
