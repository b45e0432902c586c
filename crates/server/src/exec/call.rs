//! What runs a command, and what it gets.
//!
//! A declaration of the server's commands names a [`Handler`]: the function, and what it reaches, which decides what is
//! locked before it runs. There is one type of call, [`Call`], over one of two scopes.

use super::context::ExecContext;
use crate::client::Client;
use crate::server::Server;
use crate::setup::Setup;
use crate::shared::SharedState;
use crate::table::{CommandId, CommandTable, Reach};
use crate::worker_state::WorkerState;
use ochre_engine::command::{Args, Command, DataFn, Error, Meta, Outcome, Spec};
use ochre_engine::keyspace::ClientId;
use ochre_engine::level::Level;
use ochre_engine::time::UnixMs;
use ochre_resp::reply::Reply;

/// What a command may reach besides its client.
pub trait Scope {
    /// Whether more than the form of a call has to be checked: conditions of the server, such as a pause, may concern the
    /// command, or memory may not suffice. A batch over one context only runs while there are no such conditions.
    fn must_look_closely(&self) -> bool;

    /// What all workers see.
    fn shared(&self) -> &SharedState;

    /// The state of the worker that runs the command.
    fn state(&mut self) -> &mut WorkerState;

    /// Does something over a context. Messages that it makes are on their way afterwards.
    fn with_context<W: Work>(&mut self, client: &mut Client, work: W) -> W::Output;

    /// The whole server, if that is the scope.
    fn server(&mut self) -> Option<&mut Server>;

    /// Makes room for a command that `needs` more memory, if need be. True if there is not enough, and nothing can be
    /// evicted.
    fn lacks_memory(&mut self, needs: bool) -> bool;
}

/// Something that is done over a context. Closures are; the work of every command is not a closure, because that cannot be
/// forced to be inlined where it is done.
pub trait Work {
    /// What it returns.
    type Output;

    /// Does it.
    fn run(self, context: &mut ExecContext<'_>, client: &mut Client) -> Self::Output;
}

impl<R, F: FnOnce(&mut ExecContext<'_>, &mut Client) -> R> Work for F {
    type Output = R;

    #[inline(always)]
    fn run(self, context: &mut ExecContext<'_>, client: &mut Client) -> R {
        self(context, client)
    }
}

impl Scope for ExecContext<'_> {
    #[inline(always)]
    fn must_look_closely(&self) -> bool {
        self.must_look_closely
    }

    #[inline(always)]
    fn shared(&self) -> &SharedState {
        self.shared
    }

    #[inline(always)]
    fn state(&mut self) -> &mut WorkerState {
        self.state
    }

    #[inline(always)]
    fn with_context<W: Work>(&mut self, client: &mut Client, work: W) -> W::Output {
        work.run(self, client)
    }

    #[inline(always)]
    fn server(&mut self) -> Option<&mut Server> {
        None
    }

    #[inline(always)]
    fn lacks_memory(&mut self, needs: bool) -> bool {
        needs && self.lacks_memory
    }
}

impl Scope for Server {
    fn must_look_closely(&self) -> bool {
        true
    }

    fn shared(&self) -> &SharedState {
        &self.shared
    }

    fn state(&mut self) -> &mut WorkerState {
        &mut self.state
    }

    fn with_context<W: Work>(&mut self, client: &mut Client, work: W) -> W::Output {
        Server::with_context(self, client, |context, client| work.run(context, client))
    }

    fn server(&mut self) -> Option<&mut Server> {
        Some(self)
    }

    fn lacks_memory(&mut self, needs: bool) -> bool {
        self.shared.settings.maxmemory > 0 && self.is_stuck_above_limit() && needs
    }
}

/// One call of a command.
pub struct Call<'a, S> {
    /// What the command may reach.
    pub scope: &'a mut S,
    /// The client that called; it is not in its place while its command runs.
    pub client: &'a mut Client,
    /// The command.
    pub command: CommandId,
}

/// The call of a command that runs beside those of other workers.
pub type ContextCall<'a, 'c> = Call<'a, ExecContext<'c>>;

/// The call of a command that needs the whole server.
pub type ServerCall<'a> = Call<'a, Server>;

impl<S: Scope> Call<'_, S> {
    /// The reply of the calling client.
    #[inline]
    pub fn reply(&mut self) -> Reply<'_> {
        self.client.reply()
    }

    /// The error for arguments that no form of the subcommand takes.
    pub fn subcommand_syntax(&self, args: Args<'_>) -> Error {
        self.scope.shared().setup().subcommand_syntax(self.command, args)
    }
}

impl ContextCall<'_, '_> {
    /// The time of the command under way.
    pub fn now(&self) -> UnixMs {
        self.scope.state.now()
    }

