//! Compares two servers call by call.
//!
//! ```text
//! differential [--calls N] [--seed N] [--subject PATH] [--reference PATH]
//!              [--only CMD,CMD] [--failures N] [--each-once] [--coverage] [--docs-of-reference]
//! ```
//!
//! It stops after `--failures` differences; with `--each-once` a command is no longer called once a
//! minimal sequence ended in it, which gives a survey of a server that is far from done.
//! Ends with a plain line of counts; the exit status is 1 when a difference was found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use ochre_tests::differential::generate::Generator;
use ochre_tests::differential::pair::{Mismatch, Pair, Setup};
use ochre_tests::differential::{BATCH, Call, docs, name_of, printed, shrink};
use ochre_tests::{Rng, server};

/// Pipelines per comparison of the state, comparisons per episode.
const BATCHES: usize = 6;
const ROUNDS: usize = 2;

struct Options {
    calls: usize,
    seed: u64,
    subject: PathBuf,
    reference: PathBuf,
    only: Vec<String>,
    failures: usize,
    each_once: bool,
    coverage: bool,
    docs_of_reference: bool,
}

fn main() -> ExitCode {
    let options = options();
    let mut pair = Pair::start(options.subject.clone(), options.reference.clone());
    let mut source =
        if options.docs_of_reference { pair.connect_reference() } else { pair.connect_subject() };
    let commands = docs::load(&mut source, "7.0.15");
    let mut generator = Generator::new(&commands, &options.only);
    generator.forget_unknown(&mut pair.connect_subject());
    println!("{} commands; seed {}", generator.names().len(), options.seed);
    assert!(!generator.names().is_empty(), "nothing to generate");
    let mut run = Run { made: 0, found: Vec::new(), counts: BTreeMap::new() };
    let start = Instant::now();
    let mut episode = 0;
    while run.made < options.calls && run.found.len() < options.failures {
        if let Some(last) = run.episode(&mut pair, &mut generator, options.seed.wrapping_add(episode))
            && options.each_once
        {
            generator.avoid(&last);
        }
        episode += 1;
    }
    if options.coverage {
        for (name, count) in &run.counts {
            println!("{count:8} {name}");
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{} calls in {seconds:.0} s, {} commands, {} differences",
        run.made,
        run.counts.len(),
        run.found.len()
    );
    if run.found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Run {
    made: usize,
    found: Vec<String>,
    counts: BTreeMap<String, usize>,
}

impl Run {
    /// Runs one episode; the last command of a minimal failing sequence if there is a difference.
    fn episode(&mut self, pair: &mut Pair, generator: &mut Generator, seed: u64) -> Option<String> {
        let mut rng = Rng::new(seed);
        let setup = Setup::random(&mut rng);
        pair.prepare(&setup);
        generator.start_episode();
        let (mut calls, mut queued): (Vec<Call>, Vec<Call>) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            for _ in 0..BATCHES {
                let mut batch = Vec::new();
                (0..BATCH).for_each(|_| generator.extend(&mut batch, &mut rng));
                self.count(&batch);
                let earlier = calls.len();
                calls.extend_from_slice(&batch);
                if let Some(mismatch) = pair.run(&batch, earlier, &mut queued) {
                    return Some(self.report(pair, &setup, &calls, &mismatch, seed));
                }
            }
            if let Some(mismatch) = pair.compare_state(calls.len()) {
                return Some(self.report(pair, &setup, &calls, &mismatch, seed));
            }
        }
        None
    }

    fn count(&mut self, batch: &[Call]) {
        self.made += batch.len();
        for call in batch {
            *self.counts.entry(String::from_utf8_lossy(&call[0]).to_ascii_uppercase()).or_default() += 1;
        }
    }

    fn report(
        &mut self,
        pair: &mut Pair,
        setup: &Setup,
        calls: &[Call],
        mismatch: &Mismatch,
        seed: u64,
    ) -> String {
        println!("---- difference in {} (episode seed {seed})", mismatch.what);
        self.found.push(mismatch.what.clone());
        let Some((short, last)) = shrink::shrink(pair, setup, calls, &mismatch.what) else {
            println!("not seen again when replayed:\n{}", mismatch.details);
            return mismatch.what.clone();
        };
        println!("{}", setup.printed());
        short.iter().for_each(|call| println!("{}", printed(call)));
        println!("{}", last.details);
        short.last().map(name_of).unwrap_or_default()
    }
}

fn options() -> Options {
    let mut options = Options {
        calls: 30_000,
        seed: 1,
        subject: server::binary_under_test(),
        reference: "/usr/bin/redis-server".into(),
        only: Vec::new(),
        failures: 1,
        each_once: false,
        coverage: false,
        docs_of_reference: false,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().unwrap_or_else(|| panic!("{arg} needs a value"));
        match arg.as_str() {
            "--calls" => options.calls = value().parse().expect("a number"),
            "--seed" => options.seed = value().parse().expect("a number"),
            "--failures" => options.failures = value().parse().expect("a number"),
            "--subject" => options.subject = value().into(),
            "--reference" => options.reference = value().into(),
            "--only" => options.only = value().split(',').map(str::to_ascii_lowercase).collect(),
            "--each-once" => options.each_once = true,
            "--coverage" => options.coverage = true,
            "--docs-of-reference" => options.docs_of_reference = true,
            _ => panic!("unknown option {arg}; see the head of this file's source"),
        }
    }
    options
}
