//! The commands on channels: SUBSCRIBE, PUBLISH and their relatives, MONITOR.

use crate::table::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[];
