//! The commands on latency: LATENCY, SLOWLOG.

use crate::table::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[];
