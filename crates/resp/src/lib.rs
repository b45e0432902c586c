//! The Redis wire protocol (RESP2 and RESP3): requests in, replies out. No I/O.
//!
//! [`request`] turns the bytes of a connection into commands whose arguments are borrowed from the query
//! buffer; [`reply`] writes replies and is the only place where RESP2 and RESP3 differ; [`value`] reads
//! replies, for the client's side of a conversation (tests, proxy, tools).

pub mod digits;
pub mod reply;
pub mod request;
pub mod value;

pub use reply::{Mark, Output, Protocol, Reply};
pub use request::{Args, Batch, Limits, OwnedArgs, Parser, Progress, ProtocolError};
pub use value::Value;
