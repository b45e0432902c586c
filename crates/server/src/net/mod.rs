//! Sockets: listening, accepting, and the bytes of a connection on their way in.

mod listen;
mod query;
mod socket;

pub use listen::{Listener, listen_tcp, listen_unix};
pub use query::QueryBuffer;
pub use socket::Socket;
