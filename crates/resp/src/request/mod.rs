//! Requests: from the bytes of a connection to commands.
//!
//! ```text
//! socket -> query buffer -> Parser::parse -> Batch -> Args (one command) -> handler
//!                 \-> Parser::large (the rest of a large argument, read in place)
//! ```
//! The connection owns the query buffer, the parser keeps what it knows between two reads, the batch is
//! scratch space that a worker reuses for all of its connections.

mod args;
mod batch;
mod error;
mod inline;
mod large;
mod log;
mod parser;
#[cfg(test)]
mod tests;
mod write;

pub use args::{Args, OwnedArgs};
pub use batch::Batch;
pub use error::{Limits, ProtocolError};
pub use inline::{UnbalancedQuotes, split_args};
pub use large::Large;
pub use log::{DamagedLog, LogProgress, parse_log};
pub use parser::{Parser, Progress};
pub use write::{push_args, push_command, push_count, push_number, push_word};
