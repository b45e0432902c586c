//! Calls to the operating system that fail while a server writes: what was acknowledged is there afterwards, and
//! clients are told when nothing can be promised any more.
//!
//! A library compiled from `c/faults.c` is preloaded into the server and makes its file calls fail when told to.
//! `CRASH_KILLS` sets the number of rounds of each kind, as in `crash.rs`.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ochre_tests::durable::{Journal, Numbers, Writer, check, recovered};
use ochre_tests::preload::library;
use ochre_tests::{Client, Directory, Rng, Server, ServerOptions, wait_until};

/// A call that fails; the numbers are those of `faults.c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Write = 1,
    Sync = 2,
    Rename = 3,
}

/// Tells the library in a server what fails.
struct Faults(PathBuf);

impl Faults {
    fn none(directory: &Directory) -> Self {
        let faults = Self(directory.file("faults"));
        fs::write(&faults.0, [0; 16]).expect("a writable directory");
        faults
    }

    /// From the `nth` call on, `call` fails; a write may write half of its bytes first.
    fn arm(&self, call: Call, nth: i32, errno: i32, writes_half: bool) {
        // The call's number comes last, as it is what the library looks at first.
        let words = [nth, errno, i32::from(writes_half)];
        self.put(4, &words.map(i32::to_ne_bytes).concat());
        self.put(0, &(call as i32).to_ne_bytes());
    }

    fn disarm(&self) {
        self.put(0, &0i32.to_ne_bytes());
    }

    fn put(&self, at: u64, bytes: &[u8]) {
        use std::os::unix::fs::FileExt;
        let file = OpenOptions::new().write(true).open(&self.0).expect("the control file");
        file.write_all_at(bytes, at).expect("the control file is writable");
    }
}

/// Starts a server whose calls on files of `data` can fail.
fn start(directory: &Directory, args: &[&str]) -> (Server, Client) {
    let data = directory.file("data");
    fs::create_dir_all(&data).expect("a writable directory");
    let path = data.to_str().expect("a path of ASCII");
    let library = library("faults", Path::new(env!("CARGO_TARGET_TMPDIR")));
    let server = Server::start_with(ServerOptions {
        args: [&["--dir", path], args].concat().iter().map(|&arg| arg.to_owned()).collect(),
        env: vec![
            ("LD_PRELOAD".to_owned(), library.into()),
            ("FAULTS_CONTROL".to_owned(), directory.file("faults").into()),
            ("FAULTS_PATH".to_owned(), path.into()),
        ],
        ..ServerOptions::default()
    });
    let mut client = server.connect();
    wait_until("the data is loaded", || client.info("loading") == "0");
    (server, client)
}

/// Servers one after the other on the same data.
struct Lives {
    directory: Directory,
    faults: Faults,
    rng: Rng,
    kept: Numbers,
    sent: u64,
}

impl Lives {
    fn new() -> Self {
        let directory = Directory::new();
        let faults = Faults::none(&directory);
        Self {
            directory,
            faults,
            rng: Rng::new(u64::from(std::process::id())),
            kept: Numbers::new(),
            sent: 0,
        }
    }

    /// One life: writes, with `call` failing for a while, then killed; then what `promised` says must be there.
    /// True if the server ended before it was killed.
    fn live(
        &mut self,
        args: &[&str],
        save_every: usize,
        call: Call,
        promised: impl Fn(&Journal, Instant) -> Numbers,
    ) -> bool {
        let (mut server, client) = start(&self.directory, args);
        let writer = Writer::start(client, self.sent, self.rng.bits(), save_every);
        std::thread::sleep(Duration::from_millis(self.rng.range(20, 100) as u64));
        let errno = *self.rng.pick(&[libc::ENOSPC, libc::EIO]);
        self.faults.arm(call, self.rng.range(0, 3) as i32, errno, self.rng.chance(50));
        std::thread::sleep(Duration::from_millis(self.rng.range(50, 300) as u64));
        if self.rng.chance(50) {
            self.faults.disarm();
            std::thread::sleep(Duration::from_millis(100));
        }
        let killed_at = Instant::now();
        let ended_itself = !server.is_running();
        if !ended_itself {
            server.signal(libc::SIGKILL);
        }
        server.wait_for_exit(Duration::from_secs(10)).expect("nobody survives SIGKILL");
        self.faults.disarm();
        let journal = writer.finish();
        let (_server, mut client) = start(&self.directory, args);
        let found = recovered(&mut client);
        self.kept.extend(promised(&journal, killed_at));
        check(&found, &self.kept, &journal);
        (self.kept, self.sent) = (found, journal.sent);
        ended_itself
    }
}

/// Rounds after which the data begin anew, lest they grow without end.
const FRESH_START: usize = 5;

fn rounds() -> usize {
    std::env::var("CRASH_KILLS").map_or(5, |text| text.parse().expect("CRASH_KILLS is a number"))
}

