//! The append-only file: writing a value of each type as commands, and running these again.
#![allow(missing_docs)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ochre_benches::{Engine, command, values};
use ochre_engine::level::Level;
use ochre_persistence::aof::{LogReader, rewrite};
use std::hint::black_box;

const LEVEL: Level = Level::V7_2;

/// Reads a log and runs its commands; SELECT only names the database that there is.
fn replay(mut engine: Engine, log: &[u8]) -> Engine {
    let mut reader = LogReader::new(log, 0, log.len() as u64);
    while let Some(commands) = reader.next(64).expect("our own log") {
        for at in 0..commands.len() {
            let args = commands.args(at);
            if args.get(0) != b"SELECT" {
                let name = String::from_utf8_lossy(args.get(0)).to_ascii_lowercase();
                engine.run(command(&name), args);
            }
        }
    }
    engine
}

fn aof(c: &mut Criterion) {
    for (name, words) in values() {
        let mut engine = Engine::with(&words);
        let mut log = Vec::new();
        rewrite(engine.world.view(), LEVEL, &mut log, None, |_| Ok(())).expect("a vector takes everything");
        let mut group = c.benchmark_group("aof");
        group.throughput(Throughput::Bytes(log.len() as u64));
        let mut out = Vec::with_capacity(log.len());
        group.bench_function(format!("encode {name}"), |b| {
            b.iter(|| {
                out.clear();
                rewrite(black_box(engine.world.view()), LEVEL, &mut out, None, |_| Ok(())).is_ok()
            });
        });
        group.bench_function(format!("decode {name}"), |b| {
            b.iter_batched(Engine::new, |engine| replay(engine, black_box(&log)), BatchSize::SmallInput);
        });
        group.finish();
    }
}

criterion_group!(benches, aof);
criterion_main!(benches);
