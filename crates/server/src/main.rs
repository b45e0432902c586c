//! The `ochre-server` program.

mod alloc;
mod blocking;
mod client;
mod clock;
mod commands;
mod eviction;
mod exec;
mod expiry;
mod lazyfree;
mod net;
mod options;
mod pause;
mod pubsub;
mod server;
mod stats;
mod table;
mod worker;

use ochre_engine::settings::Settings;
use std::io;

fn main() -> io::Result<()> {
    let _registered = alloc::register_thread();
    let mut options = options::Options::default();
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--port") {
        options.port = args.get(at + 1).and_then(|port| port.parse().ok()).unwrap_or(options.port);
    }
    let mut listeners = Vec::new();
    for ip in &options.bind {
        listeners.push(net::listen_tcp(*ip, options.port, options.tcp_backlog)?);
    }
    let server = server::Server::new(options, Settings::default());
    worker::Worker::new(server, listeners)?.run()
}
