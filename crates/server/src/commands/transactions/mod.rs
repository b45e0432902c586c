//! Transactions: MULTI, EXEC, DISCARD, and the optimistic lock WATCH, UNWATCH.

mod multi;
mod watch;

use crate::exec::ServerCommand;

/// The commands of this group.
pub const COMMANDS: &[&ServerCommand] =
    &[&multi::DISCARD, &multi::EXEC, &multi::MULTI, &watch::UNWATCH, &watch::WATCH];
