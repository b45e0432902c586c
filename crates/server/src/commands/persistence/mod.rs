//! The commands on files: SAVE, BGSAVE, LASTSAVE.

mod save;

use crate::table::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] = &[&save::BGSAVE, &save::LASTSAVE, &save::SAVE];
