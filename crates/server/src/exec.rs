//! The life of one command: found, checked, run, its effects carried out.
//!
//! ```text
//! execute ── resolve name ── gate (arity, auth, memory, context) ──┬─ queue (inside MULTI)
//!                                                                   ├─ hold  (paused)
//!                                                                   └─ run ── handler ── effects
//! ```
//! The order of the checks is that of Redis (server.c: processCommand), because it decides which
//! of several errors a client sees.

use crate::client::{Client, Flags, ReplyMode};
use crate::commands::Call;
use crate::plan::Planned;
use crate::server::{Lane, Server};
use crate::table::{CommandId, Entry, Run};
use ochre_engine::command::flags::*;
use ochre_engine::command::{Caller, Ctx, DataFn, Error, Outcome};
use ochre_engine::error::c_text;
use ochre_engine::keyspace::{DbIndex, ExpiryMode, Hints, Keys, View};
use ochre_engine::level::Level;
use ochre_engine::settings::Settings;
use ochre_resp::reply::{Protocol, Reply};
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
        match client.reply_mode {
            ReplyMode::On => {}
            ReplyMode::SkipNext => client.reply_mode = ReplyMode::Skip,
            ReplyMode::Off => client.output.rollback(mark),
            ReplyMode::Skip => {
                client.output.rollback(mark);
                client.reply_mode = ReplyMode::On;
            }
        }
        if !client.late_pushes.is_empty() {
            client.output.append(&std::mem::take(&mut client.late_pushes));
        }
        self.serve_ready(client);
        step
    }

    fn dispatch(&mut self, client: &mut Client, planned: Planned<'_>, args: Args<'_>) -> Step {
        let command = match self.resolve(planned.command, args) {
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
                client.multi.get_or_insert_default().push(command, args.to_owned_args());
                client.reply().simple("QUEUED");
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

    /// The command or subcommand that these arguments name.
    pub fn resolve(&self, known: Option<CommandId>, args: Args<'_>) -> Result<CommandId, Error> {
        let Some(id) = known.or_else(|| self.commands.find(args.get(0))) else {
            return Err(unknown_command(self.settings.level, args));
        };
        if self.commands.get(id).subcommands.is_empty() {
            return Ok(id);
        }
        let Some(sub) = args.try_get(1) else { return Ok(id) };
        self.commands.find_sub(id, sub).ok_or_else(|| {
            if self.settings.level < Level::V7_0 {
                return self.subcommand_syntax(id, args);
            }
            let name = self.commands.get(id).full_name.to_ascii_uppercase();
            Error::quoting(&[b"ERR unknown subcommand '", shown(sub), b"'. Try ", name.as_bytes(), b" HELP."])
        })
    }

    /// The error for arguments that no form of a subcommand takes; up to 6.2 also for unknown subcommands.
    pub fn subcommand_syntax(&self, command: CommandId, args: Args<'_>) -> Error {
        let entry = self.commands.get(command);
        let name = entry.meta.container.unwrap_or(entry.meta.name).to_ascii_uppercase();
        let sub = shown(args.try_get(1).unwrap_or_default());
        let start: &[u8] = if self.settings.level < Level::V7_0 { b"ERR Unknown" } else { b"ERR unknown" };
        let middle: &[u8] = b" subcommand or wrong number of arguments for '";
        Error::quoting(&[start, middle, sub, b"'. Try ", name.as_bytes(), b" HELP."])
    }

    fn gate(&mut self, client: &mut Client, command: CommandId, args: Args<'_>) -> Result<Gate, Error> {
        let entry = self.commands.get(command);
        let flags = entry.meta.flags;
        if !entry.arity_fits(args.len()) || matches!(entry.run, Run::Container) {
            let old = self.settings.level < Level::V7_0 && entry.meta.container.is_some();
            return Err(if old {
                self.subcommand_syntax(command, args)
            } else {
                Error::arity(&entry.full_name)
            });
        }
        if client.flags.contains(Flags::UNAUTHENTICATED)
            && flags & NO_AUTH == 0
            && self.must_authenticate(client)
        {
            return Err(Error::fixed("NOAUTH Authentication required."));
        }
        if client.flags.contains(Flags::MULTI) && flags & NO_MULTI != 0 {
            return Err(Error::fixed("ERR Command not allowed inside a transaction"));
        }
        if self.settings.maxmemory > 0 {
            self.keep_memory_limit(self.flags_with_queue(client, command))?;
        }
        let restricted = self.persistence.restricts();
        if restricted {
            let flags = self.flags_with_queue(client, command);
            self.refuse_unsafe_write(flags, self.commands.get(command).meta.name == "ping")?;
        }
        let entry = self.commands.get(command);
        if client.flags.contains(Flags::PUBSUB) && client.protocol == Protocol::Resp2 {
            subscriber_may(entry)?;
        }
        if restricted {
            self.refuse_while_loading(self.flags_in_common(client, command))?;
        }
        let entry = self.commands.get(command);
        let queues = client.flags.contains(Flags::MULTI) && !leaves_transaction(entry);
        if self.holds_back(client, command) {
            return Ok(Gate::Hold);
        }
        Ok(if queues { Gate::Queue } else { Gate::Run })
    }

    /// The properties of a command; EXEC has those of the commands it would run.
    pub fn flags_with_queue(
        &self,
        client: &Client,
        command: CommandId,
    ) -> ochre_engine::command::flags::Flags {
        let entry = self.commands.get(command);
        let queue = client.multi.as_ref().filter(|_| &*entry.full_name == "exec");
        let queued = queue.into_iter().flat_map(|multi| &multi.commands);
        queued.fold(entry.meta.flags, |all, (id, _)| all | self.commands.get(*id).meta.flags)
    }

    /// The properties that a command shares with the commands EXEC would run for it.
    fn flags_in_common(&self, client: &Client, command: CommandId) -> ochre_engine::command::flags::Flags {
        let entry = self.commands.get(command);
        let queue = client.multi.as_ref().filter(|_| &*entry.full_name == "exec");
        let queued = queue.into_iter().flat_map(|multi| &multi.commands);
        queued.fold(entry.meta.flags, |all, (id, _)| all & self.commands.get(*id).meta.flags)
    }

    /// Answers an error without running the command; a transaction being queued is spoilt.
    fn reject(&mut self, client: &mut Client, command: Option<CommandId>, error: &Error) {
        if client.flags.contains(Flags::MULTI) {
            client.flags.insert(Flags::DIRTY_EXEC);
        }
        let is_exec = command.is_some_and(|id| {
            self.stats.rejected(id);
            &*self.commands.get(id).full_name == "exec"
        });
        if is_exec {
            self.discard_transaction(client);
            let reason = error.text().strip_prefix(b"ERR ").unwrap_or(error.text());
            client.reply().error([b"EXECABORT Transaction discarded because of: ", reason].concat());
        } else {
            client.reply().error(error.text());
        }
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
            self.show_monitors(client, command, args);
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
    fn show_monitors(&mut self, client: &mut Client, command: CommandId, args: Args<'_>) {
        let unix_us = self.lane.clock.unix_us(self.lane.tick);
        let mut letters = Vec::new();
        let entry = self.commands.get(command);
        self.monitors.show(client, unix_us, entry, args, &mut |letter| letters.push(letter));
        self.hand_over_all(client, letters);
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

/// What becomes of keys whose time has come: the log that is loaded decides about that itself.
#[inline]
fn expiry_mode(trusted: bool, paused: bool) -> ExpiryMode {
    match (trusted, paused) {
        (true, _) => ExpiryMode::Ignore,
        (false, true) => ExpiryMode::Hide,
        (false, false) => ExpiryMode::Delete,
    }
}

/// What the checks decided.
enum Gate {
    Run,
    Queue,
    Hold,
}

/// Commands that are not queued inside MULTI.
fn leaves_transaction(entry: &Entry) -> bool {
    matches!(entry.meta.name, "exec" | "discard" | "multi" | "watch" | "quit" | "reset")
        && entry.parent.is_none()
}

/// A RESP2 client with subscriptions may only change them, and a few more.
fn subscriber_may(entry: &Entry) -> Result<(), Error> {
    const ALLOWED: [&str; 9] = [
        "ping",
        "subscribe",
        "ssubscribe",
        "unsubscribe",
        "sunsubscribe",
        "psubscribe",
        "punsubscribe",
        "quit",
        "reset",
    ];
    if ALLOWED.contains(&&*entry.full_name) {
        return Ok(());
    }
    Err(Error::new(format!(
        "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
        entry.full_name
    )))
}

/// As much of a name as error texts show.
fn shown(name: &[u8]) -> &[u8] {
    &name[..name.len().min(128)]
}

/// The error for a name that no command has; its wording changed with 5.0 and 7.0.
fn unknown_command(level: Level, args: Args<'_>) -> Error {
    let name = shown(args.get(0));
    if level < Level::V5_0 {
        return Error::quoting(&[b"ERR unknown command '", name, b"'"]);
    }
    let quotes: [&[u8]; 4] =
        if level < Level::V7_0 { [b"`", b"`", b"`", b"`, "] } else { [b"'", b"'", b"'", b"' "] };
    let mut listed = Vec::new();
    for arg in args.iter().skip(1) {
        if listed.len() >= 128 {
            break;
        }
        let arg = c_text(arg);
        let arg = &arg[..arg.len().min(128 - listed.len())];
        listed.extend_from_slice(&[quotes[2], arg, quotes[3]].concat());
    }
    let middle: &[u8] = b", with args beginning with: ";
    Error::quoting(&[b"ERR unknown command ", quotes[0], name, quotes[1], middle, &listed])
}
