//! Sockets: listening, accepting, and the bytes of a connection on their way in and out.
//!
//! An [`Endpoint`] is whatever reports to a worker's poll. It packs into the token of the poll and back in one
//! place, so the loop sorts events by a `match` over kinds and no number has a meaning of its own. An event with
//! a token that is no endpoint is ignored. A further kind of endpoint, such as the link to a master or to a node
//! of a cluster, is a variant there with the number that finds it in a table of its owner, and an arm in the
//! loop: the compiler asks for both.

mod endpoint;
mod listen;
mod listening;
mod query;
mod socket;

pub use endpoint::Endpoint;
pub use listen::Listener;
pub use listening::Listening;
pub use query::QueryBuffer;
pub use socket::Socket;
