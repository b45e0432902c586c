//! The data of Ochre: keyspace, values, encodings, expiry, eviction and the commands on them.
//!
//! No I/O, no clock, no threads: time and randomness are arguments, effects are results.

pub mod bits;
pub mod command;
pub mod commands;
pub mod cycle;
pub mod digest;
pub mod encoding;
pub mod entry;
pub mod error;
pub mod geo;
pub mod hyperloglog;
pub mod keyspace;
mod prefetch;
pub mod settings;
mod size_class;
pub mod sorted;
pub mod stream;
pub mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod time;
pub mod value;

pub use ochre_command::level;
