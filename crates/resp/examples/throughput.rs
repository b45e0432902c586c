//! How long the wire takes: nanoseconds per command to parse a pipeline of 16 SET or GET commands and per
//! reply to write. `cargo run --release -p ochre-resp --example throughput`
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "a measurement takes time and prints it"
)]

use std::hint::black_box;
use std::time::Instant;

use ochre_resp::{Batch, Limits, Output, Parser, Protocol, Reply};

const DEPTH: usize = 16;
const ROUNDS: u32 = 1_000;
const RUNS: u32 = 500;

fn main() {
    parse("parse SET", b"*3\r\n$3\r\nSET\r\n$16\r\nkey:000000012345\r\n$3\r\nxxx\r\n");
    parse("parse GET", b"*2\r\n$3\r\nGET\r\n$16\r\nkey:000000012345\r\n");
    parse("parse inline", b"PING\r\n");
    write("write OK", |reply| reply.ok());
    write("write integer", |reply| reply.int(black_box(1_234_567)));
    write("write bulk of 3", |reply| reply.bulk(black_box(b"xxx")));
    write("write bulk of 64", |reply| reply.bulk(black_box([b'x'; 64])));
    write("write array of 10 bulks", |reply| {
        let place = reply.deferred();
        (0..10).for_each(|_| reply.bulk(black_box(b"element")));
        reply.set_array_len(place, 10);
    });
}

fn parse(name: &str, command: &[u8]) {
    let buffer = command.repeat(DEPTH);
    let (mut parser, mut batch, limits) = (Parser::new(), Batch::new(), Limits::default());
    measure(name, || {
        let progress = parser.parse(black_box(&buffer), &limits, &mut batch).expect("a valid request");
        assert_eq!(progress.consumed, buffer.len());
        for index in 0..batch.len() {
            let args = batch.args(index, &buffer);
            black_box((args.get(0), args.get(args.len() - 1)));
        }
    });
}

fn write(name: &str, reply: impl Fn(&mut Reply<'_>)) {
    let mut out = Output::new();
    measure(name, || {
        for _ in 0..DEPTH {
            reply(&mut Reply::new(&mut out, Protocol::Resp2));
        }
        black_box(out.len());
        out.advance(out.len());
    });
}

/// Prints the time of the fastest of many short runs, which other processes disturb least.
fn measure(name: &str, mut round: impl FnMut()) {
    let run = |_| {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| round());
        start.elapsed().as_nanos()
    };
    let best = (0..RUNS).map(run).min().unwrap_or_default();
    println!("{name:24} {:6.1} ns", best as f64 / f64::from(ROUNDS) / DEPTH as f64);
}
