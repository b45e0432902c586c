//! The server of Ochre: sockets, event loop, dispatch, configuration, persistence and introspection.
//!
//! [`startup::run`] is the program; the binary is a thin `main`. ARCHITECTURE.md has the map of the modules and the order
//! of their layers, which `tools/check_sources.py` enforces.

pub mod alloc;
pub mod startup;

mod client;
mod clock;
mod commands;
mod config;
mod counter;
mod eviction;
mod exec;
mod expiry;
mod in_hand;
mod latency;
mod lazyfree;
mod log;
mod mailboxes;
mod memory;
mod net;
mod pause;
mod persistence;
mod process;
mod propagate;
mod pubsub;
mod report;
mod secrets;
mod server;
mod setup;
mod shared;
mod shutdown;
mod slowlog;
mod stats;
mod table;
mod tally;
mod waiting;
mod worker;
mod worker_state;

pub use process::Abort;
