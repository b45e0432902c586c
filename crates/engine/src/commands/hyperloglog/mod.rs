//! The commands on hyperloglogs.

use crate::command::Command;

/// The commands of this group.
pub const COMMANDS: &[&Command] = &[];
