//! The scaling of commands over threads, without sockets: parsed commands run on T threads, in the way that
//! workers run them (window by window: shared mode, groups of keys locked and fetched together).
//!
//! One thread runs commands as a server with one worker: in the exclusive mode, without locks. The bench prints a
//! table, with the processor time of each command: where that is the same and the rate is not, processors were idle.
//! `cargo bench -p ochre-benches --bench scaling [-- commands per thread [threads ...]]`.
#![allow(unsafe_code)]

use ochre_benches::{command, encode};
use ochre_engine::command::{Caller, Command, Ctx, Effects};
use ochre_engine::keyspace::{
    AccessClock, DbIndex, ExpiryMode, Held, Hints, Key, Keys, LockSet, View, World,
};
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_engine::time::UnixMs;
use ochre_resp::reply::{Output, Protocol, Reply};
use ochre_resp::request::{Args, Batch, Limits, Parser};
use ochre_sync::{ModeCell, ModeHandle, Own, PerWorker};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::ops::Range;
use std::sync::Barrier;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::time::{Duration, Instant};

const KEYS: usize = 1_000_000;
const HOT: usize = 100;
const WINDOW: usize = 64;
/// Windows that a thread takes from the work of all at a time.
const CHUNK: usize = 16;
/// Commands in the streams of all threads together: the same for any number of threads, so that they touch
/// as much memory.
const STREAMS: usize = WINDOW * 4096;
/// Shards that a worker locks together.
const GROUP_SHARDS: usize = 16;
/// Rounds in which each number of threads is measured once, so that slow minutes of the machine concern all alike. The
/// table shows medians; that of the ratios is the median of the ratios of the rounds.
const ROUNDS: usize = 5;
const DB: DbIndex = DbIndex(0);
const NOW: UnixMs = UnixMs(1_700_000_000_000);

/// A command of a stream, with the facts that the dispatcher knows.
struct Step {
    command: &'static Command,
    /// Arguments from one key to the next.
    stride: usize,
    keys: usize,
}

/// Parsed commands of one thread, run over and over.
struct Stream {
    bytes: Vec<u8>,
    batch: Batch,
    steps: Vec<Step>,
}

fn key(number: usize) -> String {
    format!("key:{number:012}")
}

/// Makes one command: name and arguments.
type Make = fn(&mut SmallRng) -> Vec<String>;

fn get_or_set(rng: &mut SmallRng) -> Vec<String> {
    let key = key(rng.random_range(0..KEYS));
    if rng.random_ratio(1, 5) { vec!["SET".into(), key, "v".repeat(64)] } else { vec!["GET".into(), key] }
}

fn ten(rng: &mut SmallRng) -> Vec<String> {
    let sets = rng.random_ratio(1, 5);
    let mut words = vec![if sets { "MSET" } else { "MGET" }.to_owned()];
    for _ in 0..10 {
        words.push(key(rng.random_range(0..KEYS)));
        if sets {
            words.push("v".repeat(64));
        }
    }
    words
}

fn count(rng: &mut SmallRng) -> Vec<String> {
    vec!["INCR".into(), format!("hot:{}", rng.random_range(0..HOT))]
}

fn stream(make: Make, seed: u64, commands: usize) -> Stream {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut stream = Stream { bytes: Vec::new(), batch: Batch::default(), steps: Vec::new() };
    for _ in 0..commands {
        let words = make(&mut rng);
        stream.bytes.extend_from_slice(&encode(&words));
        let command = command(&words[0].to_lowercase());
        let stride = if words[0] == "MSET" { 2 } else { 1 };
        let keys = if words[0].starts_with('M') { (words.len() - 1) / stride } else { 1 };
        stream.steps.push(Step { command, stride, keys });
    }
    let limits = Limits { max_batch: usize::MAX, ..Limits::default() };
    Parser::new().parse(&stream.bytes, &limits, &mut stream.batch).expect("well-formed commands");
    stream
}

/// The state of a thread besides the data set.
struct Runner {
    settings: Settings,
    access: AccessClock,
    fx: Effects,
    rng: SmallRng,
    output: Output,
}

impl Runner {
    fn new() -> Runner {
        let settings = Settings::default();
        Runner {
            access: AccessClock::new(&settings, NOW, 1),
            settings,
            fx: Effects::default(),
            rng: SmallRng::seed_from_u64(1),
            output: Output::new(),
        }
    }

