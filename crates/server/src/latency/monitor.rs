//! Samples of events that took longer than `latency-monitor-threshold`.
//!
//! Each event has a series of the last 160 seconds in which it was slow; of several slow moments in
//! one second the slowest counts (latency.c, latencyAddSample).

use std::collections::BTreeMap;

/// The most samples of a series.
const MAX_SAMPLES: usize = 160;

/// A slow moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The time in seconds since 1970.
    pub unix_seconds: i64,
    /// The duration in milliseconds.
    pub millis: u64,
}

/// The slow moments of one event.
#[derive(Debug, Default)]
pub struct Series {
    samples: std::collections::VecDeque<Sample>,
    max_millis: u64,
}

impl Series {
    /// The samples, oldest first; at least one.
    pub fn iter(&self) -> impl Iterator<Item = Sample> {
        self.samples.iter().copied()
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// The newest sample.
    pub fn latest(&self) -> Sample {
        self.samples.back().copied().unwrap_or(Sample { unix_seconds: 0, millis: 0 })
    }

    /// The longest duration since the series began, in milliseconds.
    pub fn max_millis(&self) -> u64 {
        self.max_millis
    }

    fn add(&mut self, sample: Sample) {
        self.max_millis = self.max_millis.max(sample.millis);
        match self.samples.back_mut() {
            Some(last) if last.unix_seconds == sample.unix_seconds => {
                last.millis = last.millis.max(sample.millis);
            }
            _ => {
                if self.samples.len() == MAX_SAMPLES {
                    self.samples.pop_front();
                }
                self.samples.push_back(sample);
            }
        }
    }
}

/// The slow moments of all events.
#[derive(Debug, Default)]
pub struct Monitor {
    series: BTreeMap<&'static str, Series>,
}

impl Monitor {
    /// Notes a slow moment of an event.
    pub fn add(&mut self, event: &'static str, unix_seconds: i64, millis: u64) {
        self.series.entry(event).or_default().add(Sample { unix_seconds, millis });
    }

    /// The events with their samples.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Series)> {
        self.series.iter().map(|(event, series)| (*event, series))
    }

    /// Number of events.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// The samples of an event.
    pub fn get(&self, event: &[u8]) -> Option<(&'static str, &Series)> {
        self.iter().find(|(name, _)| name.as_bytes() == event)
    }

    /// Forgets the events that `concerns` accepts, and returns their number.
    pub fn forget(&mut self, concerns: impl Fn(&str) -> bool) -> usize {
        let before = self.series.len();
        self.series.retain(|event, _| !concerns(event));
        before - self.series.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_second_the_slowest_counts() {
        let mut monitor = Monitor::default();
        for (second, millis) in [(1, 5), (1, 9), (1, 7), (2, 3)] {
            monitor.add("command", second, millis);
        }
        let (_, series) = monitor.get(b"command").unwrap();
        let millis: Vec<_> = series.iter().map(|sample| sample.millis).collect();
        assert_eq!((millis, series.max_millis()), (vec![9, 3], 9));
    }

    #[test]
    fn old_samples_are_forgotten() {
        let mut monitor = Monitor::default();
        (0..200).for_each(|second| monitor.add("fork", second, 1));
        let (_, series) = monitor.get(b"fork").unwrap();
        assert_eq!((series.len(), series.iter().next().unwrap().unix_seconds), (160, 40));
        assert_eq!(monitor.forget(|event| event == "fork"), 1);
    }
}
