//! The commands on geo indexes.

use crate::command::Command;

/// The commands of this group.
pub const COMMANDS: &[&Command] = &[];
