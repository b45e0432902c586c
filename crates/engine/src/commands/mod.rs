//! The data commands, one room each: `<group>/<command>.rs` holds the declaration, the handler and
//! its tests; close variants share a room. Each group lists its commands in its `mod.rs`.

use crate::command::Command;

mod string;

/// All data commands, group by group.
pub fn all() -> impl Iterator<Item = &'static Command> {
    [string::COMMANDS].into_iter().flatten().copied()
}
