//! What clients of several workers see at the same time has an explanation.
//!
//! `OCHRE_LINEAR_SECONDS` sets the time for each number of workers; the long run takes 600.

use ochre_tests::linear::play::play;
use ochre_tests::{Server, ServerOptions};
use std::time::Duration;

fn seconds() -> u64 {
    std::env::var("OCHRE_LINEAR_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

fn with_workers(workers: usize) {
    let args = ["--io-threads".to_owned(), workers.to_string()].to_vec();
    let server = Server::start_with(ServerOptions { args, ..ServerOptions::default() });
    let seed = u64::from(std::process::id());
    let rounds = play(&server, 6, Duration::from_secs(seconds()), seed);
    assert!(rounds > 0);
}

#[test]
fn four_workers_are_linearizable() {
    with_workers(4);
}

#[test]
fn sixteen_workers_are_linearizable() {
    with_workers(16);
}
