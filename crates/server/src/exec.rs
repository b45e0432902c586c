//! The life of one command: found, checked, run, its effects carried out.
//!
//! ```text
//! execute ── resolve name ── gate (call, auth, memory, context) ───┬─ queue (inside MULTI)
//!                                                                   ├─ hold  (paused)
//!                                                                   └─ run ── handler ── effects
//! ```
//! This is the way that is open to every command at any time, in the exclusive mode. Most commands take a shorter
//! one (`worker/batch_executor.rs`), which does without the checks that never fail while nothing is going on that concerns all
//! commands. The checks that need no more than the client and the configuration are in `gate.rs`, handler and effects
//! in `call.rs`: both ways share them.

use crate::call::{CallOrigin, call_local};
use crate::client::{Client, Flags};
use crate::commands::{Call, ContextCall};
use crate::gate::{Gate, check_context, is_queued};
use crate::plan::Planned;
use crate::server::Server;
use crate::stats::Stats;
use crate::table::{CommandId, Entry, Run};
use crate::worker::Common;
use ochre_engine::command::{Error, Outcome};
use ochre_engine::keyspace::Hints;
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
            self.keep_memory_limit(self.setup().needs_memory(client, command))?;
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
        self.context().discard_transaction(client);
        let reason = error.text().strip_prefix(b"ERR ").unwrap_or(error.text());
        let text = [b"EXECABORT Transaction discarded because of: ", reason].concat();
        self.stats.error_replied(&text);
        client.reply().error(text);
    }

    /// Runs a command and carries its effects out.
    pub fn run(&mut self, client: &mut Client, command: CommandId, args: Args<'_>, hints: Hints<'_>) {
        let started = self.lane.tick;
        self.exclusive.runs(command);
        let outcome = self.call_handler(client, command, args, hints);
        self.with_context(client, |context, client| {
            context.conclude(client, command, args, started, outcome)
        });
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
                let (mut context, origin) = (self.context(), CallOrigin::of(client, hints));
                let entry = context.hall.commands.get(command);
                context.call_data(entry, handler, origin, client.reply(), args)
            }
            Run::Context(_, handler) => self
                .with_context(client, |context, client| handler(&mut ContextCall { context, client }, args)),
            Run::Local(handler) | Run::Survey(handler) => {
                let (server, lane) = Common::alone(self);
                call_local(server, lane, client, command, handler, args)
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
