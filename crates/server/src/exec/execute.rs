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
use crate::clock::Tick;
use crate::server::Server;
use crate::table::CommandId;
use ochre_engine::command::{DataFn, Error, Outcome};
use ochre_engine::keyspace::Hints;
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
    let progress = match admit(scope, client, planned, args) {
        Ok(Admitted::Run(command)) => run(scope, client, command, planned.hints, args),
        Ok(Admitted::Ended(progress)) => progress,
        Err((command, error)) => refuse(scope, client, command, &error),
    };
    match progress {
        Progress::Done => client.end_reply(mark),
        Progress::Escalates => client.output.rollback(mark),
        // The reply comes later.
        Progress::Waits | Progress::Held => {}
    }
    progress
}

/// What the checks came to.
enum Admitted {
    /// The command runs.
    Run(CommandId),
    /// It does not, and that is all.
    Ended(Progress),
}

/// Finds a command and checks whether it may run.
#[inline(always)]
fn admit<S: Scope>(
    scope: &mut S,
    client: &mut Client,
    planned: Planned<'_>,
    args: Args<'_>,
) -> Result<Admitted, (Option<CommandId>, Error)> {
    let command = scope.shared().setup().resolve(planned.command, args).map_err(|error| (None, error))?;
    if scope.shared().limits_clients_memory()
        && let Some(progress) = pay(scope, client, args)
    {
        return Ok(Admitted::Ended(progress));
    }
    let verdict = check(scope, client, command, args).map_err(|error| (Some(command), error))?;
    Ok(match verdict {
        Verdict::Run => Admitted::Run(command),
        Verdict::Queue => {
            client.queue(command, args);
            Admitted::Ended(Progress::Done)
        }
        Verdict::Hold => Admitted::Ended(match scope.server() {
            Some(server) => {
                server.hold_back(client);
                Progress::Held
            }
            None => Progress::Escalates,
        }),
    })
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
#[inline(always)]
fn check<S: Scope>(
    scope: &mut S,
    client: &Client,
    command: CommandId,
    args: Args<'_>,
) -> Result<Verdict, Error> {
    let setup = scope.shared().setup();
    if !S::MEETS_RESTRICTIONS && !scope.is_short_of_memory() && !setup.must_look_closely(client) {
        setup.check_form(command, args)?;
        return Ok(Verdict::Run);
    }
    check_closely(scope, client, command, args)
}

#[inline(never)]
fn check_closely<S: Scope>(
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
    let started = scope.state().tick;
    let Some(outcome) = invoke(scope, client, command, hints, args) else { return Progress::Escalates };
    scope.with_context(client, Conclude { command, args, started, outcome })
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
#[inline(always)]
fn invoke<S: Scope>(
    scope: &mut S,
    client: &mut Client,
    command: CommandId,
    hints: Hints<'_>,
    args: Args<'_>,
) -> Option<Outcome> {
    client.last_command = Some(command);
    Some(match scope.shared().handlers.get(command) {
        Run::Data(handler) => scope.with_context(client, CallData { command, handler, hints, args })?,
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

/// Calls the handler of a data command.
struct CallData<'h, 'a> {
    command: CommandId,
    handler: DataFn,
    hints: Hints<'h>,
    args: Args<'a>,
}

impl Work for CallData<'_, '_> {
    type Output = Option<Outcome>;

    #[inline(always)]
    fn run(self, context: &mut ExecContext<'_>, client: &mut Client) -> Option<Outcome> {
        let origin = CallOrigin::of(client, self.hints);
        context.call_data(client, self.command, self.handler, origin, self.args)
    }
}

/// Carries out what a command did.
struct Conclude<'a> {
    command: CommandId,
    args: Args<'a>,
    started: Tick,
    outcome: Outcome,
}

impl Work for Conclude<'_> {
    type Output = Progress;

    #[inline(always)]
    fn run(self, context: &mut ExecContext<'_>, client: &mut Client) -> Progress {
        context.conclude(client, self.command, self.args, self.started, self.outcome)
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
