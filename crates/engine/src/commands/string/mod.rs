//! The commands on strings.

mod append;
mod get;
mod set;

use crate::command::Command;

/// The commands of this group.
pub const COMMANDS: &[&Command] = &[&append::APPEND, &get::GET, &set::SET];
