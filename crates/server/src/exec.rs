//! The life of one command: found, checked, run, its effects carried out.
//!
//! ```text
//! execute ── resolve name ── gate (call, auth, memory, context) ───┬─ queue (inside MULTI)
//!                                                                   ├─ hold  (paused)
//!                                                                   └─ run ── handler ── effects
//! ```
//! The checks that need no more than the client and the configuration are in `gate.rs`.

use crate::client::{Client, Flags};
use crate::commands::{Call, FloorCall, LocalCall};
use crate::gate::{Gate, check_context, is_queued};
use crate::plan::Planned;
use crate::server::{Lane, Server};
use crate::stats::Stats;
use crate::table::{CommandId, Entry, LocalFn, Run};
use crate::worker::Common;
use ochre_engine::command::{Caller, Ctx, DataFn, Error, Outcome};
use ochre_engine::keyspace::{DbIndex, ExpiryMode, Hints, Keys, View};
use ochre_engine::settings::Settings;
use ochre_resp::reply::Reply;
use ochre_resp::request::Args;

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is done; the client can go on.
    Done,
    /// The client waits for something: its further input stays where it is.
    Blocked,
    /// The command was not run and has to be offered again when the server is no longer paused.
    Held,
}

impl Server {
    /// Runs one command that a client sent.
    pub fn execute(&mut self, client: &mut Client, planned: Planned<'_>, args: Args<'_>) -> Step {
        let mark = client.output.mark();
        let step = self.dispatch(client, planned, args);
        if step == Step::Done {
            client.end_reply(mark);
        }
        self.serve_ready(client);
        step
    }

    fn dispatch(&mut self, client: &mut Client, planned: Planned<'_>, args: Args<'_>) -> Step {
        let command = match self.setup().resolve(planned.command, args) {
            Ok(command) => command,
            Err(error) => {
                self.reject(client, None, &error);
                return Step::Done;
            }
        };
        if self.limits_clients_memory() && self.evict_before(client, args) {
            return Step::Done;
        }
        match self.gate(client, command, args) {
            Ok(Gate::Run) => {}
            Ok(Gate::Queue) => {
                client.queue(command, args);
                return Step::Done;
            }
            Ok(Gate::Hold) => return Step::Held,
            Err(error) => {
                self.reject(client, Some(command), &error);
                return Step::Done;
            }
        }
        self.run(client, command, args, planned.hints);
        if client.flags.contains(Flags::BLOCKED) { Step::Blocked } else { Step::Done }
    }

    /// All checks, those that depend on the state of the server in their places among the others.
    fn gate(&mut self, client: &mut Client, command: CommandId, args: Args<'_>) -> Result<Gate, Error> {
        self.setup().check_call(client, command, args)?;
        if self.settings.maxmemory > 0 {
            self.keep_memory_limit(self.setup().flags_with_queue(client, command))?;
        }
        let restricted = self.persistence.restricts();
        if restricted {
            let flags = self.setup().flags_with_queue(client, command);
            self.refuse_unsafe_write(flags, self.commands.get(command).meta.name == "ping")?;
        }
        check_context(client, self.commands.get(command))?;
        if restricted {
            self.refuse_while_loading(self.flags_in_common(client, command))?;
        }
        if self.holds_back(client, command) {
            return Ok(Gate::Hold);
        }
        Ok(if is_queued(client, self.commands.get(command)) { Gate::Queue } else { Gate::Run })
    }

    /// The properties that a command shares with the commands EXEC would run for it.
    fn flags_in_common(&self, client: &Client, command: CommandId) -> ochre_engine::command::flags::Flags {
        let entry = self.commands.get(command);
        let queue = client.multi.as_ref().filter(|_| &*entry.full_name == "exec");
        let queued = queue.into_iter().flat_map(|multi| &multi.commands);
        queued.fold(entry.meta.flags, |all, (id, _)| all & self.commands.get(*id).meta.flags)
    }

    /// Answers an error without running the command. EXEC gives its transaction up.
    fn reject(&mut self, client: &mut Client, command: Option<CommandId>, error: &Error) {
        let Some(exec) = command.filter(|id| is_exec(self.commands.get(*id))) else {
            return refuse(client, &self.stats, command, error);
        };
        self.stats.rejected(exec);
        self.floor().discard_transaction(client);
        let reason = error.text().strip_prefix(b"ERR ").unwrap_or(error.text());
        client.reply().error([b"EXECABORT Transaction discarded because of: ", reason].concat());
        self.stats.error_replied(error.text());
    }

    /// Runs a command and carries its effects out.
    pub fn run(&mut self, client: &mut Client, command: CommandId, args: Args<'_>, hints: Hints<'_>) {
        let started = self.lane.tick;
        self.exclusive.runs(command);
        let outcome = self.call_handler(client, command, args, hints);
        let failed = self.settle_outcome(client, outcome);
        self.lane.tick = self.lane.clock.tick();
        let nanos = self.lane.clock.nanos(started, self.lane.tick);
        // A command that has to wait counts when it is done.
        if self.lane.fx.block.is_none() && self.stats.called(command, nanos, failed) {
            self.note_slow(client, command, args, nanos);
        }
        if !self.monitors.is_empty() {
            self.on_floor(client, |floor, client| {
                floor.show_monitors(client, floor.hall.commands.get(command), args);
            });
        }
        self.carry_out(client, command, args);
    }

