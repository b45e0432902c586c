//! The commands on the configuration: CONFIG.

use crate::table::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[];
