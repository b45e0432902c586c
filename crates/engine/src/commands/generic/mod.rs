//! The commands on keys of any type.

use crate::command::Command;

/// The commands of this group.
pub const COMMANDS: &[&Command] = &[];
