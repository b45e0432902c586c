//! The commands on the connection itself.

mod auth;
mod basic;
mod hello;
mod reset;

use crate::exec::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] =
    &[&auth::AUTH, &basic::ECHO, &basic::PING, &basic::QUIT, &basic::SELECT, &hello::HELLO, &reset::RESET];