const APPEND_ONLY: [&str; 6] =
    ["--appendonly", "yes", "--auto-aof-rewrite-min-size", "8kb", "--auto-aof-rewrite-percentage", "30"];

#[test]
fn no_failing_call_loses_a_write_that_appendfsync_always_acknowledged() {
    let args = [&APPEND_ONLY[..], &["--appendfsync", "always"]].concat();
    let (mut lives, mut endings) = (Lives::new(), 0);
    for round in 0..rounds() {
        if round % FRESH_START == FRESH_START - 1 {
            lives = Lives::new();
        }
        for call in [Call::Write, Call::Sync, Call::Rename] {
            let ended_itself = lives.live(&args, 0, call, |journal, _| journal.all());
            // What it can no longer promise it must not answer.
            endings += usize::from(ended_itself && call != Call::Rename);
        }
    }
    assert!(endings > 0, "a write or a sync that failed ends the process");
}

#[test]
fn no_failing_call_loses_a_write_older_than_two_seconds_with_everysec() {
    let args = [&APPEND_ONLY[..], &["--appendfsync", "everysec"]].concat();
    let mut lives = Lives::new();
    for round in 0..rounds() {
        if round % FRESH_START == FRESH_START - 1 {
            lives = Lives::new();
        }
        for call in [Call::Write, Call::Sync, Call::Rename] {
            lives.live(&args, 0, call, |journal, killed_at| {
                killed_at
                    .checked_sub(Duration::from_secs(2))
                    .map(|moment| journal.before(moment))
                    .unwrap_or_default()
            });
        }
    }
}

#[test]
fn no_failing_call_spoils_the_last_snapshot() {
    let mut lives = Lives::new();
    for round in 0..rounds() {
        if round % FRESH_START == FRESH_START - 1 {
            lives = Lives::new();
        }
        for call in [Call::Write, Call::Sync, Call::Rename] {
            lives.live(&["--save", "1 10"], 10, call, |journal, _| journal.saved.clone());
        }
    }
}

#[test]
fn a_full_disk_stops_writes_and_room_lets_them_go_on() {
    let directory = Directory::new();
    let faults = Faults::none(&directory);
    let (_server, mut c) = start(&directory, &["--appendonly", "yes", "--appendfsync", "everysec"]);
    assert!(c.run("SET before 1").is_ok());
    faults.arm(Call::Write, 0, libc::ENOSPC, false);
    wait_until("writes are refused", || {
        let reply = c.run("SET during 1");
        reply.text().starts_with("MISCONF Errors writing to the AOF file: No space left on device")
    });
    assert_eq!(c.run("GET before").text(), "1");
    assert_eq!(c.info("aof_last_write_status"), "err");
    faults.disarm();
    wait_until("writes are accepted again", || c.run("SET after 1").is_ok());
    assert_eq!(c.info("aof_last_write_status"), "ok");
}

#[test]
fn a_full_disk_is_known_to_all_of_four_workers_at_once() {
    let directory = Directory::new();
    let faults = Faults::none(&directory);
    let (server, mut first) = start(&directory, &["--appendonly", "yes", "--io-threads", "4"]);
    let mut others: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    let is_refused =
        |c: &mut Client| c.run("SET k 1").text().starts_with("MISCONF Errors writing to the AOF");
    for _ in 0..3 {
        others.iter_mut().for_each(|c| assert!(c.run("SET k 1").is_ok()));
        faults.arm(Call::Write, 0, libc::ENOSPC, true);
        wait_until("writes are refused", || is_refused(&mut first));
        others.iter_mut().for_each(|c| assert!(is_refused(c)));
        faults.disarm();
        wait_until("writes are accepted again", || first.run("SET k 1").is_ok());
    }
}

#[test]
fn a_snapshot_that_cannot_be_written_stops_writes() {
    let directory = Directory::new();
    let faults = Faults::none(&directory);
    let (_server, mut c) = start(&directory, &["--save", "3600 1000000"]);
    assert!(c.run("SET k 1").is_ok());
    for call in [Call::Write, Call::Sync, Call::Rename] {
        faults.arm(call, 0, libc::EIO, false);
        assert!(c.run("SAVE").is_error(), "{call:?}");
        c.run("BGSAVE");
        wait_until("the child has failed", || c.info("rdb_last_bgsave_status") == "err");
        assert!(c.run("SET k 2").text().starts_with("MISCONF"), "{call:?}");
        faults.disarm();
        c.run("BGSAVE");
        wait_until("the child has saved", || c.info("rdb_last_bgsave_status") == "ok");
        assert!(c.run("SET k 3").is_ok(), "{call:?}");
        let names = fs::read_dir(directory.file("data")).unwrap().count();
        assert_eq!(names, 1, "no temporary file stays behind");
    }
}
