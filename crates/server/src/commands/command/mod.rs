//! The commands on commands themselves: COMMAND and its subcommands.

use crate::table::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[];
