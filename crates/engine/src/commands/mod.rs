//! The data commands, one module each: `<group>/<command>.rs` holds the declaration, the handler and
//! its tests; close variants share a module. Each group lists its commands in its `mod.rs`.

use crate::command::Command;

mod bitmap;
mod generic;
mod geo;
mod hash;
mod hyperloglog;
pub(crate) mod items;
mod list;
pub(crate) mod number;
pub(crate) mod random_count;
pub(crate) mod scan_options;
mod set;
mod stream;
mod string;
mod timeout;
mod zset;

pub use generic::encoding_name;

/// All data commands, group by group.
pub fn all() -> impl Iterator<Item = &'static Command> {
    [
        bitmap::COMMANDS,
        generic::COMMANDS,
        geo::COMMANDS,
        hash::COMMANDS,
        hyperloglog::COMMANDS,
        list::COMMANDS,
        set::COMMANDS,
        stream::COMMANDS,
        string::COMMANDS,
        zset::COMMANDS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
