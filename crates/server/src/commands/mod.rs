//! Commands of the server: connections, configuration, transactions, publish and subscribe, introspection. They are
//! declared as data commands are. A handler gets a
//! [`ContextCall`](crate::exec::ContextCall) or a [`ServerCall`](crate::exec::ServerCall).

use crate::exec::{Handlers, ServerCommand};
use crate::table::CommandTable;
use ochre_engine::command::Command;
use ochre_engine::level::Level;

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

/// The data commands of all crates.
pub fn data() -> impl Iterator<Item = &'static Command> {
    ochre_engine::commands::all().chain(ochre_persistence::commands::all())
}

/// The server commands.
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

/// The table of all commands that exist at a level, and their handlers.
pub fn build(level: Level) -> (CommandTable, Handlers) {
    crate::exec::build(level, data(), all())
}

/// The table of all commands that exist at a level.
#[cfg(test)]
pub fn table(level: Level) -> CommandTable {
    build(level).0
}
