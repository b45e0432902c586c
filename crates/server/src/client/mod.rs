//! Clients: what the server knows of a connection, and the directory of all of them.

mod buffers;
mod close;
mod describe;
mod directory;
mod input;
mod limits;
mod state;

pub use describe::ClientType;
pub use directory::{Clients, Part, Token};
pub use state::{Client, Flags, Multi, PendingInput, ReplyMode};
