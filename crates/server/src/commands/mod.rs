//! Commands that need the whole process: connections, configuration, transactions, publish and
//! subscribe, introspection. Declared as data commands are; a handler gets [`Call`], or [`LocalCall`] if it
//! changes nothing but its client: then other workers go on meanwhile.

use crate::client::Client;
use crate::context::ExecContext;
use crate::server::{Lane, Server};
use crate::table::{CommandId, ServerCommand};
use crate::worker::Common;
use ochre_engine::command::{Args, Command, Error, Outcome};
use ochre_engine::keyspace::ClientId;
use ochre_engine::level::Level;
use ochre_engine::time::UnixMs;
use ochre_resp::reply::Reply;

mod client;
mod command;
mod config;
mod connection;
mod database;
mod debug;
mod info;
mod latency;
mod memory;
pub mod migrate;
mod persistence;
mod pubsub;
pub mod transactions;

/// The world of one call of a server command: everything, held exclusively.
pub struct Call<'a> {
    /// The process.
    pub server: &'a mut Server,
    /// The client that called; it is not in the directory while its command runs.
    pub client: &'a mut Client,
    /// The command.
    pub command: CommandId,
}

impl Call<'_> {
    /// The reply of the calling client.
    #[inline]
    pub fn reply(&mut self) -> Reply<'_> {
        self.client.reply()
    }

    /// A client by its id, be it the caller or another.
    pub fn find(&self, id: ClientId) -> Option<&Client> {
        if id == self.client.id { Some(self.client) } else { self.server.clients.by_id(id) }
    }

    /// The error for arguments that no form of the subcommand takes.
    pub fn subcommand_syntax(&self, args: Args<'_>) -> Error {
        self.server.setup().subcommand_syntax(self.command, args)
    }
}

/// The world of one call of a command that runs beside those of other workers: it may change its client and
/// what has a lock of its own, and looks at what changes in the exclusive mode only.
pub struct LocalCall<'a> {
    /// What all workers see.
    pub server: Common<'a>,
    /// The worker's clock.
    pub lane: &'a Lane,
    /// The client that called; it is not in its place while its command runs.
    pub client: &'a mut Client,
    /// The command.
    pub command: CommandId,
}

impl LocalCall<'_> {
    /// The reply of the calling client.
    #[inline]
    pub fn reply(&mut self) -> Reply<'_> {
        self.client.reply()
    }

    /// The error for arguments that no form of the subcommand takes.
    pub fn subcommand_syntax(&self, args: Args<'_>) -> Error {
        self.server.setup().subcommand_syntax(self.command, args)
    }

    /// The time of the command under way.
    pub fn now(&self) -> UnixMs {
        self.lane.clock.unix_ms(self.lane.tick)
    }

    /// Answers HELP, a subcommand, with these lines about its siblings.
    pub fn help(&mut self, lines: &[&str]) -> Outcome {
        let level = self.server.settings().level;
        let container = self.server.commands().get(self.command).meta.container.unwrap_or_default();
        help(&mut self.reply(), level, &container.to_ascii_uppercase(), lines)
    }
}

/// The world of one call of a command about keys or clients of others, which it reaches over the context: in either mode.
pub struct ContextCall<'a, 'f> {
    /// The shards that it declares, and what it can tell other clients.
    pub context: &'a mut ExecContext<'f>,
    /// The client that called; it is not in its place while its command runs.
    pub client: &'a mut Client,
}

impl ContextCall<'_, '_> {
    /// The reply of the calling client.
    #[inline]
    pub fn reply(&mut self) -> Reply<'_> {
        self.client.reply()
    }
}

/// All data commands, of every crate that has some.
pub fn data() -> impl Iterator<Item = &'static Command> {
    ochre_engine::commands::all().chain(ochre_persistence::commands::all())
}

/// All commands of the server.
pub fn all() -> impl Iterator<Item = &'static ServerCommand> {
    [
        client::COMMANDS,
        command::COMMANDS,
        config::COMMANDS,
        connection::COMMANDS,
        database::COMMANDS,
        debug::COMMANDS,
        info::COMMANDS,
        latency::COMMANDS,
        memory::COMMANDS,
        migrate::COMMANDS,
        persistence::COMMANDS,
        pubsub::COMMANDS,
        transactions::COMMANDS,
    ]
    .into_iter()
    .flatten()
    .copied()
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
