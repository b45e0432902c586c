//! The commands on the server's inside, for tests: DEBUG.

use crate::table::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[];
