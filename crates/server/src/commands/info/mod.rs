//! The commands on the state of the server: INFO, TIME, LOLWUT, SHUTDOWN.

use crate::table::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[];
