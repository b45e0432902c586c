//! Prints what the table costs: bytes per entry between doublings, nanoseconds per operation beside
//! the standard library's map, and the histogram of 20,000,000 timed inserts.
//!
//! `cargo run --release -p ochre-engine --example table_figures [bytes] [speed] [growth]`
#![allow(missing_docs, unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "a measurement takes time and prints it"
)]

use std::collections::HashSet;
use std::hint::black_box;
use std::time::Instant;

use ochre_engine::table::{FieldTable, MemberTable, Seed};

const SPEED_ENTRIES: u64 = 2_000_000;
const BATCH: usize = 32;

fn main() {
    let parts: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|name| name == part);
    if wanted("bytes") {
        bytes();
    }
    if wanted("speed") {
        speed();
    }
    if wanted("growth") {
        growth();
    }
}

fn key(n: u64) -> String {
    format!("member:{n:06}")
}

fn bytes() {
    let mut members = MemberTable::new(Seed::new(1, 2));
    let mut fields = FieldTable::new(Seed::new(3, 4));
    let (mut sum, mut points) = (0.0, 0);
    println!("bytes per entry: table, text member, field of 12 + 12 bytes; segments; probes");
    for n in 1..=2_000_000 {
        members.insert(key(n).as_bytes());
        if n <= 1_000_000 {
            fields.set(format!("field:{n:06}").as_bytes(), format!("value:{n:06}").as_bytes());
        }
        if n >= 1_000_000 && n % 100_000 == 0 {
            let stats = members.stats();
            let of_table = stats.bytes as f64 / n as f64;
            (sum, points) = (sum + of_table, points + 1);
            println!(
                "{n:>8} {of_table:>6.2} {:>6.2} {:>6.2} {:>6} {:?}",
                members.bytes() as f64 / n as f64,
                fields.bytes() as f64 / fields.len() as f64,
                stats.segments,
                stats.probes,
            );
        }
    }
    println!("mean of the table {:.2}", sum / f64::from(points));
}

fn timed(name: &str, count: u64, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    println!("{name:<28} {:>7.1} ns", start.elapsed().as_nanos() as f64 / count as f64);
}

fn speed() {
    let keys: Vec<String> = (0..SPEED_ENTRIES).map(key).collect();
    let misses: Vec<String> = (0..SPEED_ENTRIES).map(|n| format!("absent:{n:06}")).collect();
    let mut table = MemberTable::new(Seed::new(1, 2));
    let mut set: HashSet<Box<[u8]>> = HashSet::new();
    let hash = || keys.iter().fold(0, |sum, key| sum ^ Seed::new(1, 2).hash(key.as_bytes()));
    timed("hash", SPEED_ENTRIES, || {
        black_box(hash());
    });
    timed("insert", SPEED_ENTRIES, || keys.iter().for_each(|key| assert!(table.insert(key.as_bytes()))));
    timed("insert, HashSet", SPEED_ENTRIES, || {
        keys.iter().for_each(|key| assert!(set.insert(key.as_bytes().into())));
    });
    // Asked in another order than inserted, or the allocator's order would help.
    let shuffled = |of: &[String]| -> Vec<String> {
        let step = 1_000_003;
        (0..of.len()).map(|n| of[n * step % of.len()].clone()).collect()
    };
    let (hits, misses) = (shuffled(&keys), shuffled(&misses));
    for (name, asked, expected) in [("hit", &hits, true), ("miss", &misses, false)] {
        timed(name, SPEED_ENTRIES, || {
            asked.iter().for_each(|key| assert_eq!(table.contains(key.as_bytes()), expected));
        });
        timed(&format!("{name}, prefetched in batches"), SPEED_ENTRIES, || {
            for batch in asked.chunks(BATCH) {
                batch.iter().for_each(|key| table.prefetch(key.as_bytes(), 0));
                batch.iter().for_each(|key| table.prefetch(key.as_bytes(), 1));
                batch.iter().for_each(|key| assert_eq!(table.contains(key.as_bytes()), expected));
            }
        });
        timed(&format!("{name}, HashSet"), SPEED_ENTRIES, || {
            asked.iter().for_each(|key| assert_eq!(set.contains(key.as_bytes()), expected));
        });
    }
    timed("remove", SPEED_ENTRIES, || hits.iter().for_each(|key| assert!(table.remove(key.as_bytes()))));
    timed("remove, HashSet", SPEED_ENTRIES, || {
        hits.iter().for_each(|key| assert!(set.remove(key.as_bytes())))
    });
}

fn growth() {
    let mut table = MemberTable::new(Seed::new(1, 2));
    let mut histogram = [0u64; 32];
    let mut slowest = Vec::new();
    for n in 0..20_000_000 {
        let key = key(n);
        let start = cpu_nanos();
        table.insert(key.as_bytes());
        let nanos = cpu_nanos() - start;
        histogram[nanos.max(1).ilog2() as usize] += 1;
        if nanos > 200_000 {
            slowest.push((n, nanos / 1000));
        }
    }
    println!("20,000,000 inserts, by time:");
    for (power, count) in histogram.iter().enumerate().filter(|(_, count)| **count > 0) {
        println!("  from {:>9} ns {count:>9}", 1u64 << power);
    }
    println!(
        "over 200 us: {}, of these (after inserts, us): {:?}",
        slowest.len(),
        &slowest[..slowest.len().min(20)]
    );
}

/// Time on the processor, so that other programs' turns do not count as ours.
fn cpu_nanos() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is writable.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
