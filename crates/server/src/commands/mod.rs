//! Commands that need the whole process: connections, configuration, transactions, publish and
//! subscribe, introspection. Declared as data commands are; a handler gets [`Call`].

use crate::client::Client;
use crate::server::Server;
use crate::table::{CommandId, ServerCommand};
use ochre_engine::keyspace::DbIndex;
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
mod pubsub;
mod transactions;

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

    /// The client's database.
    pub fn db(&self) -> DbIndex {
        self.client.db
    }
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
        pubsub::COMMANDS,
        transactions::COMMANDS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