    fn run(&mut self, keys: Reached<'_, '_>, step: &Step, hashes: &[u64], args: Args<'_>) {
        let view = View {
            db: DB,
            now: NOW,
            settings: &self.settings,
            access: &mut self.access,
            expiry: ExpiryMode::Delete,
            hints: Hints::new(1, step.stride, hashes),
            fx: &mut self.fx,
        };
        let keys = match keys {
            Reached::All(world) => Keys::new(world, view),
            Reached::Some(held) => Keys::locked(held, view),
        };
        let mut ctx = Ctx {
            keys,
            reply: Reply::new(&mut self.output, Protocol::Resp2),
            settings: &self.settings,
            now: NOW,
            rng: &mut self.rng,
            caller: Caller::default(),
            name: step.command.meta.name,
        };
        let handler = step.command.run.expect("a command that runs");
        handler(&mut ctx, args).expect("benches run valid commands");
        self.fx.clear();
    }
}

/// The world as several threads share it; they have nothing of their own in it.
struct Process {
    world: World,
    cells: Box<[(Own<()>, Own<()>)]>,
}

// SAFETY: each number is one index of a boxed slice that does not change.
unsafe impl PerWorker for Process {
    type First = ();
    type Second = ();

    fn cells(&self, worker: usize) -> (&Own<()>, &Own<()>) {
        let (first, second) = &self.cells[worker];
        (first, second)
    }
}

/// The data that a command works on.
enum Reached<'a, 'w> {
    All(&'a mut World),
    Some(&'a mut Held<'w>),
}

/// Runs `commands` of a stream as the only worker.
fn alone(world: &mut World, stream: &Stream, commands: usize) {
    let (mut runner, mut hashes) = (Runner::new(), Vec::new());
    for window in 0..commands / WINDOW {
        let steps = window_of(stream, window);
        let view = world.view();
        let fetch = |key| view.prefetch_bucket(DB, key);
        hash_all(stream, steps.clone(), &mut hashes, |key| view.locate(key), fetch);
        hashes.iter().for_each(|hash| view.prefetch_entry(DB, *hash));
        let mut from = 0;
        for at in steps {
            let step = &stream.steps[at];
            let own = &hashes[from..from + step.keys];
            runner.run(Reached::All(world), step, own, args(stream, at));
            from += step.keys;
        }
        runner.output.clear();
    }
}

/// The numbers of the commands of a window.
fn window_of(stream: &Stream, window: usize) -> Range<usize> {
    let first = window * WINDOW % stream.steps.len();
    first..first + WINDOW
}

/// Hashes the keys of some commands, and prefetches their buckets.
fn hash_all<'s>(
    stream: &'s Stream,
    steps: Range<usize>,
    hashes: &mut Vec<u64>,
    locate: impl Fn(&'s [u8]) -> Key<'s>,
    fetch: impl Fn(Key<'s>),
) {
    hashes.clear();
    for at in steps {
        let step = &stream.steps[at];
        for key in 0..step.keys {
            let key = locate(args(stream, at).get(1 + key * step.stride));
            fetch(key);
            hashes.push(key.hash);
        }
    }
}

/// Runs commands of a stream as one of several workers.
fn among_others(handle: &mut ModeHandle<Process>, stream: &Stream, work: &Work) {
    let mut runner = Runner::new();
    let (mut hashes, mut set) = (Vec::new(), LockSet::default());
    for window in 0.. {
        if window % CHUNK == 0 && !work.take() {
            break;
        }
        let steps = window_of(stream, window);
        handle.enter_shared();
        let locks = handle.state().world.locks();
        let fetch = |key: Key<'_>| locks.approach(key.hash);
        hash_all(stream, steps.clone(), &mut hashes, |key| locks.locate(key), fetch);
        let (mut at, mut from) = (steps.start, 0);
        while at < steps.end {
            let (mut end, mut to) = (at + 1, from + stream.steps[at].keys);
            while end < steps.end && to - from + stream.steps[end].keys <= GROUP_SHARDS {
                (end, to) = (end + 1, to + stream.steps[end].keys);
            }
            let (mut held, got) = locks.hold_some(&mut set, DB, &hashes[from..to], stream.steps[at].keys);
            while to > from + got {
                (end, to) = (end - 1, to - stream.steps[end - 1].keys);
            }
            for at in at..end {
                let step = &stream.steps[at];
                let own = &hashes[from..from + step.keys];
                runner.run(Reached::Some(&mut held), step, own, args(stream, at));
                from += step.keys;
            }
            at = end;
        }
        runner.output.clear();
    }
    handle.leave();
    handle.lend_permit();
}

fn args(stream: &Stream, at: usize) -> Args<'_> {
    stream.batch.args(at, &stream.bytes)
}

/// What all threads have to do together: a processor that is slower than the other does less of it.
struct Work(AtomicIsize);

impl Work {
    fn new(commands: usize) -> Work {
        Work(AtomicIsize::new((commands / WINDOW) as isize))
    }

