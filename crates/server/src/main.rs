//! The `ochre-server` program.

mod alloc;
mod blocking;
mod call;
mod client;
mod clock;
mod commands;
mod config;
mod context;
mod counter;
mod eviction;
mod exec;
mod expiry;
mod gate;
mod latency;
mod lazyfree;
mod log;
mod mailboxes;
mod memory;
mod net;
mod pause;
mod persistence;
mod plan;
mod process;
mod propagate;
mod pubsub;
mod report;
mod secrets;
mod server;
mod shutdown;
mod slowlog;
mod startup;
mod stats;
mod table;
mod tally;
mod worker;

use std::process::ExitCode;

fn main() -> ExitCode {
    let _registered = alloc::register_thread();
    match startup::run() {
        Ok(()) | Err(startup::Abort::Done) => ExitCode::SUCCESS,
        Err(startup::Abort::Failed) => ExitCode::FAILURE,
    }
}
