//! The harness of the end-to-end tests: starts a real server on a free port in a directory of its
//! own, talks to it over real sockets and ends it by its process id.
//!
//! It does not use the crates of Ochre, on purpose: the tests see what any client would
//! see. They also run against any other server of the protocol (`OCHRE_SERVER=path`), which is
//! how the expectations themselves are checked against `redis-server` 7.0.15.
//!
//! Invariants: nothing listens beyond 127.0.0.1; no server outlives its `Server` value; tests share
//! neither servers nor directories.

pub mod client;
pub mod differential;
pub mod directory;
pub mod durable;
pub mod linear;
pub mod preload;
pub mod reply;
pub mod rng;
pub mod server;
pub mod stress;
pub mod turns;

pub use client::Client;
pub use directory::{Directory, wait_until};
pub use reply::Reply;
pub use rng::Rng;
pub use server::{Server, ServerOptions, has_several_workers};
