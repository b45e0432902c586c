//! The system's clock is set while a server runs: back, forward, and right again. What is periodic goes on, timeouts last
//! as long as they should, and keys expire when the clock, as it now is, says so.
//!
//! A library compiled from `c/clock.c` is preloaded into the server and moves its wall clock when told to.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ochre_tests::preload::library;
use ochre_tests::{Client, Directory, Server, ServerOptions, wait_until};

const HOUR: i64 = 3600;

/// The wall clock of a server.
struct WallClock {
    control: PathBuf,
    offset_seconds: i64,
}

impl WallClock {
    /// One that is right.
    fn new(directory: &Directory) -> Self {
        let control = directory.file("clock");
        fs::write(&control, [0; 16]).expect("a writable directory");
        Self { control, offset_seconds: 0 }
    }

    /// Sets it; 0 is the right time.
    fn set(&mut self, offset_seconds: i64) {
        self.offset_seconds = offset_seconds;
        let file = OpenOptions::new().write(true).open(&self.control).expect("the control file");
        file.write_all_at(&offset_seconds.to_ne_bytes(), 0).expect("the control file is writable");
    }

    /// How often the server has flushed a file to the disk so far.
    fn flushes(&self) -> i64 {
        let bytes = fs::read(&self.control).expect("the control file");
        i64::from_ne_bytes(bytes[8..16].try_into().expect("two words"))
    }

    /// Whether this is what it shows.
    fn shows(&self, unix_seconds: i64) -> bool {
        let right = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
        (right as i64 + self.offset_seconds - unix_seconds).abs() < 60
    }
}

fn start(directory: &Directory, workers: &str) -> Server {
    let library = library("clock", Path::new(env!("CARGO_TARGET_TMPDIR")));
    let args =
        ["--io-threads", workers, "--timeout", "1", "--appendonly", "yes", "--appendfsync", "everysec"];
    Server::start_with(ServerOptions {
        args: args.map(str::to_owned).to_vec(),
        env: vec![
            ("LD_PRELOAD".to_owned(), library.into()),
            ("CLOCK_CONTROL".to_owned(), directory.file("clock").into()),
        ],
        ..ServerOptions::default()
    })
}

/// The number that a command answers, alone or before others.
fn number(c: &mut Client, command: &str) -> i64 {
    let reply = c.run(command);
    let first = reply.items().first().map(|item| item.text().parse());
    reply.integer().or(first.and_then(Result::ok)).unwrap_or_else(|| panic!("{command}: {reply:?}"))
}

/// How long a command takes.
fn duration_of(c: &mut Client, command: &str) -> Duration {
    let started = Instant::now();
    assert!(!c.run(command).is_error(), "{command}");
    started.elapsed()
}

/// What should last a second, on a machine that may be busy.
fn is_about_a_second(time: Duration) -> bool {
    (Duration::from_millis(990)..Duration::from_secs(5)).contains(&time)
}

fn timeouts_last_as_long_as_they_should(c: &mut Client) {
    let waited = duration_of(c, "BLPOP nothing 1");
    assert!(is_about_a_second(waited), "BLPOP took {waited:?}");
    c.run("CLIENT PAUSE 1000");
    let paused = duration_of(c, "PING");
    assert!(is_about_a_second(paused), "the pause took {paused:?}");
}

fn keys_expire_without_an_access(c: &mut Client) {
    assert!(c.run("SET brief 1 PX 200").is_ok());
    wait_until("the key has expired", || number(c, "DBSIZE") == 0);
}

fn a_snapshot_in_the_background_is_taken(c: &mut Client, clock: &WallClock) {
    assert!(!c.run("BGSAVE").is_error());
    wait_until("the snapshot is done", || c.info("rdb_bgsave_in_progress") == "0");
    assert_eq!(c.info("rdb_last_bgsave_status"), "ok");
    assert!(clock.shows(number(c, "LASTSAVE")));
    let seconds: i64 = c.info("rdb_last_bgsave_time_sec").parse().unwrap();
    assert!((0..60).contains(&seconds), "it took {seconds} seconds");
}

