//! Measures the cost of saving and loading, side by side with a stock Redis, on the same data.
//!
//! ```text
//! measure_persistence [--keys 5000000] [--rounds 3] [--subject PATH] [--reference PATH] [--workers 1]
//!                     [--only bgsave,load,aof-load,memory,set]
//! ```
//! The reference is filled once, at random but always alike: 60 % strings of 64 bytes, 20 % hashes, 10 % sets, 10 %
//! sorted sets of 10 elements. Its snapshot and its append-only file (commands only) are what both servers start
//! with, in turns. Per figure the best round of each server counts: other load on the machine only adds to the figures.
//!
//! - *bgsave, load, aof-load*: seconds of processor time of the process and its children, and seconds by the clock.
//! - *memory*: the most that server and child together need more than the server alone before (`Pss`, which divides
//!   shared pages, and page tables), while nobody writes. Sampled, in a round of its own.
//! - *set*: microseconds of processor time per SET, append-only file on and synced every second, 50 clients with 16
//!   requests each under way (redis-benchmark).
//!
//! It needs about 4 GB of memory and 6 GB of disk in the directory for temporary files, and takes some minutes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use ochre_tests::server::{binary_under_test, is_reference};
use ochre_tests::{Client, Directory, Rng, Server, ServerOptions};

/// The figures: name, unit, and the share of the reference's processor time that is the aim.
const FIGURES: [(&str, &str, f64); 5] = [
    ("bgsave", "s", 0.6),
    ("load", "s", 0.5),
    ("aof-load", "s", 0.6),
    ("memory", "% more", f64::INFINITY),
    ("set", "µs per request", 0.65),
];

/// The most that saving may add to the memory, in percent.
const MEMORY_AIM: f64 = 5.0;

/// Requests per measurement of SET.
const REQUESTS: usize = 2_000_000;

/// Between two looks at a process.
const PAUSE: Duration = Duration::from_millis(20);

struct Options {
    keys: usize,
    rounds: usize,
    servers: [PathBuf; 2],
    workers: String,
    only: Option<String>,
}

/// A cost: processor time (or percent of memory), and time by the clock.
#[derive(Clone, Copy)]
struct Cost {
    cpu: f64,
    wall: f64,
}

impl Cost {
    const MOST: Cost = Cost { cpu: f64::INFINITY, wall: f64::INFINITY };

    fn best(self, other: Cost) -> Cost {
        Cost { cpu: self.cpu.min(other.cpu), wall: self.wall.min(other.wall) }
    }
}

fn main() {
    let options = options();
    let data = Directory::new();
    prepare(&options, &data);
    println!("| figure | Ochre | Redis | ratio | aim | by the clock, Ochre | Redis | ratio |");
    println!("|---|---|---|---|---|---|---|---|");
    for (name, unit, aim) in FIGURES {
        if options.only.as_ref().is_some_and(|only| !only.split(',').any(|word| word == name)) {
            continue;
        }
        let mut best = [Cost::MOST; 2];
        for _ in 0..options.rounds {
            for (best, binary) in best.iter_mut().zip(&options.servers) {
                *best = best.best(measure(name, &options, binary, &data));
            }
        }
        let [own, other] = best;
        let (ratio, aim) = match name {
            "memory" => (String::new(), format!("{MEMORY_AIM} %")),
            _ => (format!("{:.2}", own.cpu / other.cpu), format!("{aim}")),
        };
        println!(
            "| {name}, {unit} | {:.2} | {:.2} | {ratio} | {aim} | {:.2} s | {:.2} s | {:.2} |",
            own.cpu,
            other.cpu,
            own.wall,
            other.wall,
            own.wall / other.wall
        );
    }
}

/// Servers run in directories of their own. A bare name is looked up in PATH.
fn absolute(path: &str) -> PathBuf {
    if path.contains('/') { std::path::absolute(path).expect("a path of a server") } else { path.into() }
}

fn options() -> Options {
    let mut options = Options {
        keys: 5_000_000,
        rounds: 3,
        servers: [binary_under_test(), "/usr/bin/redis-server".into()],
        workers: "1".to_owned(),
        only: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        let mut value = || args.next().unwrap_or_else(|| panic!("{option} wants a value"));
        match option.as_str() {
            "--keys" => options.keys = value().parse().expect("a number of keys"),
            "--rounds" => options.rounds = value().parse().expect("a number of rounds"),
            "--subject" => options.servers[0] = absolute(&value()),
            "--reference" => options.servers[1] = absolute(&value()),
            "--workers" => options.workers = value(),
            "--only" => options.only = Some(value()),
            other => panic!("unknown option {other}"),
        }
    }
    options
}

