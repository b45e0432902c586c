//! Counts how often the workers of a server were stopped for one of them.

use crate::{Client, Server};

/// A server of several workers whose periodic work is rare: the cron runs once a second.
pub fn quiet_server(more: &[&str]) -> Server {
    let args = ["--io-threads", "4", "--hz", "1", "--dynamic-hz", "no"];
    Server::start(&[&args, more].concat())
}

/// The number of times that the workers were stopped, and the lines of INFO that tell for which commands.
pub fn exclusive_turns(client: &mut Client) -> (u64, Vec<String>) {
    let info = client.run("INFO workers").text();
    let value = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    let total = value("exclusive_turns:").and_then(|text| text.parse().ok()).expect("the section has it");
    let lines = info.lines().filter(|line| line.contains("turns=")).map(str::to_owned).collect();
    (total, lines)
}
