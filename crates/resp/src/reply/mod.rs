//! Replies: from values to the bytes of a connection.
//!
//! ```text
//! handler -> Reply (RESP2 or RESP3) -> Output (chunks and shared values) -> slices -> writev -> advance
//! ```

mod chunk;
mod output;
#[cfg(test)]
mod tests;
mod writer;

pub use output::{Mark, Output};
pub use writer::{Deferred, Protocol, Reply};
