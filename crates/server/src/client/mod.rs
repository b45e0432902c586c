//! Clients: what the server knows of a connection, and the directory of all of them.

mod directory;
mod state;

pub use directory::{Clients, Token};
pub use state::{Blocked, Client, Flags, Multi, PendingInput, ReplyMode};
