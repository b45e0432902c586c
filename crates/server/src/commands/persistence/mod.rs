//! The commands on files: SAVE, BGSAVE, LASTSAVE, BGREWRITEAOF.

mod rewrite;
mod save;

use crate::exec::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] =
    &[&rewrite::BGREWRITEAOF, &save::BGSAVE, &save::LASTSAVE, &save::SAVE];
