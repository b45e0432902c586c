//! Snapshots: encoding and decoding a value of each type, and the checksum.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ochre_benches::Engine;
use ochre_engine::entry::KeyEntry;
use ochre_engine::keyspace::DbIndex;
use ochre_engine::level::Level;
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_persistence::rdb::encode::{Encoder, Encoding};
use ochre_persistence::rdb::output::Output;
use ochre_persistence::rdb::{Decoding, crc64, payload};
use std::hint::black_box;

/// A value of each type and encoding: its name, and the command that makes it.
fn values() -> Vec<(&'static str, Vec<String>)> {
    let words = |name: &str, rest: Vec<String>| [vec![name.to_owned(), "key".to_owned()], rest].concat();
    let numbered = |count: usize, text: fn(usize) -> Vec<String>| (0..count).flat_map(text).collect();
    // Digits of a multiplicative sequence: as good as random to the compressor.
    let noise: String = (1..20u64).map(|n| format!("{:x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
    vec![
        ("string of 64 bytes", words("set", vec![noise[..64].to_owned()])),
        ("string of 10 KB", words("set", vec!["some compressible text ".repeat(445)])),
        ("list of 20", words("rpush", numbered(20, |n| vec![format!("element:{n}")]))),
        ("list of 10,000", words("rpush", numbered(10_000, |n| vec![format!("element:{n}")]))),
        ("set of 10 integers", words("sadd", numbered(10, |n| vec![(n * 977).to_string()]))),
        ("set of 1,000", words("sadd", numbered(1000, |n| vec![format!("member:{n}")]))),
        ("hash of 10", words("hset", numbered(10, |n| vec![format!("field:{n}"), format!("value:{n}")]))),
        (
            "hash of 1,000",
            words("hset", numbered(1000, |n| vec![format!("field:{n}"), format!("value:{n}")])),
        ),
        ("zset of 10", words("zadd", numbered(10, |n| vec![n.to_string(), format!("member:{n}")]))),
        ("zset of 1,000", words("zadd", numbered(1000, |n| vec![n.to_string(), format!("member:{n}")]))),
    ]
}

fn made(words: &[String]) -> Engine {
    let mut engine = Engine::new();
    engine.try_words(&words.iter().map(|word| word.clone().into_bytes()).collect::<Vec<_>>());
    engine
}

fn entry_of(engine: &Engine) -> &KeyEntry {
    let mut entries = engine.world.parts(DbIndex(0)).flat_map(|part| part.table.iter());
    entries.next().expect("the command made a key")
}

fn rdb(c: &mut Criterion) {
    let settings = Settings::default();
    for (name, words) in values() {
        let engine = made(&words);
        let entry = entry_of(&engine);
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
