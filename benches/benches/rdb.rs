//! Snapshots: encoding and decoding a value of each type, and the checksum.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ochre_benches::{Engine, values};
use ochre_engine::entry::KeyEntry;
use ochre_engine::keyspace::DbIndex;
use ochre_engine::level::Level;
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_persistence::rdb::encode::{Encoder, Encoding};
use ochre_persistence::rdb::output::Output;
use ochre_persistence::rdb::{Decoding, crc64, payload};
use std::hint::black_box;

fn entry_of(engine: &mut Engine) -> &KeyEntry {
    let mut entries = engine.world.view().parts(DbIndex(0)).flat_map(|part| part.table.iter());
    entries.next().expect("the command made a key")
}

fn rdb(c: &mut Criterion) {
    let settings = Settings::default();
    for (name, words) in values() {
        let mut engine = Engine::with(&words);
        let entry = entry_of(&mut engine);
        let mut group = c.benchmark_group("rdb");
        for compression in [true, false] {
            let body = payload::dump(entry, Level::V7_2, compression);
            let body = payload::verify(&body, true).expect("our own footer");
            let how = if compression { "" } else { ", uncompressed" };
            group.throughput(Throughput::Bytes(body.len() as u64));
            let mut encoder = Encoder::new(Output::in_memory(), Encoding::of(Level::V7_2, compression));
            group.bench_function(format!("encode {name}{how}"), |b| {
                b.iter(|| {
                    encoder.value(black_box(entry));
                    encoder.out.clear();
                });
            });
            let decoding = Decoding { settings: &settings, seed: Seed::new(1, 2), deep: None };
            group.bench_function(format!("decode {name}{how}"), |b| {
                b.iter(|| payload::restore(black_box(body), &decoding).is_ok());
            });
        }
        group.finish();
    }
}

fn checksum(c: &mut Criterion) {
    let bytes = vec![7; 1 << 20];
    let mut group = c.benchmark_group("crc64");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("1 MB", |b| b.iter(|| crc64::update(0, black_box(&bytes))));
    group.finish();
}

criterion_group!(benches, rdb, checksum);
criterion_main!(benches);
