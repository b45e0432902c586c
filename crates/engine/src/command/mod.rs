//! What a command is, and what it sees while it runs.
//!
//! - [`ochre_command`]: the declaration, whose parts are named here again.
//! - [`ctx`]: the view a handler gets: keys, reply, settings, time, randomness.
//! - [`effects`]: what a handler reports back: changes, events, propagation, blocking.

pub mod ctx;
pub mod effects;
#[cfg(test)]
mod tests;

pub use crate::error::{Error, Outcome};
pub use crate::settings::EventClasses;
pub use ctx::{Caller, Ctx, Key};
pub use effects::{Block, Effects};
pub use ochre_command::*;
pub use ochre_resp::request::Args;

/// The handler of a data command.
pub type DataFn = for<'a, 'b> fn(&mut Ctx<'a>, Args<'b>) -> Outcome;

/// A data command.
pub type Command = Spec<DataFn>;
