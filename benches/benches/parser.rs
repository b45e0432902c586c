//! Parsing pipelines of requests.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ochre_benches::encode;
use ochre_resp::request::{Batch, Limits, Parser};
use std::hint::black_box;

fn pipelines(c: &mut Criterion) {
    let mut group = c.benchmark_group("parser");
    for depth in [1usize, 16, 64] {
        let one = encode(&["SET", "key:000000012345", &"x".repeat(64)]);
        let input = one.repeat(depth);
        group.throughput(Throughput::Elements(depth as u64));
        group.bench_function(format!("SET x{depth}"), |b| {
            let (mut parser, mut batch, limits) = (Parser::new(), Batch::new(), Limits::default());
            b.iter(|| {
                let progress = parser.parse(black_box(&input), &limits, &mut batch).expect("valid");
                parser = Parser::new();
                (progress.consumed, batch.len())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, pipelines);
criterion_main!(benches);
