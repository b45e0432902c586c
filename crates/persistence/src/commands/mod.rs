//! Data commands on serialized values. They see what every data command sees, a `Ctx`.

mod dump;
mod restore;
#[cfg(test)]
mod tests;

use ochre_engine::command::Command;

/// All commands of this crate.
pub fn all() -> impl Iterator<Item = &'static Command> {
    [&dump::DUMP, &restore::RESTORE].into_iter()
}
