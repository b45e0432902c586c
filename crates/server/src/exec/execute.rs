//! The life of one command: found, checked, run.
//!
//! All checks stand in Redis's order (server.c: processCommand), because it decides which error a client sees. Those that
//! need no more than the client and the configuration are in `gate.rs`; handler and effects are in `effects.rs`,
//! transactions in `unit.rs`.

use super::call::{Call, Run, Scope, Work};
use super::context::ExecContext;
use super::effects::CallOrigin;
use super::gate::{Verdict, refuses};
use super::plan::Planned;
use super::unit;
use crate::client::Client;
use crate::server::Server;
use crate::table::CommandId;
use ochre_engine::command::{DataFn, Error, Outcome};
use ochre_engine::keyspace::Hints;
use ochre_resp::reply::Mark;
use ochre_resp::request::Args;

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It is done; the client can go on.
    Done,
    /// The client waits for something: its further input stays where it is.
    Waits,
    /// The command was not run and has to be offered again when the pause is over.
    Held,
    /// It needs more than its scope has. It had no effect.
    Escalates,
}

/// Runs one command that a client sent.
#[inline(always)]
pub fn execute<S: Scope>(
    scope: &mut S,
    client: &mut Client,
    planned: Planned<'_>,
    args: Args<'_>,
) -> Progress {
    let mark = client.output.mark();
    let command = match admit_at_once(scope, client, planned.command, args) {
        Some(command) => command,
        None => match admit(scope, client, planned.command, args) {
            Ok(command) => command,
            Err(progress) => return end(client, mark, progress),
        },
    };
    let progress = run(scope, client, command, planned.hints, args);
    end(client, mark, progress)
}

/// Ends the reply of a command, or takes it back.
#[inline(always)]
fn end(client: &mut Client, mark: Mark, progress: Progress) -> Progress {
    match progress {
        Progress::Done => client.end_reply(mark),
        Progress::Escalates => client.output.rollback(mark),
        // The reply comes later.
        Progress::Waits | Progress::Held => {}
    }
    progress
}

/// Finds a command that may run without a closer look, which nearly all do: its form is right, and neither the scope nor the
/// state of its client asks for more checks.
#[inline(always)]
fn admit_at_once<S: Scope>(
    scope: &S,
    client: &Client,
    known: Option<CommandId>,
    args: Args<'_>,
) -> Option<CommandId> {
    let setup = scope.shared().setup();
    let is_plain = !scope.must_look_closely() && !setup.must_look_closely(client);
    known.filter(|id| is_plain && setup.commands.get(*id).takes(args.len()))
}

/// Finds a command and makes all checks, in Redis's order. A command that does not run has been refused, queued or held
/// back.
#[inline(never)]
fn admit<S: Scope>(
    scope: &mut S,
    client: &mut Client,
    known: Option<CommandId>,
    args: Args<'_>,
) -> Result<CommandId, Progress> {
    let resolved = scope.shared().setup().resolve(known, args);
    let command = resolved.map_err(|error| refuse(scope, client, None, &error))?;
    if scope.shared().limits_clients_memory()
        && let Some(progress) = pay(scope, client, args)
    {
        return Err(progress);
    }
    match check(scope, client, command, args) {
        Ok(Verdict::Run) => Ok(command),
        Ok(Verdict::Queue) => {
            client.queue(command, args);
            Err(Progress::Done)
        }
        Ok(Verdict::Hold) => Err(match scope.server() {
            Some(server) => {
                server.hold_back(client);
                Progress::Held
            }
            None => Progress::Escalates,
        }),
        Err(error) => Err(refuse(scope, client, Some(command), &error)),
    }
}

/// Accounts what the client costs. Tells what becomes of its command if that is too much.
#[cold]
fn pay<S: Scope>(scope: &mut S, client: &mut Client, args: Args<'_>) -> Option<Progress> {
    match scope.server() {
        Some(server) => server.evict_before(client, args).then_some(Progress::Done),
        None => (!scope.shared().affords(client, args)).then_some(Progress::Escalates),
    }
}

/// All checks, in Redis's order.
fn check<S: Scope>(
    scope: &mut S,
    client: &Client,
    command: CommandId,
    args: Args<'_>,
) -> Result<Verdict, Error> {
    scope.shared().setup().check_call(client, command, args)?;
    let needs_memory = scope.shared().setup().needs_memory(client, command);
    if scope.lacks_memory(needs_memory) {
        return Err(Error::OUT_OF_MEMORY);
    }
    scope.shared().check_state(client, command)
}

