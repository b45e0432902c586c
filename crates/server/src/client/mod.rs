//! Clients: the state of a connection, its limits, and the directory of all clients.

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
