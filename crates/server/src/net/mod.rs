//! Sockets: listening, accepting, and the bytes of a connection on their way in.

mod listen;
mod listening;
mod query;
mod socket;

pub use listen::Listener;
pub use listening::Listening;
pub use query::QueryBuffer;
pub use socket::Socket;
