//! How commands scale over threads, without sockets: parsed commands run straight on T threads, the way
//! workers run them (window by window: shared mode, prefetch, shard locks).
//!
//! One thread is what a server with one worker does: the exclusive mode, no lock. Prints a table;
//! `cargo bench -p ochre-benches --bench scaling [-- commands per thread]`.

use ochre_benches::{command, encode};
use ochre_engine::command::{Caller, Command, Ctx, Effects};
use ochre_engine::keyspace::{AccessClock, DbIndex, ExpiryMode, Held, Keys, Locks, View, World};
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_engine::time::UnixMs;
use ochre_resp::reply::{Output, Protocol, Reply};
use ochre_resp::request::{Args, Batch, Limits, Parser};
use ochre_sync::WorldLock;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::sync::Barrier;
use std::time::{Duration, Instant};

const KEYS: usize = 1_000_000;
const HOT: usize = 100;
const WINDOW: usize = 64;
const DB: DbIndex = DbIndex(0);
const NOW: UnixMs = UnixMs(1_700_000_000_000);

/// A command of a stream, with what the dispatcher knows of it.
struct Step {
    command: &'static Command,
    keys: Vec<usize>,
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

fn stream(make: Make, seed: u64) -> Stream {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut stream = Stream { bytes: Vec::new(), batch: Batch::default(), steps: Vec::new() };
    for _ in 0..WINDOW * 512 {
        let words = make(&mut rng);
        stream.bytes.extend_from_slice(&encode(&words));
        let command = command(&words[0].to_lowercase());
        let step = if words[0] == "MSET" { 2 } else { 1 };
        let keys = if words[0].starts_with('M') { (1..words.len()).step_by(step).collect() } else { vec![1] };
        stream.steps.push(Step { command, keys });
    }
    let limits = Limits { max_batch: usize::MAX, ..Limits::default() };
    Parser::new().parse(&stream.bytes, &limits, &mut stream.batch).expect("well-formed commands");
    stream
}

/// What a thread needs besides the world.
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

    fn run(&mut self, keys: Reached<'_, '_>, step: &Step, hash: u64, args: Args<'_>) {
        let view = View {
            db: DB,
            now: NOW,
            settings: &self.settings,
            access: &mut self.access,
            expiry: ExpiryMode::Delete,
            hint: (1, hash),
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

/// What a command works on.
enum Reached<'a, 'w> {
    All(&'a mut World),
    Some(&'a mut Held<'w>),
}

/// Runs `commands` of a stream as the only worker.
fn alone(world: &mut World, stream: &Stream, commands: usize) {
    let mut runner = Runner::new();
    let mut hashes = [0; WINDOW];
    for window in 0..commands / WINDOW {
        let first = window * WINDOW % stream.steps.len();
        for (at, hash) in hashes.iter_mut().enumerate() {
            let key = world.locate(args(stream, first + at).get(1));
            world.prefetch_bucket(DB, key);
            *hash = key.hash;
        }
        hashes.iter().for_each(|hash| world.prefetch_entry(DB, *hash));
        for (at, hash) in hashes.iter().enumerate() {
            let step = &stream.steps[first + at];
            runner.run(Reached::All(world), step, *hash, args(stream, first + at));
        }
        runner.output.clear();
    }
}

/// The same as worker `me` of several.
fn among_others(lock: &WorldLock, me: usize, locks: Locks<'_>, stream: &Stream, commands: usize) {
    let mut runner = Runner::new();
    let mut hashes = [0; WINDOW];
    for window in 0..commands / WINDOW {
        let first = window * WINDOW % stream.steps.len();
        lock.enter_shared(me);
        for (at, hash) in hashes.iter_mut().enumerate() {
            let key = locks.locate(args(stream, first + at).get(1));
            locks.prefetch_bucket(DB, key);
            *hash = key.hash;
        }
        hashes.iter().for_each(|hash| locks.prefetch_entry(DB, *hash));
        for (at, hash) in hashes.iter().enumerate() {
            let (step, args) = (&stream.steps[first + at], args(stream, first + at));
            let mut held = match step.keys.as_slice() {
                [_] => locks.one(*hash),
                keys => locks.several(keys.iter().map(|at| args.get(*at))),
            };
            runner.run(Reached::Some(&mut held), step, *hash, args);
        }
        lock.leave_shared(me);
        runner.output.clear();
    }
}

fn args(stream: &Stream, at: usize) -> Args<'_> {
    stream.batch.args(at, &stream.bytes)
}

/// Commands per second of all threads together.
fn measure(world: &mut World, make: Make, threads: usize, commands: usize) -> f64 {
    let streams: Vec<Stream> = (0..threads).map(|seed| stream(make, seed as u64)).collect();
    if threads == 1 {
        alone(world, &streams[0], commands / 4);
        let started = Instant::now();
        alone(world, &streams[0], commands);
        return commands as f64 / started.elapsed().as_secs_f64();
    }
    let (lock, barrier) = (WorldLock::new(threads), Barrier::new(threads + 1));
    // SAFETY: until the scope ends nobody reaches the world but through these locks.
    #[allow(unsafe_code)]
    let locks = unsafe { world.locks(false) };
    let elapsed = std::thread::scope(|scope| {
        let workers: Vec<_> = streams
            .iter()
            .enumerate()
            .map(|(me, stream)| {
                let (lock, barrier) = (&lock, &barrier);
                scope.spawn(move || {
                    among_others(lock, me, locks, stream, commands / 4 / threads);
                    barrier.wait();
                    among_others(lock, me, locks, stream, commands * 2 / threads);
                })
            })
            .collect();
        barrier.wait();
        let started = Instant::now();
        workers.into_iter().for_each(|worker| worker.join().expect("no worker panics"));
        started.elapsed()
    });
    (commands * 2) as f64 / elapsed.max(Duration::from_nanos(1)).as_secs_f64()
}

/// A world like that of a server with so many workers, with all keys in it.
fn filled(threads: usize) -> World {
    let shards = if threads == 1 { 16 } else { (threads * 64).next_power_of_two().max(512) };
    let mut world = World::new(shards, 1, Seed::new(1, 2));
    let (mut runner, set) = (Runner::new(), command("set"));
    let step = Step { command: set, keys: vec![1] };
    for number in 0..KEYS {
        let owned: ochre_resp::request::OwnedArgs = ["SET", &key(number), &"v".repeat(64)].iter().collect();
        let hash = world.locate(owned.args().get(1)).hash;
        runner.run(Reached::All(&mut world), &step, hash, owned.args());
    }
    world
}

fn main() {
    let commands = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(4_000_000);
    let loads: [(&str, Make, usize); 3] =
        [("80 % GET, 20 % SET", get_or_set, 1), ("MGET, MSET of 10", ten, 8), ("INCR of 100 keys", count, 1)];
    println!("{:20} {:>8} {:>14} {:>8}", "load", "threads", "commands/s", "ratio");
    for (name, make, share) in loads {
        let mut base = 0.0;
        for threads in [1, 2, 4, 16] {
            let mut world = filled(threads);
            let mut rates: Vec<f64> =
                (0..3).map(|_| measure(&mut world, make, threads, commands / share)).collect();
            rates.sort_by(f64::total_cmp);
            if threads == 1 {
                base = rates[1];
            }
            println!("{name:20} {threads:>8} {:>14.0} {:>8.2}", rates[1], rates[1] / base);
        }
    }
}
