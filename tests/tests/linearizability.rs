//! What clients of several workers see at the same time has an explanation.
//!
//! `OCHRE_LINEAR_SECONDS` sets the time for each number of workers; the long run takes 600.

use ochre_tests::linear::play::play;
use ochre_tests::{Server, ServerOptions};
use std::time::Duration;

fn seconds() -> u64 {
    std::env::var("OCHRE_LINEAR_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

fn server(workers: usize, more: &[&str]) -> Server {
    let threads = ["--io-threads".to_owned(), workers.to_string()];
    let args = threads.into_iter().chain(more.iter().map(|word| (*word).to_owned())).collect();
    Server::start_with(ServerOptions { args, ..ServerOptions::default() })
}

fn play_on(server: &Server, seconds: u64) {
    let rounds = play(server, 6, Duration::from_secs(seconds), u64::from(std::process::id()));
    println!("{rounds} rounds explained");
    assert!(rounds > 0);
}

fn with_workers(workers: usize) {
    play_on(&server(workers, &[]), seconds());
}

#[test]
fn four_workers_are_linearizable() {
    with_workers(4);
}

#[test]
fn sixteen_workers_are_linearizable() {
    with_workers(16);
}

/// Commands on common keys are logged in the order in which they took effect, or reading the log would give
/// something else.
#[test]
fn the_log_of_four_workers_rebuilds_what_they_hold() {
    let options = ["--appendonly", "yes", "--appendfsync", "no", "--enable-debug-command", "yes"];
    let server = server(4, &options);
    let mut client = server.connect();
    for _ in 0..4 {
        play_on(&server, (seconds() / 8).max(1));
        let held = client.run("DEBUG DIGEST");
        assert!(client.run("DEBUG LOADAOF").is_ok());
        assert_eq!(client.run("DEBUG DIGEST"), held);
    }
}
