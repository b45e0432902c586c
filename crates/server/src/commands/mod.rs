//! Commands of the server: connections, configuration, transactions, publish and subscribe, introspection. They are
//! declared as data commands are; what a handler gets is a `Call` of `exec`.

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

/// All commands that exist at a level, and what runs them.
pub fn build(level: Level) -> (CommandTable, Handlers) {
    crate::exec::build(level, data(), all())
}

/// All commands that exist at a level.
#[cfg(test)]
pub fn table(level: Level) -> CommandTable {
    build(level).0
}
