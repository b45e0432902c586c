//! Listpacks: appending, walking, finding.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ochre_engine::encoding::listpack::Listpack;
use std::hint::black_box;

const ENTRIES: usize = 128;

fn filled() -> Listpack {
    let mut pack = Listpack::new();
    for i in 0..ENTRIES {
        pack.push_back(format!("element:{i}").as_bytes());
    }
    pack
}

fn listpack(c: &mut Criterion) {
    let mut group = c.benchmark_group("listpack");
    group.throughput(Throughput::Elements(ENTRIES as u64));
    let names: Vec<String> = (0..ENTRIES).map(|i| format!("element:{i}")).collect();
    group.bench_function("append", |b| {
        b.iter(|| {
            let mut pack = Listpack::new();
            names.iter().for_each(|name| pack.push_back(name.as_bytes()));
            pack.len()
        });
    });
    let pack = filled();
    group
        .bench_function("walk", |b| b.iter(|| black_box(&pack).iter().map(|item| item.len()).sum::<usize>()));
    group.bench_function("find the last", |b| b.iter(|| black_box(&pack).find(b"element:127", 0).is_some()));
    group.finish();
}

criterion_group!(benches, listpack);
criterion_main!(benches);