    /// Answers HELP, a subcommand, with these lines about its siblings.
    pub fn help(&mut self, lines: &[&str]) -> Outcome {
        let shared = self.scope.shared;
        let container = shared.commands.get(self.command).meta.container.unwrap_or_default();
        help(&mut self.reply(), shared.settings.level, &container.to_ascii_uppercase(), lines)
    }
}

impl ServerCall<'_> {
    /// A client by its id, be it the caller or another, and what is needed to describe it.
    pub fn find(&mut self, id: ClientId) -> Option<(&Client, Setup<'_>)> {
        let Server { clients, shared, .. } = &mut *self.scope;
        let client = if id == self.client.id { &*self.client } else { clients.by_id(id)? };
        Some((client, shared.setup()))
    }
}

/// Answers the HELP of a container: its form, the lines given, and HELP itself.
pub fn help(reply: &mut Reply<'_>, level: Level, container: &str, lines: &[&str]) -> Outcome {
    let tail: &[&str] = match level {
        level if level < Level::V6_2 => &[],
        _ => &["HELP", "    Print this help."],
    };
    reply.array(1 + lines.len() + tail.len());
    reply.simple(&format!("{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    lines.iter().chain(tail).for_each(|line| reply.simple(line));
    Ok(())
}

/// A handler that runs over a context.
pub type ContextFn = for<'a, 'c, 'b> fn(&mut ContextCall<'a, 'c>, Args<'b>) -> Outcome;

/// A handler that needs the whole server.
pub type ServerFn = for<'a, 'b> fn(&mut ServerCall<'a>, Args<'b>) -> Outcome;

/// What runs a command.
#[derive(Clone, Copy)]
pub enum Run {
    /// A data command of the engine.
    Data(DataFn),
    /// A command of the server over a context.
    Context(ContextFn),
    /// A command of the server that needs all of it.
    Server(ServerFn),
    /// The queue of the client: EXEC.
    Exec,
    /// Nothing: it has subcommands.
    Container,
}

/// How a command of the server is run: its function, and what it reaches.
#[derive(Clone, Copy)]
pub struct Handler {
    run: Run,
    reach: Reach,
}

impl Handler {
    /// EXEC.
    pub const EXEC: Handler = Handler { run: Run::Exec, reach: Reach::Queue };

    /// A command that changes nothing but its client and what has a lock of its own.
    pub const fn local(handler: ContextFn) -> Handler {
        Handler { run: Run::Context(handler), reach: Reach::Local }
    }

    /// A local command that looks at all shards, one after the other.
    pub const fn survey(handler: ContextFn) -> Handler {
        Handler { run: Run::Context(handler), reach: Reach::Survey }
    }

    /// A command about keys or clients of others.
    pub const fn over(reach: Reach, handler: ContextFn) -> Handler {
        Handler { run: Run::Context(handler), reach }
    }

    /// A command that needs the whole server, hence the exclusive mode.
    pub const fn exclusive(handler: ServerFn) -> Handler {
        Handler { run: Run::Server(handler), reach: Reach::Process }
    }
}

/// A command of the server.
pub type ServerCommand = Spec<Handler>;

/// What runs each command of a table, by its number.
pub struct Handlers(Box<[Run]>);

impl Handlers {
    /// What runs a command.
    #[inline(always)]
    pub fn get(&self, id: CommandId) -> Run {
        self.0[usize::from(id.0)]
    }
}

/// The table of all commands that exist at a level, and what runs them.
pub fn build(
    level: Level,
    data: impl Iterator<Item = &'static Command>,
    server: impl Iterator<Item = &'static ServerCommand>,
) -> (CommandTable, Handlers) {
    let mut builder = Builder { table: CommandTable::new(level), runs: Vec::new() };
    data.for_each(|spec| {
        builder.add(spec, |meta, run| Handler { run: Run::Data(run), reach: Reach::of_data(meta) });
    });
    server.for_each(|spec| builder.add(spec, |_, handler| handler));
    (builder.table, Handlers(builder.runs.into()))
}

struct Builder {
    table: CommandTable,
    runs: Vec<Run>,
}

impl Builder {
    fn add<H: Copy>(&mut self, spec: &'static Spec<H>, handler: fn(&Meta, H) -> Handler) {
        let Some(id) = self.push(spec, handler, None) else { return };
        for sub in spec.subcommands {
            self.push(sub, handler, Some(id));
        }
    }

    fn push<H: Copy>(
        &mut self,
        spec: &'static Spec<H>,
        handler: fn(&Meta, H) -> Handler,
        parent: Option<CommandId>,
    ) -> Option<CommandId> {
        let handler = spec.run.map(|run| handler(&spec.meta, run));
        let id = self.table.add(&spec.meta, handler.map(|handler| handler.reach), parent)?;
        self.runs.push(handler.map_or(Run::Container, |handler| handler.run));
        Some(id)
    }
}
