//! A histogram of the durations of a command, in buckets that keep two significant digits.
//!
//! ```text
//! value 0..255      one bucket for each value
//! value 2^k..2^k+1  128 buckets of 2^(k-7) values each, k = 8, 9, ...
//! ```
//!
//! The layout is that of HdrHistogram with two digits from 1 ns to 1 s, so percentiles and the
//! cumulative distribution come out as in Redis. Recording takes a shift and an addition; buckets
//! are allocated as far as values reach.

use crate::counter::Counter;
use std::sync::OnceLock;

/// The longest duration in nanoseconds; longer ones count as this.
const MAX_NANOS: u64 = 1_000_000_000;
/// Buckets for each power of two.
const HALF: u64 = 128;
const HALF_BITS: u32 = 7;

/// The buckets of a power of two, which are allocated together.
type Chunk = [Counter; HALF as usize];

/// Chunks up to the longest time.
const CHUNKS: usize = index_of(MAX_NANOS) / HALF as usize + 1;

/// Counts of durations, made by one thread and read by all.
#[derive(Debug, Default)]
pub struct Histogram {
    chunks: OnceLock<Box<[OnceLock<Box<Chunk>>; CHUNKS]>>,
}

impl Histogram {
    /// Counts a duration in nanoseconds.
    #[inline]
    pub fn record(&self, nanos: u64) {
        let at = index_of(nanos.clamp(1, MAX_NANOS));
        let chunk = match self.chunks.get().and_then(|chunks| chunks[at / HALF as usize].get()) {
            Some(chunk) => chunk,
            None => self.grow(at / HALF as usize),
        };
        chunk[at % HALF as usize].add(1);
    }

    #[cold]
    #[inline(never)]
    fn grow(&self, chunk: usize) -> &Chunk {
        let chunks = self.chunks.get_or_init(Default::default);
        chunks[chunk].get_or_init(|| Box::new([const { Counter::new() }; HALF as usize]))
    }

    /// Forgets all durations.
    pub fn clear(&self) {
        self.chunks().for_each(|(_, chunk)| chunk.iter().for_each(|counter| counter.set(0)));
    }

    /// The chunks that exist, and the number of the first bucket of each.
    fn chunks(&self) -> impl Iterator<Item = (usize, &Chunk)> {
        let chunks = self.chunks.get().into_iter().flat_map(|chunks| chunks.iter().enumerate());
        chunks.filter_map(|(at, chunk)| Some((at * HALF as usize, &**chunk.get()?)))
    }
}

/// The sum of histograms at one moment.
#[derive(Debug, Clone, Default)]
pub struct Distribution {
    counts: Vec<u64>,
    total: u64,
}

impl Distribution {
    /// Adds the counts of a histogram.
    pub fn add(&mut self, histogram: &Histogram) {
        for (start, chunk) in histogram.chunks() {
            self.counts.resize(self.counts.len().max(start + chunk.len()), 0);
            for (sum, counter) in self.counts[start..].iter_mut().zip(chunk) {
                let count = counter.get();
                *sum += count;
                self.total += count;
            }
        }
    }

    /// The number of durations.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The duration in nanoseconds that `percent` (0 to 100) of all durations did not exceed; 0 without durations.
    pub fn percentile(&self, percent: f64) -> u64 {
        let wanted = ((percent.min(100.0) / 100.0 * self.total as f64 + 0.5) as u64).max(1);
        let mut seen = 0;
        for (at, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return highest(at);
            }
        }
        0
    }

    /// The cumulative distribution at limits that double: each limit in nanoseconds, and the number of
    /// durations that did not exceed it. Limits that add no durations are left out.
    pub fn cumulative(&self) -> Vec<(u64, u64)> {
        let mut steps = Vec::new();
        let (mut limit, mut seen, mut told) = (FIRST_LIMIT, 0, 0);
        let mut at = 0;
        while told < self.total {
            while at < self.counts.len() && lowest(at) <= limit {
                seen += self.counts[at];
                at += 1;
            }
            if seen > told {
                steps.push((highest(index_of(limit)), seen));
                told = seen;
            }
            limit *= 2;
        }
        steps
    }
}

/// The first limit of the cumulative distribution in nanoseconds: one microsecond, as Redis.
const FIRST_LIMIT: u64 = 1024;

#[inline]
const fn index_of(value: u64) -> usize {
    // The power of two beyond 255, 0 for all below.
    let bucket = (u64::BITS - (value | (2 * HALF - 1)).leading_zeros()) - (HALF_BITS + 1);
    let within = value >> bucket;
    (((bucket as u64) << HALF_BITS) + within) as usize
}

/// The inverse of [`index_of`]: the power of two beyond 255, 0 for all values below, and the position in it.
fn parts(at: usize) -> (u32, u64) {
    let at = at as u64;
    if at < 2 * HALF {
        return (0, at);
    }
    let bucket = (at >> HALF_BITS) - 1;
    (bucket as u32, (at & (HALF - 1)) + HALF)
}

/// The lowest value of a bucket.
fn lowest(at: usize) -> u64 {
    let (bucket, within) = parts(at);
    within << bucket
}

/// The highest value of a bucket.
fn highest(at: usize) -> u64 {
    let (bucket, within) = parts(at);
    ((within + 1) << bucket) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(durations: impl Iterator<Item = u64>) -> Distribution {
        let (histogram, mut distribution) = (Histogram::default(), Distribution::default());
        durations.for_each(|nanos| histogram.record(nanos));
        distribution.add(&histogram);
        histogram.clear();
        histogram.record(7);
        histogram.clear();
        assert_eq!(histogram.chunks().flat_map(|(_, chunk)| chunk).map(Counter::get).sum::<u64>(), 0);
        distribution
    }

    #[test]
    fn every_value_is_between_the_ends_of_its_bucket() {
        for value in (1..100_000).chain([123_456_789, MAX_NANOS]) {
            let at = index_of(value);
            assert!(lowest(at) <= value && value <= highest(at), "{value}");
            assert!(highest(at) - lowest(at) <= value / 100, "{value} to two digits");
        }
        assert_eq!(lowest(index_of(255) + 1), 256);
    }

    #[test]
    fn percentiles_are_upper_ends_of_buckets() {
        let distribution = counted((1..=100).map(|micros| micros * 1000));
        assert_eq!(distribution.percentile(50.0), highest(index_of(50_000)));
        assert_eq!(distribution.percentile(100.0), highest(index_of(100_000)));
        assert_eq!(Distribution::default().percentile(50.0), 0);
    }

    #[test]
    fn the_distribution_tells_only_what_is_new() {
        let steps = counted([500, 900, 3000, 3100, 2_000_000_000].into_iter()).cumulative();
        assert_eq!(steps.iter().map(|step| step.1).collect::<Vec<_>>(), [2, 4, 5]);
        assert_eq!((steps[0].0, steps[1].0), (1031, 4127));
        assert!(steps[2].0 >= MAX_NANOS);
    }
}