/// Answers an error without running the command. EXEC gives its transaction up.
#[cold]
fn refuse<S: Scope>(
    scope: &mut S,
    client: &mut Client,
    command: Option<CommandId>,
    error: &Error,
) -> Progress {
    let is_exec = |id: &CommandId| scope.shared().commands.get(*id).is_exec();
    let Some(exec) = command.filter(is_exec) else {
        refuses(client, &scope.state().stats, command, error);
        return Progress::Done;
    };
    if scope.server().is_none() {
        // The shards of the watched keys may not be at hand.
        return Progress::Escalates;
    }
    unit::refuse(scope, client, exec, error);
    Progress::Done
}

/// Runs a command that passed the checks, and serves the clients that waited for what it did.
#[inline(always)]
fn run<S: Scope>(
    scope: &mut S,
    client: &mut Client,
    command: CommandId,
    hints: Hints<'_>,
    args: Args<'_>,
) -> Progress {
    if let Some(server) = scope.server() {
        server.shared.exclusive.runs(command);
    }
    let progress = call(scope, client, command, hints, args);
    if !scope.state().ready.is_empty() {
        scope.with_context(client, |context: &mut ExecContext<'_>, _: &mut Client| context.serve_ready());
    }
    progress
}

/// Calls the handler of a command that passed the checks, or is part of a transaction, and carries its effects out.
#[inline(always)]
pub(super) fn call<S: Scope>(
    scope: &mut S,
    client: &mut Client,
    command: CommandId,
    hints: Hints<'_>,
    args: Args<'_>,
) -> Progress {
    if let Run::Data(handler) = scope.shared().handlers.get(command) {
        client.last_command = Some(command);
        return scope.with_context(client, RunData { command, handler, hints, args });
    }
    call_other(scope, client, command, args)
}

/// Calls the handler of a command of the server, and carries its effects out.
#[inline(never)]
fn call_other<S: Scope>(scope: &mut S, client: &mut Client, command: CommandId, args: Args<'_>) -> Progress {
    let started = scope.state().tick;
    let Some(outcome) = invoke(scope, client, command, Hints::NONE, args) else {
        return Progress::Escalates;
    };
    scope.with_context(client, |context: &mut ExecContext<'_>, client: &mut Client| {
        context.conclude(client, command, args, started, outcome)
    })
}

/// Runs a command of the log that is loaded: nothing is counted, checked or logged. Its effects stay in the state.
pub fn replay(
    server: &mut Server,
    client: &mut Client,
    command: CommandId,
    hints: Hints<'_>,
    args: Args<'_>,
) -> Outcome {
    invoke(server, client, command, hints, args).unwrap_or(Ok(()))
}

/// Calls the handler of a command. Its effects stay in the worker's state. `None`: the command needs more than the scope
/// has, and nothing has happened.
fn invoke<S: Scope>(
    scope: &mut S,
    client: &mut Client,
    command: CommandId,
    hints: Hints<'_>,
    args: Args<'_>,
) -> Option<Outcome> {
    client.last_command = Some(command);
    Some(match scope.shared().handlers.get(command) {
        Run::Data(handler) => {
            scope.with_context(client, |context: &mut ExecContext<'_>, client: &mut Client| {
                let origin = CallOrigin::of(client, hints);
                context.call_data(client, command, handler, origin, args)
            })?
        }
        Run::Context(handler) => {
            scope.with_context(client, |scope: &mut ExecContext<'_>, client: &mut Client| {
                with_argv_shown(client, args, |client| handler(&mut Call { scope, client, command }, args))
            })
        }
        Run::Server(handler) => {
            let scope = scope.server()?;
            with_argv_shown(client, args, |client| handler(&mut Call { scope, client, command }, args))
        }
        Run::Exec => unit::exec(scope, client)?,
        Run::Container => Err(Error::arity(&scope.shared().commands.get(command).full_name)),
    })
}

/// Calls the handler of a data command and carries its effects out.
struct RunData<'h, 'a> {
    command: CommandId,
    handler: DataFn,
    hints: Hints<'h>,
    args: Args<'a>,
}

impl Work for RunData<'_, '_> {
    type Output = Progress;

    #[inline(always)]
    fn run(self, context: &mut ExecContext<'_>, client: &mut Client) -> Progress {
        let RunData { command, handler, hints, args } = self;
        let started = context.state.tick;
        let origin = CallOrigin::of(client, hints);
        match context.call_data(client, command, handler, origin, args) {
            Some(outcome) => context.conclude(client, command, args, started, outcome),
            None => Progress::Escalates,
        }
    }
}

/// Lets CLIENT LIST and CLIENT INFO show how long the arguments of the command under way are.
#[inline]
fn with_argv_shown(
    client: &mut Client,
    args: Args<'_>,
    work: impl FnOnce(&mut Client) -> Outcome,
) -> Outcome {
    client.argv_bytes = args.total_bytes();
    let outcome = work(client);
    client.argv_bytes = 0;
    outcome
}