    /// Takes [`CHUNK`] windows, if there are some.
    fn take(&self) -> bool {
        self.0.fetch_sub(CHUNK as isize, Ordering::Relaxed) > 0
    }
}

/// The speed of all threads together.
#[derive(Clone, Copy)]
struct Rate {
    per_second: f64,
    /// Processor time of a command in nanoseconds.
    cpu_nanos: f64,
}

/// A measurement under way.
struct Watch {
    started: Instant,
    cpu: Duration,
}

impl Watch {
    fn start() -> Watch {
        Watch { started: Instant::now(), cpu: processor_time() }
    }

    fn stop(self, commands: usize) -> Rate {
        let (elapsed, cpu) = (self.started.elapsed(), processor_time() - self.cpu);
        Rate {
            per_second: commands as f64 / elapsed.max(Duration::from_nanos(1)).as_secs_f64(),
            cpu_nanos: cpu.as_nanos() as f64 / commands as f64,
        }
    }
}

/// The processor time of this process so far, in steps of 10 ms (proc(5), stat, fields 14 and 15).
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    Duration::from_millis(
        fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10,
    )
}

fn measure(handles: &mut [ModeHandle<Process>], make: Make, share: usize, commands: usize) -> Rate {
    let commands = commands / share;
    let threads = handles.len();
    let streams: Vec<Stream> =
        (0..threads).map(|seed| stream(make, seed as u64, STREAMS / share / threads)).collect();
    if threads == 1 {
        let world = &mut handles[0].exclusive().world;
        alone(world, &streams[0], commands / 4);
        let watch = Watch::start();
        alone(world, &streams[0], commands);
        return watch.stop(commands);
    }
    let (barrier, warming, work) =
        (Barrier::new(threads + 1), Work::new(commands / 4), Work::new(commands * 2));
    std::thread::scope(|scope| {
        let workers: Vec<_> = streams
            .iter()
            .zip(handles)
            .map(|(stream, handle)| {
                let (barrier, warming, work) = (&barrier, &warming, &work);
                scope.spawn(move || {
                    among_others(handle, stream, warming);
                    barrier.wait();
                    among_others(handle, stream, work);
                })
            })
            .collect();
        barrier.wait();
        let watch = Watch::start();
        workers.into_iter().for_each(|worker| worker.join().expect("no worker panics"));
        watch.stop(commands * 2)
    })
}

/// A data set like that of a server with `threads` workers, with all keys in it.
fn filled(threads: usize) -> Vec<ModeHandle<Process>> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut world = World::new(World::shards_for(threads.min(processors.max(2))), 1, Seed::new(1, 2));
    let (mut runner, set) = (Runner::new(), command("set"));
    let step = Step { command: set, stride: 2, keys: 1 };
    for number in 0..KEYS {
        let owned: ochre_resp::request::OwnedArgs = ["SET", &key(number), &"v".repeat(64)].iter().collect();
        runner.run(Reached::All(&mut world), &step, &[], owned.args());
    }
    let cells = (0..threads).map(|_| (Own::new(()), Own::new(()))).collect();
    ModeCell::share(threads, processors, Process { world, cells }).expect("pipes for the workers")
}

fn main() {
    let mut numbers = std::env::args().filter_map(|arg| arg.parse().ok());
    let commands = numbers.next().unwrap_or(4_000_000);
    let mut counts: Vec<usize> = numbers.collect();
    if counts.is_empty() {
        counts = vec![1, 2, 4, 16];
    }
    let loads: [(&str, Make, usize); 3] =
        [("80 % GET, 20 % SET", get_or_set, 1), ("MGET, MSET of 10", ten, 8), ("INCR of 100 keys", count, 1)];
    println!(
        "{:20} {:>8} {:>14} {:>9} {:>9} {:>8}",
        "load", "threads", "commands/s", "to first", "to second", "CPU ns"
    );
    for (name, make, share) in loads {
        let mut processes: Vec<_> = counts.iter().map(|threads| filled(*threads)).collect();
        let rounds: Vec<Vec<Rate>> = (0..ROUNDS)
            .map(|_| processes.iter_mut().map(|process| measure(process, make, share, commands)).collect())
            .collect();
        for (at, threads) in counts.iter().enumerate() {
            let ratio_to = |other: usize| {
                median(rounds.iter().map(|round| round[at].per_second / round[other].per_second))
            };
            let per_second = median(rounds.iter().map(|round| round[at].per_second));
            let cpu_nanos = median(rounds.iter().map(|round| round[at].cpu_nanos));
            let (first, second) = (ratio_to(0), ratio_to(1.min(counts.len() - 1)));
            println!("{name:20} {threads:>8} {per_second:>14.0} {first:>9.2} {second:>9.2} {cpu_nanos:>8.0}");
        }
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
