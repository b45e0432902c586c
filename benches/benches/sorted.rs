//! Sorted sets through their commands: insertion in order and at random, ranks, ranges.
#![allow(missing_docs)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ochre_benches::Engine;

const MEMBERS: usize = 20_000;

fn filled(score: fn(usize) -> usize) -> Engine {
    let mut engine = Engine::new();
    for i in 0..MEMBERS {
        engine.run_words(&["ZADD".to_owned(), "z".to_owned(), score(i).to_string(), format!("member:{i}")]);
    }
    engine
}

fn scattered(i: usize) -> usize {
    i.wrapping_mul(2_654_435_761) % MEMBERS
}

fn sorted(c: &mut Criterion) {
    let mut group = c.benchmark_group("sorted set");
    group.sample_size(10);
    group.throughput(Throughput::Elements(MEMBERS as u64));
    group.bench_function("insert in order", |b| b.iter(|| filled(|i| i)));
    group.bench_function("insert at random", |b| b.iter(|| filled(scattered)));
    group.throughput(Throughput::Elements(1));
    let mut engine = filled(scattered);
    group.bench_function("ZRANK", |b| b.iter(|| engine.run_words(&["ZRANK", "z", "member:777"])));
    group.bench_function("ZRANGE of 100", |b| b.iter(|| engine.run_words(&["ZRANGE", "z", "5000", "5099"])));
    group.bench_function("ZREMRANGEBYRANK of half", |b| {
        let half = (MEMBERS / 2).to_string();
        let remove = |mut engine: Engine| engine.run_words(&["ZREMRANGEBYRANK", "z", "0", &half]);
        b.iter_batched(|| filled(|i| i), remove, BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, sorted);
criterion_main!(benches);
