//! Servers killed amid a load of writes: what each policy of persistence promises is there afterwards.
//!
//! `CRASH_KILLS` sets how often each of them is killed; a long run uses 200.

use std::time::{Duration, Instant};

use ochre_tests::durable::{Journal, Numbers, Writer, check, recovered};
use ochre_tests::{Client, Directory, Rng, Server, wait_until};

/// Small enough for several rewrites per life.
const APPEND_ONLY: [&str; 6] =
    ["--appendonly", "yes", "--auto-aof-rewrite-min-size", "8kb", "--auto-aof-rewrite-percentage", "30"];

/// Kills after which the next server begins with nothing, lest the data grow without end.
const FRESH_START: usize = 10;

fn kills() -> usize {
    std::env::var("CRASH_KILLS").map_or(10, |text| text.parse().expect("CRASH_KILLS is a number"))
}

/// Starts a server on what the last one left.
fn start(directory: &Directory, args: &[&str]) -> (Server, Client) {
    let server = directory.start(args);
    let mut client = server.connect();
    wait_until("the data is loaded", || client.info("loading") == "0");
    (server, client)
}

/// Kills a server again and again while it writes. `promised` tells what must have survived a kill at a moment.
fn kill_again_and_again(
    args: &[&str],
    save_every: usize,
    pause_ms: fn(usize, &mut Rng) -> usize,
    promised: impl Fn(&Journal, Instant) -> Numbers,
) {
    let mut directory = Directory::new();
    let mut rng = Rng::new(u64::from(std::process::id()));
    let (mut kept, mut sent, mut lost, mut written) = (Numbers::new(), 0, 0, 0);
    for round in 0..kills() {
        if round % FRESH_START == FRESH_START - 1 {
            (directory, kept, sent) = (Directory::new(), Numbers::new(), 0);
        }
        let (mut server, client) = start(&directory, args);
        let writer = Writer::start(client, sent, rng.bits(), save_every);
        // On a busy machine the first answer may take longer than the whole pause.
        wait_until("something is written", || !writer.journal().acknowledged.is_empty());
        std::thread::sleep(Duration::from_millis(pause_ms(round, &mut rng) as u64));
        let killed_at = Instant::now();
        server.signal(libc::SIGKILL);
        server.wait_for_exit(Duration::from_secs(10)).expect("nobody survives SIGKILL");
        let journal = writer.finish();
        assert!(journal.errors.is_empty(), "{:?}", journal.errors);

        let (_server, mut client) = start(&directory, args);
        let found = recovered(&mut client);
        kept.extend(promised(&journal, killed_at));
        check(&found, &kept, &journal);
        lost += journal.all().difference(&found).count();
        written += journal.acknowledged.len();
        (kept, sent) = (found, journal.sent);
    }
    println!("{written} numbers acknowledged, {lost} of them lost in {} kills", kills());
}

fn short(_: usize, rng: &mut Rng) -> usize {
    rng.range(30, 300)
}

/// Now and then long enough for the two seconds that may be lost to be over.
fn sometimes_long(round: usize, rng: &mut Rng) -> usize {
    if round % 5 == 4 { 2_600 } else { rng.range(30, 300) }
}

#[test]
fn with_appendfsync_always_no_acknowledged_write_is_lost() {
    let args = [&APPEND_ONLY[..], &["--appendfsync", "always"]].concat();
    kill_again_and_again(&args, 0, short, |journal, _| journal.all());
}

#[test]
fn with_appendfsync_everysec_only_the_last_two_seconds_may_be_lost() {
    let args = [&APPEND_ONLY[..], &["--appendfsync", "everysec"]].concat();
    kill_again_and_again(&args, 0, sometimes_long, |journal, killed_at| {
        killed_at.checked_sub(Duration::from_secs(2)).map(|moment| journal.before(moment)).unwrap_or_default()
    });
}

#[test]
fn an_append_only_file_without_a_snapshot_in_front_loses_nothing_either() {
    let args = [&APPEND_ONLY[..], &["--appendfsync", "always", "--aof-use-rdb-preamble", "no"]].concat();
    kill_again_and_again(&args, 0, short, |journal, _| journal.all());
}

#[test]
fn with_snapshots_what_was_saved_is_there() {
    kill_again_and_again(&["--save", "1 10"], 20, sometimes_long, |journal, _| journal.saved.clone());
}
