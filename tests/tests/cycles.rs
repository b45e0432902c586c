//! Expiry and eviction by several workers: one limit on memory, every key once, nobody stopped for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ochre_tests::{Client, Directory, Server, wait_until};

const CLIENTS: usize = 8;

fn start(directory: &Directory, more: &[&str]) -> Server {
    directory.start(&[&["--io-threads", "4"], more].concat())
}

fn number(client: &mut Client, field: &str) -> u64 {
    client.info(field).parse().unwrap_or_else(|_| panic!("{field} is a number"))
}

/// Sends `SET prefix:number value` for a range of numbers, 100 at a time. Returns how many were refused.
fn set_all(server: &Server, prefix: &str, numbers: std::ops::Range<usize>, more: &[&str]) -> usize {
    let (mut client, value) = (server.connect(), "v".repeat(100));
    let numbers: Vec<usize> = numbers.collect();
    let mut refused = 0;
    for some in numbers.chunks(100) {
        let names: Vec<String> = some.iter().map(|number| format!("{prefix}:{number}")).collect();
        let calls: Vec<Vec<&str>> =
            names.iter().map(|name| [&["SET", name.as_str(), value.as_str()], more].concat()).collect();
        let replies = client.pipeline(&calls).expect("the server answers");
        refused += replies.iter().filter(|reply| reply.is_error()).count();
        let error = replies.iter().find(|reply| reply.is_error());
        assert!(error.is_none_or(|error| error.text().starts_with("OOM command not allowed")), "{error:?}");
    }
    refused
}

/// All clients write keys of their own at once. Returns how many calls were refused.
fn flood(server: &Server, keys: usize, more: &[&str]) -> usize {
    thread::scope(|scope| {
        let write = |number: usize| {
            scope.spawn(move || set_all(server, &format!("key:{number}"), 0..keys / CLIENTS, more))
        };
        let threads: Vec<_> = (0..CLIENTS).map(write).collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).sum()
    })
}

/// A field of INFO workers, if it is there.
fn of_workers(client: &mut Client, field: &str) -> Option<String> {
    let text = client.run("INFO workers").text();
    text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).map(str::to_owned)
}

/// Turns of the exclusive mode that began with a SET.
fn exclusive_sets(client: &mut Client) -> Option<String> {
    of_workers(client, "exclusive_set")
}

/// Turns of the exclusive mode.
fn turns(client: &mut Client) -> u64 {
    of_workers(client, "exclusive_turns").and_then(|turns| turns.parse().ok()).expect("a number")
}

#[test]
fn eviction_keeps_the_limit_without_stopping_the_workers() {
    const LIMIT: u64 = 48 << 20;
    for policy in ["allkeys-lru", "allkeys-random", "volatile-ttl"] {
        let directory = Directory::new();
        let limit = LIMIT.to_string();
        let server = start(&directory, &["--maxmemory", &limit, "--maxmemory-policy", policy]);
        let (mut control, is_over) = (server.connect(), AtomicBool::new(false));
        let highest = thread::scope(|scope| {
            let sampler = scope.spawn(|| {
                let (mut client, mut highest) = (server.connect(), 0);
                while !is_over.load(Ordering::Relaxed) {
                    highest = highest.max(number(&mut client, "used_memory"));
                    thread::sleep(Duration::from_millis(2));
                }
                highest
            });
            let refused = flood(&server, 600_000, &["EX", "1000"]);
            is_over.store(true, Ordering::Relaxed);
            assert_eq!(refused, 0);
            sampler.join().expect("it does not panic")
        });
        assert!(highest > LIMIT * 97 / 100 && highest <= LIMIT * 101 / 100, "{policy}: {highest}");
        wait_until("every key is there or counted as evicted", || {
            let keys = control.run("DBSIZE").integer().expect("a number").unsigned_abs();
            number(&mut control, "evicted_keys") + keys == 600_000
        });
        assert_eq!(exclusive_sets(&mut control), None, "{policy}");
    }
}

#[test]
fn what_needs_memory_is_refused_where_nothing_can_be_evicted() {
    for policy in ["noeviction", "volatile-lru"] {
        let directory = Directory::new();
        let server = start(&directory, &["--maxmemory", "16mb", "--maxmemory-policy", policy]);
        let (refused, mut control) = (flood(&server, 200_000, &[]), server.connect());
        let keys = control.run("DBSIZE").integer().expect("a number");
        assert!(refused > 10_000 && keys as usize + refused == 200_000, "{policy}: {refused} and {keys}");
        assert_eq!(number(&mut control, "evicted_keys"), 0);
        assert_eq!(exclusive_sets(&mut control), None, "{policy}");
        assert_eq!(control.run("GET key:0:0").text(), "v".repeat(100));
        assert_eq!(control.run("SET a").text(), "ERR wrong number of arguments for 'set' command");
        let errors = control.run("INFO errorstats").text();
        assert!(errors.contains(&format!("errorstat_OOM:count={refused}")), "{errors}");
        let calls = control.run("INFO commandstats").text();
        assert!(calls.contains(&format!("rejected_calls={},", refused + 1)), "{calls}");
        // Clients that have left give some memory back, when their workers hear of it.
        assert!(control.run("CONFIG SET maxmemory 16470016").is_ok());
        assert!(control.run("MULTI").is_ok());
        assert!(control.run("SET a b").is_error());
        assert!(control.run("EXEC").text().starts_with("EXECABORT"));
        // What was freed can be used at once; the first calls of each command have taken some memory, too.
        for number in 0..4000 {
            assert_eq!(control.run(&format!("DEL key:0:{number}")).integer(), Some(1));
        }
        thread::sleep(Duration::from_millis(20));
        assert!(control.run("SET a b").is_ok(), "{policy}");
    }
}

