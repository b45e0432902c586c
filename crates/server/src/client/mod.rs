//! Clients: what the server knows of a connection, and the directory of all of them.

mod buffers;
mod care;
mod close;
mod counts;
mod describe;
mod directory;
mod input;
mod limits;
mod state;
mod token;

pub use care::Care;
pub use counts::ClientCounts;
pub use describe::ClientType;
pub use directory::{ClientSet, Clients};
pub use state::{Client, Flags, Multi, PendingInput, ReplyMode};
pub use token::Token;
