//! Servers killed amid a load of writes: what each policy of persistence promises is there afterwards.
//!
//! `CRASH_KILLS` sets how often each of them is killed; a long run uses 200.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::thread;
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
        thread::sleep(Duration::from_millis(pause_ms(round, &mut rng) as u64));
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

const COUNTERS: usize = 4;
const CLIENTS: u64 = 8;

/// What clients of several workers were shown of common counters.
#[derive(Default)]
struct Shown {
    /// The highest value of each.
    highest: [AtomicI64; COUNTERS],
    /// How often they were to be raised.
    sent: AtomicU64,
}

impl Shown {
    /// Raises and reads counters until the server is gone.
    fn work(&self, mut client: Client, mut rng: Rng) {
        loop {
            let calls: Vec<(usize, bool)> =
                (0..rng.range(1, 6)).map(|_| (rng.below(COUNTERS), rng.chance(40))).collect();
            let lines = calls.iter().map(|(counter, raises)| {
                vec![if *raises { "INCR" } else { "GET" }.to_owned(), format!("counter:{counter}")]
            });
            let raises = calls.iter().filter(|(_, raises)| *raises).count();
            self.sent.fetch_add(raises as u64, Ordering::Relaxed);
            let Ok(replies) = client.pipeline(&lines.collect::<Vec<_>>()) else { return };
            for ((counter, _), reply) in calls.iter().zip(replies) {
                let value = reply.integer().or_else(|| reply.text().parse().ok()).unwrap_or(0);
                self.highest[*counter].fetch_max(value, Ordering::Relaxed);
            }
        }
    }

    /// A server on what the last one left has everything that was shown, and nothing that nobody sent.
    fn check(&self, client: &mut Client) {
        let mut sum = 0;
        for (counter, highest) in self.highest.iter().enumerate() {
            let found = client.run(&format!("GET counter:{counter}")).text().parse().unwrap_or(0);
            let shown = highest.load(Ordering::Relaxed);
            assert!(found >= shown, "counter {counter} was shown as {shown}, and is {found}");
            sum += found;
        }
        assert!(sum as u64 <= self.sent.load(Ordering::Relaxed));
    }
}

/// Clients see what those of other workers did, which may be written by a third one.
#[test]
fn with_appendfsync_always_nothing_that_any_client_of_four_workers_saw_is_lost() {
    let args = [&APPEND_ONLY[..], &["--appendfsync", "always", "--io-threads", "4"]].concat();
    let mut rng = Rng::new(u64::from(std::process::id()));
    let (directory, shown) = (Directory::new(), Shown::default());
    for round in 0..kills() {
        let (mut server, mut client) = start(&directory, &args);
        shown.check(&mut client);
        if round % 2 == 0 {
            // Writing takes long: others come while one is at it.
            assert!(client.run("DEBUG AOF-FLUSH-SLEEP 2000").is_ok());
        }
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                let (client, rng, shown) = (server.connect(), Rng::new(rng.bits()), &shown);
                scope.spawn(move || shown.work(client, rng));
            }
            thread::sleep(Duration::from_millis(rng.range(30, 300) as u64));
            server.signal(libc::SIGKILL);
        });
        server.wait_for_exit(Duration::from_secs(10)).expect("nobody survives SIGKILL");
    }
    let (_server, mut client) = start(&directory, &args);
    shown.check(&mut client);
    println!("{} times raised in {} kills", shown.sent.into_inner(), kills());
}

/// A queue that some push to and others wait for.
#[derive(Default)]
struct Queue {
    next: AtomicU64,
    popped: Mutex<Numbers>,
}

impl Queue {
    /// Pushes until the server is gone; what follows keeps the pusher's worker busy while waiters are served.
    fn push(&self, mut client: Client) {
        loop {
            let push = format!("RPUSH queue {}", self.next.fetch_add(1, Ordering::Relaxed));
            let lines = std::iter::once(push).chain((0..12).map(|at| format!("INCR busy:{at}")));
            let calls: Vec<Vec<String>> =
                lines.map(|line| line.split(' ').map(str::to_owned).collect()).collect();
            if client.pipeline(&calls).is_err() {
                return;
            }
        }
    }

    fn pop(&self, mut client: Client) {
        loop {
            let Ok(replies) = client.pipeline(&[vec!["BLPOP", "queue", "1"]]) else { return };
            if let Some(number) = replies[0].items().get(1) {
                self.popped.lock().expect("no panic").insert(number.text().parse().expect("a number"));
            }
        }
    }

    fn check(&self, client: &mut Client) {
        let left = client.run("LRANGE queue 0 -1");
        let left: Numbers = left.items().iter().map(|item| item.text().parse().expect("a number")).collect();
        let popped = self.popped.lock().expect("no panic");
        let again: Vec<_> = left.intersection(&popped).collect();
        assert!(again.is_empty(), "{again:?} are there again, and had been popped");
    }
}

/// The worker of whoever pushed runs the command of whoever waited, and another one sends the reply.
#[test]
fn with_appendfsync_always_what_a_waiting_client_was_given_is_gone_for_good() {
    let args = [&APPEND_ONLY[..], &["--appendfsync", "always", "--io-threads", "4"]].concat();
    let mut rng = Rng::new(u64::from(std::process::id()));
    let (directory, queue) = (Directory::new(), Queue::default());
    for _ in 0..kills() {
        let (mut server, mut client) = start(&directory, &args);
        queue.check(&mut client);
        assert!(client.run("DEBUG AOF-FLUSH-SLEEP 500").is_ok());
        thread::scope(|scope| {
            for _ in 0..CLIENTS / 2 {
                let (pusher, popper) = (server.connect(), server.connect());
                scope.spawn(|| queue.push(pusher));
                scope.spawn(|| queue.pop(popper));
            }
            thread::sleep(Duration::from_millis(rng.range(30, 300) as u64));
            server.signal(libc::SIGKILL);
        });
        server.wait_for_exit(Duration::from_secs(10)).expect("nobody survives SIGKILL");
    }
    let (_server, mut client) = start(&directory, &args);
    queue.check(&mut client);
    let popped = queue.popped.into_inner().expect("no panic").len();
    assert!(popped > 0);
    println!("{popped} numbers popped in {} kills", kills());
}
