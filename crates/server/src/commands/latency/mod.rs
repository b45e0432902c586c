//! The commands about slow commands and events: SLOWLOG and LATENCY.

mod monitor;
mod slowlog;

use crate::exec::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[&slowlog::SLOWLOG, &monitor::LATENCY];
