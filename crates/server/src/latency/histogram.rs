//! How often a command took how long, in buckets that keep two significant digits.
//!
//! ```text
//! value 0..255      one bucket for each value
//! value 2^k..2^k+1  128 buckets of 2^(k-7) values each, k = 8, 9, ...
//! ```
//!
//! The layout is that of HdrHistogram with two digits from 1 ns to 1 s, so percentiles and the
//! cumulative distribution come out as in Redis. Recording takes a shift and an addition; buckets
//! are allocated as far as values reach.

/// Longer times count as this, in nanoseconds.
const MAX_NANOS: u64 = 1_000_000_000;
/// Buckets for each power of two.
const HALF: u64 = 128;
const HALF_BITS: u32 = 7;

/// Counts of durations.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    /// Counts a duration in nanoseconds.
    #[inline]
    pub fn record(&mut self, nanos: u64) {
        let at = index_of(nanos.clamp(1, MAX_NANOS));
        if at >= self.counts.len() {
            self.grow(at);
        }
        self.counts[at] += 1;
        self.total += 1;
    }

    #[cold]
    fn grow(&mut self, at: usize) {
        self.counts.resize((at / HALF as usize + 1) * HALF as usize, 0);
    }

    /// Adds what another one counted.
    pub fn absorb(&mut self, other: &Histogram) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, other)| *own += other);
        self.total += other.total;
    }

    /// Starts anew, with the buckets that there are.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
    }

    /// How many durations were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The duration in nanoseconds that `percent` of all did not exceed; 0 if there is none.
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

    /// The cumulative distribution at limits that double: the limit in nanoseconds, and how many
    /// durations did not exceed it; only limits that add something.
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
fn index_of(value: u64) -> usize {
    // The power of two beyond 255, 0 for all below.
    let bucket = (u64::BITS - (value | (2 * HALF - 1)).leading_zeros()) - (HALF_BITS + 1);
    let within = value >> bucket;
    ((u64::from(bucket) << HALF_BITS) + within) as usize
}

/// The bucket number and the position inside, see [`index_of`].
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
        let mut histogram = Histogram::default();
        (1..=100).for_each(|micros| histogram.record(micros * 1000));
        assert_eq!(histogram.percentile(50.0), highest(index_of(50_000)));
        assert_eq!(histogram.percentile(100.0), highest(index_of(100_000)));
        assert_eq!(Histogram::default().percentile(50.0), 0);
    }

    #[test]
    fn the_distribution_tells_only_what_is_new() {
        let mut histogram = Histogram::default();
        for nanos in [500, 900, 3000, 3100, 2_000_000_000] {
            histogram.record(nanos);
        }
        let steps = histogram.cumulative();
        assert_eq!(steps.iter().map(|step| step.1).collect::<Vec<_>>(), [2, 4, 5]);
        assert_eq!((steps[0].0, steps[1].0), (1031, 4127));
        assert!(steps[2].0 >= MAX_NANOS);
    }
}
