//! What a command is, and what it sees while it runs.
//!
//! - [`spec`], [`flags`], [`keyspec`], [`arg`]: the declaration.
//! - [`ctx`]: the view a handler gets: keys, reply, settings, time, randomness.
//! - [`effects`]: what a handler reports back: changes, events, propagation, blocking.

pub mod arg;
pub mod ctx;
pub mod effects;
pub mod find_keys;
pub mod flags;
pub mod keyspec;
pub mod spec;

pub use crate::settings::EventClasses;
pub use arg::{Arg, ArgType};
pub use ctx::{Caller, Ctx, Key};
pub use effects::{Block, Effects};
pub use find_keys::{BadArguments, FoundKey};
pub use flags::*;
pub use keyspec::*;
pub use spec::{Meta, Spec};

/// The handler of a data command.
pub type DataFn = for<'a, 'b> fn(&mut Ctx<'a>, Args<'b>) -> Outcome;

/// A data command.
pub type Command = Spec<DataFn>;

pub use crate::error::{Error, Outcome};
pub use ochre_resp::request::Args;
