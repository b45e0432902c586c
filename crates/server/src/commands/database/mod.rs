//! The commands on whole databases.

mod flush;
mod swapdb;

use crate::exec::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[&flush::FLUSHALL, &flush::FLUSHDB, &swapdb::SWAPDB];