/// Starts a server in a directory and waits, however long it takes, until it has its data.
fn start(options: &Options, binary: &Path, directory: &Directory, args: &[&str]) -> (Server, Client) {
    let mut args = directory.args(args);
    if !is_reference(binary) {
        args.extend(["--compat-version", "7.0", "--io-threads", &options.workers].map(str::to_owned));
    }
    let mut server =
        Server::spawn(&ServerOptions { binary: binary.into(), args, ..ServerOptions::default() });
    loop {
        assert!(server.is_running(), "{}", server.log());
        if let Ok(mut client) = Client::connect(server.port())
            && client.send(b"PING\r\n").is_ok()
            && client.read().is_ok_and(|reply| !reply.is_error())
        {
            return (server, client);
        }
        sleep(PAUSE);
    }
}

/// Fills the reference, and lets it write the files that both load.
fn prepare(options: &Options, data: &Directory) {
    let plain = ["--aof-use-rdb-preamble", "no"];
    let (_server, mut client) = start(options, &options.servers[1], data, &plain);
    fill(&mut client, options.keys);
    assert!(client.run("BGSAVE").text().starts_with("Background"));
    wait_for_child(&mut client, "rdb_bgsave_in_progress");
    assert!(client.run("CONFIG SET appendonly yes").is_ok());
    wait_for_child(&mut client, "aof_rewrite_in_progress");
    let size = |path: &str| fs::metadata(data.file(path)).map_or(0, |metadata| metadata.len() >> 20);
    let log = "appendonlydir/appendonly.aof.1.base.aof";
    println!("{} keys: a snapshot of {} MB, a log of {} MB\n", options.keys, size("dump.rdb"), size(log));
}

fn wait_for_child(client: &mut Client, field: &str) {
    while client.info(field) != "0" {
        sleep(PAUSE);
    }
    let status = ["rdb_last_bgsave_status", "aof_last_bgrewrite_status"].map(|field| client.info(field));
    assert_eq!(status, ["ok", "ok"]);
}

fn fill(client: &mut Client, keys: usize) {
    const AT_ONCE: usize = 1000;
    let mut rng = Rng::new(1);
    let mut text = |len: usize| -> String {
        (0..len).map(|_| char::from(*rng.pick(b"abcdefghijklmnopqrstuvwxyz0123456789"))).collect()
    };
    for first in (0..keys).step_by(AT_ONCE) {
        let calls: Vec<Vec<String>> = (first..keys.min(first + AT_ONCE))
            .map(|at| {
                let words = |name: &str| vec![name.to_owned(), format!("key:{at:010}")];
                let each = |name, element: &mut dyn FnMut(usize) -> Vec<String>| {
                    words(name).into_iter().chain((0..10).flat_map(element)).collect()
                };
                match at % 10 {
                    0..6 => [words("SET"), vec![text(64)]].concat(),
                    6..8 => each("HSET", &mut |n| vec![format!("field:{n}"), text(10)]),
                    8 => each("SADD", &mut |n| vec![format!("{n}{}", text(9))]),
                    _ => each("ZADD", &mut |n| vec![format!("{}", at * n), format!("{n}{}", text(9))]),
                }
            })
            .collect();
        let replies = client.pipeline(&calls).expect("answers to all calls");
        assert!(replies.iter().all(|reply| !reply.is_error()));
    }
}

fn measure(name: &str, options: &Options, binary: &Path, data: &Directory) -> Cost {
    match name {
        "load" => loading(options, binary, &with_snapshot(data), &[]),
        "aof-load" => loading(options, binary, &with_log(data), &["--appendonly", "yes"]),
        "bgsave" => saving(options, binary, &with_snapshot(data)),
        "memory" => memory(options, binary, &with_snapshot(data)),
        _ => setting(options, binary),
    }
}

