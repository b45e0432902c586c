//! Exclusive commands, multi-key load and simple commands on four workers: nobody is locked out, nobody waits
//! for ever.
//!
//! Latencies are printed, not asserted: `make stress` runs this alone, for longer (`OCHRE_STRESS_SECONDS`), and
//! shows them. On a quiet machine 99.9 % of simple commands are answered within 20 ms.

use ochre_tests::stress::contend::Work;
use ochre_tests::stress::{Load, Progress, contend, run};
use ochre_tests::{Server, ServerOptions};
use std::time::Duration;

fn four_workers() -> Server {
    four_workers_with(&[])
}

fn four_workers_with(more: &[&str]) -> Server {
    let args = ["--io-threads", "4"].iter().chain(more).map(|word| (*word).to_owned()).collect();
    Server::start_with(ServerOptions { args, ..ServerOptions::default() })
}

fn seconds() -> Duration {
    let text = std::env::var("OCHRE_STRESS_SECONDS").ok();
    Duration::from_secs(text.and_then(|text| text.parse().ok()).unwrap_or(2))
}

fn show(what: &str, progress: &Progress) {
    let first = progress.done.iter().min().copied().unwrap_or_default();
    println!(
        "{what}: done after {first:.2?} to {:.2?}; {} rounds of the others",
        progress.elapsed, progress.rounds
    );
}

#[test]
fn exclusive_commands_and_multi_key_load_let_everybody_get_on() {
    let server = four_workers();
    for (name, load) in [("without", Load::without_exclusive()), ("with", Load::usual())] {
        let report = run(&server, load, seconds(), u64::from(std::process::id()));
        println!("{name} exclusive commands:\n{report}");
        assert!(report.calls.iter().all(|(_, calls)| *calls > 0), "{report}");
    }
}

#[test]
fn what_is_logged_under_load_rebuilds_the_data() {
    let server = four_workers_with(&["--appendonly", "yes", "--enable-debug-command", "yes"]);
    let report = run(&server, Load::usual(), seconds(), u64::from(std::process::id()));
    println!("with exclusive commands and the append-only file:\n{report}");
    let mut client = server.connect();
    let held = client.run("DEBUG DIGEST");
    assert!(client.run("DEBUG LOADAOF").is_ok());
    assert_eq!(client.run("DEBUG DIGEST"), held);
}

#[test]
fn clients_of_every_worker_get_on_while_one_calls_exclusive_commands_without_pause() {
    let server = four_workers();
    for (pressing, rounds) in [(Work::Exclusive, 300), (Work::Exclusives, 300)] {
        let progress = contend(&server, (8, Work::Simple, rounds), (1, pressing));
        show(&format!("8 clients, {rounds} simple commands each, against {pressing:?}"), &progress);
        assert!(progress.rounds > 0);
    }
}

#[test]
fn exclusive_commands_get_their_turn_while_others_pipeline_without_pause() {
    let server = four_workers();
    let progress = contend(&server, (1, Work::Exclusive, 100), (8, Work::Pipeline));
    show("100 exclusive commands against 8 clients that pipeline", &progress);
    assert!(progress.rounds > 0);
}

#[test]
fn exclusive_commands_of_many_clients_share_the_server_with_pipelines() {
    let server = four_workers();
    let progress = contend(&server, (6, Work::Exclusive, 50), (4, Work::Pipeline));
    show("6 clients, 50 exclusive commands each, against 4 that pipeline", &progress);
    assert!(progress.rounds > 0);
}
