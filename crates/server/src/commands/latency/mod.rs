//! The commands that tell what was slow: SLOWLOG and LATENCY.

mod monitor;
mod slowlog;

use crate::exec::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[&slowlog::SLOWLOG, &monitor::LATENCY];