    /// Runs the handler of a command and leaves its effects where they are.
    #[inline]
    pub fn call_handler(
        &mut self,
        client: &mut Client,
        command: CommandId,
        args: Args<'_>,
        hints: Hints<'_>,
    ) -> Outcome {
        let entry = self.commands.get(command);
        client.last_command = Some(command);
        match entry.run {
            Run::Data(handler) => {
                let trusted = client.flags.contains(Flags::INTERNAL);
                let expiry = expiry_mode(trusted, self.pause.is_on());
                let voice = Voice::of(client, hints);
                let (lane, world) = (&mut self.lane, &mut self.world);
                let settings = &self.settings;
                let reply = client.reply();
                call_data(
                    lane,
                    settings,
                    entry,
                    handler,
                    expiry,
                    voice,
                    |view| Keys::new(world, view),
                    reply,
                    args,
                )
            }
            Run::Local(handler) | Run::Survey(handler) => {
                let (server, lane) = Common::alone(self);
                call_local(server, lane, client, command, handler, args)
            }
            Run::Floor(_, handler) => {
                self.on_floor(client, |floor, client| handler(&mut FloorCall { floor, client }, args))
            }
            Run::Exec => self.exec(client),
            Run::Server(handler) => {
                client.argv_bytes = args.total_bytes();
                let outcome = handler(&mut Call { server: self, client, command }, args);
                client.argv_bytes = 0;
                outcome
            }
            Run::Container => Err(Error::arity(&entry.full_name)),
        }
    }

    /// Writes the error of a command that failed. True if there was one.
    #[inline]
    fn settle_outcome(&mut self, client: &mut Client, outcome: Outcome) -> bool {
        match outcome {
            Ok(()) => false,
            Err(error) => {
                client.reply().error(error.text());
                self.stats.error_replied(error.text());
                true
            }
        }
    }

    /// Does what a command reported: events, broken transactions, keys ready, waiting, freeing.
    #[inline(always)]
    fn carry_out(&mut self, client: &mut Client, command: CommandId, args: Args<'_>) {
        if self.lane.fx.propagates {
            self.propagate(client, command, args);
        }
        let fx = &mut self.lane.fx;
        self.stats.dirty += fx.dirty;
        self.stats.keyspace_hits += fx.stats.hits;
        self.stats.keyspace_misses += fx.stats.misses;
        fx.stats.hits = 0;
        fx.stats.misses = 0;
        if fx.is_quiet() {
            fx.dirty = 0;
            return;
        }
        self.carry_out_rare(client, command, args);
    }

    #[cold]
    fn carry_out_rare(&mut self, client: &mut Client, command: CommandId, args: Args<'_>) {
        let block = self.lane.fx.block.take();
        self.on_floor(client, |floor, client| {
            floor.deliver();
            if let Some(block) = block {
                floor.block(client, command, args.to_owned_args(), block);
            }
        });
    }
}

/// On whose behalf a data command is called.
pub struct Voice<'a> {
    /// The database.
    pub db: DbIndex,
    /// Accesses leave no trace.
    pub no_touch: bool,
    /// Hashes of its keys.
    pub hints: Hints<'a>,
    /// Who calls.
    pub caller: Caller,
}

impl<'a> Voice<'a> {
    /// A client.
    #[inline]
    pub fn of(client: &Client, hints: Hints<'a>) -> Voice<'a> {
        let trusted = client.flags.contains(Flags::INTERNAL);
        let no_blocking = client.flags.contains(Flags::DENY_BLOCKING);
        let caller = Caller { no_blocking, unblocked: false, trusted };
        Voice { db: client.db, no_touch: client.flags.contains(Flags::NO_TOUCH), hints, caller }
    }
}

/// Calls the handler of a data command; `open` makes the view of the keys. Its effects stay in the lane.
#[inline]
#[allow(clippy::too_many_arguments)]
pub fn call_data<'a>(
    lane: &'a mut Lane,
    settings: &'a Settings,
    entry: &'a Entry,
    handler: DataFn,
    expiry: ExpiryMode,
    voice: Voice<'a>,
    open: impl FnOnce(View<'a>) -> Keys<'a>,
    reply: Reply<'a>,
    args: Args<'_>,
) -> Outcome {
    let now = lane.clock.unix_ms(lane.tick);
    lane.access.frozen = voice.no_touch;
    let view = View {
        db: voice.db,
        now,
        settings,
        access: &mut lane.access,
        expiry,
        hints: voice.hints,
        fx: &mut lane.fx,
    };
    let mut ctx = Ctx {
        keys: open(view),
        reply,
        settings,
        now,
        rng: &mut lane.rng,
        caller: voice.caller,
        name: &entry.full_name,
    };
    handler(&mut ctx, args)
}

/// Whether a command ends a transaction by running it, also if it is refused.
pub fn is_exec(entry: &Entry) -> bool {
    &*entry.full_name == "exec"
}

/// Answers an error without running the command, which is not EXEC; a transaction being queued is spoilt.
#[cold]
pub fn refuse(client: &mut Client, stats: &Stats, command: Option<CommandId>, error: &Error) {
    if client.flags.contains(Flags::MULTI) {
        client.flags.insert(Flags::DIRTY_EXEC);
    }
    if let Some(command) = command {
        stats.rejected(command);
    }
    client.reply().error(error.text());
    stats.error_replied(error.text());
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
    client.last_command = Some(command);
    let outcome = handler(&mut LocalCall { server, lane, client, command }, args);
    client.argv_bytes = 0;
    outcome
}

/// What becomes of keys whose time has come: the log that is loaded decides about that itself.
#[inline]
fn expiry_mode(trusted: bool, paused: bool) -> ExpiryMode {
    match (trusted, paused) {
        (true, _) => ExpiryMode::Ignore,
        (false, true) => ExpiryMode::Hide,
        (false, false) => ExpiryMode::Delete,
    }
}
