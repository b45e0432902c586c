//! The commands on whole databases.

mod flush;
mod swapdb;

use crate::table::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[&flush::FLUSHALL, &flush::FLUSHDB, &swapdb::SWAPDB];
