//! The hash table: insert with growth, hit, miss, removal.
#![allow(missing_docs)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ochre_engine::table::{MemberTable, Seed};
use std::hint::black_box;

const MEMBERS: usize = 100_000;

fn names() -> Vec<String> {
    (0..MEMBERS).map(|i| format!("member:{i}")).collect()
}

fn filled(names: &[String]) -> MemberTable {
    let mut table = MemberTable::new(Seed::new(1, 2));
    names.iter().for_each(|name| {
        table.insert(name.as_bytes());
    });
    table
}

fn table(c: &mut Criterion) {
    let names = names();
    let mut group = c.benchmark_group("table");
    group.throughput(Throughput::Elements(MEMBERS as u64));
    group.sample_size(20);
    group.bench_function("insert with growth", |b| b.iter(|| filled(black_box(&names)).len()));
    let table = filled(&names);
    group.bench_function("hit", |b| {
        b.iter(|| names.iter().filter(|name| table.contains(name.as_bytes())).count());
    });
    let absent: Vec<String> = names.iter().map(|name| format!("{name}?")).collect();
    group.bench_function("miss", |b| {
        b.iter(|| absent.iter().filter(|name| table.contains(name.as_bytes())).count());
    });
    group.bench_function("remove all", |b| {
        let remove =
            |mut table: MemberTable| names.iter().filter(|name| table.remove(name.as_bytes())).count();
        b.iter_batched(|| filled(&names), remove, BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, table);
criterion_main!(benches);
