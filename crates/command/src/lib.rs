//! How a command is declared: its name, arity, flags, keys, arguments and versions.
//!
//! A [`Spec`] says everything about a command but what it does, and is generic over the handler, so that programs
//! without the data of Ochre, such as a proxy that routes commands by their keys, can have tables of commands, too.
//!
//! - [`spec`], [`flags`], [`keyspec`], [`arg`]: the declaration.
//! - [`find_keys`]: the keys among the arguments of a call.
//! - [`level`]: which version of Redis decides what exists.

pub mod arg;
pub mod find_keys;
pub mod flags;
pub mod keyspec;
pub mod level;
pub mod spec;

pub use arg::{Arg, ArgType};
pub use find_keys::{BadArguments, FoundKey};
pub use flags::*;
pub use keyspec::*;
pub use level::Level;
pub use spec::{Meta, Spec};
