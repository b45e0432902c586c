//! The commands on the connection itself.

mod basic;

use crate::table::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[&basic::ECHO, &basic::PING, &basic::QUIT, &basic::SELECT];