/// A directory with a link to the snapshot. Servers never change the file; they replace it by another one.
fn with_snapshot(data: &Directory) -> Directory {
    let directory = Directory::new();
    let path = directory.file("dump.rdb");
    fs::hard_link(data.file("dump.rdb"), &path).expect("links in the directory for temporary files");
    read_through(&path);
    directory
}

fn with_log(data: &Directory) -> Directory {
    let directory = Directory::new();
    let (from, to) = (data.file("appendonlydir"), directory.file("appendonlydir"));
    fs::create_dir(&to).expect("a writable directory");
    for entry in fs::read_dir(from).expect("the reference's files") {
        let entry = entry.expect("an entry");
        let path = to.join(entry.file_name());
        let copied = match path.to_string_lossy().contains("base") {
            true => fs::hard_link(entry.path(), &path),
            false => fs::copy(entry.path(), &path).map(drop),
        };
        copied.expect("room in the directory for temporary files");
        read_through(&path);
    }
    directory
}

/// Brings a file into memory, so that the disk is not measured.
fn read_through(path: &Path) {
    let mut file = fs::File::open(path).expect("a file that was just made");
    std::io::copy(&mut file, &mut std::io::sink()).expect("a readable file");
}

fn loading(options: &Options, binary: &Path, directory: &Directory, args: &[&str]) -> Cost {
    let started = Instant::now();
    let (server, mut client) = start(options, binary, directory, args);
    let cost = Cost { cpu: cpu_seconds(server.pid()), wall: started.elapsed().as_secs_f64() };
    assert_eq!(client.run("DBSIZE"), (options.keys as i64).into());
    cost
}

fn saving(options: &Options, binary: &Path, directory: &Directory) -> Cost {
    let (server, mut client) = start(options, binary, directory, &[]);
    let (before, started) = (cpu_seconds(server.pid()), Instant::now());
    client.run("BGSAVE");
    wait_for_child(&mut client, "rdb_bgsave_in_progress");
    Cost { cpu: cpu_seconds(server.pid()) - before, wall: started.elapsed().as_secs_f64() }
}

fn memory(options: &Options, binary: &Path, directory: &Directory) -> Cost {
    let (server, mut client) = start(options, binary, directory, &[]);
    // Memory that loading has freed is given back first.
    sleep(Duration::from_secs(2));
    let (before, started) = (resident_kb(server.pid()), Instant::now());
    client.run("BGSAVE");
    let mut most = before;
    while client.info("rdb_bgsave_in_progress") != "0" {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", server.pid()));
        let children = children.expect("a process that runs");
        let pids = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        most = most.max(resident_kb(server.pid()) + pids.map(resident_kb).sum::<u64>());
        sleep(PAUSE);
    }
    Cost { cpu: (most - before) as f64 * 100.0 / before as f64, wall: started.elapsed().as_secs_f64() }
}

fn setting(options: &Options, binary: &Path) -> Cost {
    let directory = Directory::new();
    let args = ["--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"];
    let (server, _client) = start(options, binary, &directory, &args);
    let (before, started) = (cpu_seconds(server.pid()), Instant::now());
    let port = server.port().to_string();
    let requests = REQUESTS.to_string();
    let status = Command::new("redis-benchmark")
        .args([
            "-p", &port, "-n", &requests, "-t", "set", "-P", "16", "-c", "50", "-d", "64", "-r", "1000000",
        ])
        .args(["-q"])
        .stdout(Stdio::null())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "redis-benchmark");
    let cpu = cpu_seconds(server.pid()) - before;
    Cost { cpu: cpu * 1e6 / REQUESTS as f64, wall: started.elapsed().as_secs_f64() }
}

/// Processor time of a process, all its threads, and all its children that have ended.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process that runs");
    let (_, fields) = stat.rsplit_once(')').expect("the name in brackets");
    // utime, stime, cutime and cstime are fields 14 to 17; the first behind the name is 3.
    let ticks = fields.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok());
    ticks.sum::<u64>() as f64 / ticks_per_second()
}

fn ticks_per_second() -> f64 {
    // SAFETY: it takes a number only.
    #[allow(unsafe_code)]
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    ticks as f64
}

/// Memory of a process with its page tables; 0 if it has ended.
fn resident_kb(pid: u32) -> u64 {
    let field = |file: &str, name: &str| -> u64 {
        let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"));
        line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
    };
    field("smaps_rollup", "Pss:") + field("status", "VmPTE:")
}
