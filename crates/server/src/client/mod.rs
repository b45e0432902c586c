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

pub use care::Care;
pub use counts::ClientCounts;
pub use describe::ClientType;
pub use directory::{ClientSet, Clients, Token};
pub use state::{Client, Flags, Multi, PendingInput, ReplyMode};
