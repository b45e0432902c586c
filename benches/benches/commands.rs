//! Whole commands on a data set, without sockets: lookup of the key, handler, reply.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ochre_benches::{Engine, command};
use ochre_resp::request::OwnedArgs;

const KEYS: usize = 100_000;

type Words = fn(usize) -> Vec<String>;

fn key(i: usize) -> String {
    format!("key:{:012}", i.wrapping_mul(2_654_435_761) % KEYS)
}

const CASES: [(&str, Words); 9] = [
    ("set", |i| vec!["SET".into(), key(i), "x".repeat(64)]),
    ("get", |i| vec!["GET".into(), key(i)]),
    ("incr", |i| vec!["INCR".into(), format!("n{}", key(i))]),
    ("lpush", |_| vec!["LPUSH".into(), "list".into(), "x".repeat(64)]),
    ("sadd", |i| vec!["SADD".into(), "set".into(), key(i)]),
    ("hset", |i| vec!["HSET".into(), "hash".into(), key(i), "x".repeat(64)]),
    ("zadd", |i| vec!["ZADD".into(), "zset".into(), "0".into(), key(i)]),
    ("xadd", |i| vec!["XADD".into(), "stream".into(), format!("{}-0", i + 1), "field".into(), key(i)]),
    ("lrange", |_| vec!["LRANGE".into(), "list".into(), "0".into(), "99".into()]),
];

fn commands(c: &mut Criterion) {
    let mut group = c.benchmark_group("commands");
    group.sample_size(20);
    let mut engine = Engine::new();
    for (name, words) in CASES {
        let known = ochre_engine::commands::all().any(|c| c.meta.name == name);
        if !known {
            continue;
        }
        let calls: Vec<OwnedArgs> = (0..1000).map(|i| words(i).iter().collect()).collect();
        let is_stream = name == "xadd";
        group.throughput(Throughput::Elements(calls.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                if is_stream {
                    engine.run_words(&["DEL", "stream"]);
                }
                calls.iter().for_each(|args| engine.run(command_of(name), args.args()));
            });
        });
    }
    group.finish();
}

fn command_of(name: &str) -> &'static ochre_engine::command::Command {
    use std::sync::OnceLock;
    static FOUND: OnceLock<Vec<(&'static str, &'static ochre_engine::command::Command)>> = OnceLock::new();
    let found = FOUND.get_or_init(|| CASES.iter().map(|(name, _)| (*name, command(name))).collect());
    found.iter().find(|(n, _)| *n == name).expect("listed").1
}

criterion_group!(benches, commands);
criterion_main!(benches);
