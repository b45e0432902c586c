//! The commands on whole databases.

mod dbsize;
mod flush;
mod swapdb;

use crate::table::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] =
    &[&dbsize::DBSIZE, &flush::FLUSHALL, &flush::FLUSHDB, &swapdb::SWAPDB];