fn the_log_of_commands_is_flushed_every_second(c: &mut Client, clock: &WallClock) {
    for _ in 0..2 {
        let before = clock.flushes();
        assert!(c.run("SET logged 1").is_ok());
        wait_until("what was written is flushed", || {
            c.run("PING");
            clock.flushes() > before
        });
    }
    c.run("DEL logged");
}

fn idle_clients_are_closed_in_time(c: &mut Client, server: &Server) {
    let mut idle = server.connect();
    assert_eq!(idle.run("PING").text(), "PONG");
    let started = Instant::now();
    wait_until("the idle client is closed", || c.info("connected_clients") == "1");
    assert!(started.elapsed() >= Duration::from_millis(990), "not at once");
    assert!(idle.read().is_err());
}

/// Sets the clock of a server, and looks at everything that has to do with time.
fn set_clock(server: &Server, c: &mut Client, clock: &mut WallClock, offset_seconds: i64) {
    let mut bystander = server.connect();
    assert_eq!(bystander.run("PING").text(), "PONG");
    clock.set(offset_seconds);
    wait_until("the server sees it", || clock.shows(number(c, "TIME")));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(bystander.run("PING").text(), "PONG", "nobody was idle for an hour");
    idle_clients_are_closed_in_time(c, server);
    timeouts_last_as_long_as_they_should(c);
    keys_expire_without_an_access(c);
    a_snapshot_in_the_background_is_taken(c, clock);
    the_log_of_commands_is_flushed_every_second(c, clock);
    let uptime: u64 = c.info("uptime_in_seconds").parse().unwrap();
    assert!(uptime < 600, "an uptime of {uptime} seconds");
    assert!(c.run("CLIENT LIST").text().lines().all(|line| line.contains(" idle=0 ")));
}

fn sets_the_clock_back_and_forth(workers: &str) {
    let directory = Directory::new();
    let mut clock = WallClock::new(&directory);
    let mut server = start(&directory, workers);
    let mut c = server.connect();
    set_clock(&server, &mut c, &mut clock, -HOUR);
    assert!(c.run("SET long 1 EX 5400").is_ok());
    // Two hours later, as far as anybody can see.
    clock.set(HOUR);
    wait_until("its time has come", || number(&mut c, "DBSIZE") == 0);
    set_clock(&server, &mut c, &mut clock, HOUR);
    assert!(c.run("SET long 1 EX 60").is_ok());
    clock.set(0);
    wait_until("the server sees it", || number(&mut c, "TTL long") > HOUR);
    c.run("DEL long");
    set_clock(&server, &mut c, &mut clock, 0);
    clock.set(-HOUR);
    server.signal(libc::SIGTERM);
    let status = server.wait_for_exit(Duration::from_secs(10)).expect("SIGTERM ends it");
    assert!(status.success(), "{status}");
}

#[test]
fn the_server_goes_on_when_the_clock_is_set_back_and_forth() {
    sets_the_clock_back_and_forth("1");
}

#[test]
fn four_workers_go_on_when_the_clock_is_set_back_and_forth() {
    sets_the_clock_back_and_forth("4");
}

/// The hour at which a server in this time zone says that it starts.
fn hour_in_log(zone: &str) -> u32 {
    let env = vec![("TZ".to_owned(), zone.into())];
    let server = Server::start_with(ServerOptions { env, ..ServerOptions::default() });
    let log = server.log();
    // 4711:M 21 Nov 2026 12:00:00.123 * Server initialized
    let line = log.lines().find(|line| line.contains("Server initialized")).expect("a line of the log");
    let time = line.split(' ').nth(4).expect("a time");
    time[..2].parse().unwrap_or_else(|_| panic!("{line}"))
}

#[test]
fn the_log_shows_the_time_of_the_time_zone() {
    let behind = |hour: u32, west: u32| (hour + 24 - west) % 24;
    // The hour may change between two servers.
    let is_behind = |zone, by: &[u32]| {
        let (before, there, after) = (hour_in_log("UTC"), hour_in_log(zone), hour_in_log("UTC"));
        by.iter().any(|by| there == behind(before, *by) || there == behind(after, *by))
    };
    assert!(is_behind("XYZ7", &[7]), "a zone by its rule");
    assert!(is_behind("America/New_York", &[4, 5]), "a zone by its name");
    assert!(is_behind(":Asia/Tokyo", &[15]), "a zone by its name, in the other spelling");
}