#[test]
fn a_key_that_gets_an_expiry_can_be_evicted() {
    let directory = Directory::new();
    let server = start(&directory, &["--maxmemory", "16mb", "--maxmemory-policy", "volatile-lru"]);
    assert!(flood(&server, 200_000, &[]) > 0);
    let mut control = server.connect();
    // Those who have left made room.
    while set_all(&server, "more", 0..100, &[]) == 0 {}
    for number in 0..100 {
        assert_eq!(control.run(&format!("EXPIRE key:1:{number} 1000")).integer(), Some(1));
    }
    thread::sleep(Duration::from_millis(20));
    assert!(set_all(&server, "again", 0..100, &[]) < 100);
    assert!(number(&mut control, "evicted_keys") > 0);
}

#[test]
fn a_lower_limit_is_reached_without_a_command_that_needs_memory() {
    let directory = Directory::new();
    let server = start(&directory, &["--maxmemory-policy", "allkeys-lru"]);
    flood(&server, 200_000, &[]);
    let mut control = server.connect();
    assert!(control.run("CONFIG SET maxmemory 16mb").is_ok());
    wait_until("memory is below the limit", || number(&mut control, "used_memory") <= (16 << 20) * 101 / 100);
}

#[test]
fn keys_expire_without_access_and_each_is_counted_once() {
    const KEYS: usize = 200_000;
    let directory = Directory::new();
    let server = start(&directory, &[]);
    let mut control = server.connect();
    flood(&server, KEYS, &["PX", "1500"]);
    set_all(&server, "lasting", 0..1000, &["EX", "1000"]);
    let before = turns(&mut control);
    let started = Instant::now();
    wait_until("the keys have gone", || {
        thread::sleep(Duration::from_millis(20));
        control.run("DBSIZE").integer() == Some(1000)
    });
    let crons = started.elapsed().as_millis() as u64 / 100;
    let turns = turns(&mut control) - before;
    assert!(turns <= crons + 20, "{turns} exclusive turns in {crons} turns of the cron");
    assert_eq!(number(&mut control, "expired_keys"), KEYS as u64);
    assert!(number(&mut control, "expire_cycle_cpu_milliseconds") > 0);
}

#[test]
fn a_watched_key_that_expires_breaks_the_transaction_and_a_waiter_hears_of_it() {
    let directory = Directory::new();
    let server = start(&directory, &[]);
    let (mut watcher, mut waiter, mut control) = (server.connect(), server.connect(), server.connect());
    assert!(control.run("SET watched x PX 300").is_ok());
    assert!(control.run("XGROUP CREATE stream group 0 MKSTREAM").is_ok());
    assert_eq!(control.run("PEXPIRE stream 300").integer(), Some(1));
    assert!(watcher.run("WATCH watched").is_ok());
    waiter.start(&["XREADGROUP", "GROUP", "group", "me", "BLOCK", "0", "STREAMS", "stream", ">"]);
    assert!(waiter.read().expect("it is woken").is_error());
    wait_until("both have expired", || number(&mut control, "expired_keys") == 2);
    assert!(watcher.run("MULTI").is_ok());
    watcher.run("SET other y");
    assert!(watcher.run("EXEC").is_nil());
}

#[test]
fn what_was_evicted_is_in_the_log_in_order() {
    let directory = Directory::new();
    let more = ["--maxmemory", "16mb", "--maxmemory-policy", "allkeys-random", "--appendonly", "yes"];
    let server = start(&directory, &[&more[..], &["--appendfsync", "no"]].concat());
    flood(&server, 200_000, &[]);
    // The same names again: what was evicted comes back, and other keys go.
    flood(&server, 200_000, &[]);
    let mut control = server.connect();
    assert!(control.run("CONFIG SET maxmemory 0").is_ok());
    let before = control.run("DEBUG DIGEST").text();
    assert!(control.run("DEBUG LOADAOF").is_ok());
    assert_eq!(control.run("DEBUG DIGEST").text(), before);
}

#[test]
fn keys_that_expire_on_access_are_counted_at_once_whoever_reads_the_log() {
    for append_only in ["no", "yes"] {
        let server = Server::start(&["--appendonly", append_only, "--enable-debug-command", "yes"]);
        let mut client = server.connect();
        client.run("DEBUG SET-ACTIVE-EXPIRE 0");
        (0..20).for_each(|at| _ = client.run(&format!("SET k{at} v PX 1")));
        thread::sleep(Duration::from_millis(20));
        (0..20).for_each(|at| assert!(client.run(&format!("GET k{at}")).is_nil()));
        assert_eq!(number(&mut client, "expired_keys"), 20, "appendonly {append_only}");
    }
}
