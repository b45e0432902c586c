//! The results of a run, for people to read.

use std::fmt;

/// Times in microseconds.
#[derive(Debug, Clone, Default)]
pub struct Latencies(Vec<u64>);

impl Latencies {
    /// Latencies from times in any order.
    pub fn new(mut micros: Vec<u64>) -> Latencies {
        micros.sort_unstable();
        Latencies(micros)
    }

    /// The time that this share (0 to 1) of all stay within; 0 if there are none.
    pub fn quantile(&self, share: f64) -> u64 {
        let at = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(at.saturating_sub(1)).or(self.0.last()).copied().unwrap_or(0)
    }

    /// The number of times.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there are no times.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lines of a histogram: one for each power of two that occurs.
    pub fn histogram(&self) -> String {
        let bucket = |micros: u64| micros.max(1).ilog2();
        let mut lines = String::new();
        for power in 0..u64::BITS {
            let count = self.0.iter().filter(|micros| bucket(**micros) == power).count();
            if count > 0 {
                let share = 100.0 * count as f64 / self.0.len() as f64;
                lines += &format!("  {:>9} us and more {count:>9}  {share:8.4} %\n", 1u64 << power);
            }
        }
        lines
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, p999, max] = [0.5, 0.99, 0.999, 1.0].map(|share| self.quantile(share) as f64 / 1000.0);
        write!(out, "p50 {p50:.3} ms, p99 {p99:.3} ms, p99.9 {p999:.3} ms, max {max:.3} ms of {}", self.len())
    }
}

/// The results of a run.
#[derive(Debug)]
pub struct Report {
    /// Times from sending a simple command to its reply.
    pub latencies: Latencies,
    /// Times by which measuring clients were woken too late.
    pub lateness: Latencies,
    /// Calls (or batches) of each client.
    pub calls: Vec<(&'static str, usize)>,
    /// Percentages of the processors in use: by the server, by the clients, in all.
    pub busy: [f64; 3],
    /// Times per second that the exclusive mode was entered.
    pub exclusive_per_second: f64,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "simple commands  {}", self.latencies)?;
        writeln!(out, "woken late       {}", self.lateness)?;
        let [server, clients, machine] = self.busy;
        writeln!(out, "processors       server {server:.0} %, clients {clients:.0} %, all {machine:.0} %")?;
        writeln!(out, "exclusive turns  {:.0} a second", self.exclusive_per_second)?;
        let mut kinds: Vec<&str> = self.calls.iter().map(|(kind, _)| *kind).collect();
        kinds.dedup();
        for kind in kinds {
            let calls = || self.calls.iter().filter(|(of, _)| *of == kind).map(|(_, calls)| *calls);
            let (least, most) = (calls().min().unwrap_or(0), calls().max().unwrap_or(0));
            writeln!(out, "{kind:<16} {} clients, {least} to {most} calls each", calls().count())?;
        }
        write!(out, "{}", self.latencies.histogram())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_times_that_occurred() {
        let times = Latencies::new((1..=1000).rev().collect());
        assert_eq!([0.0, 0.5, 0.99, 0.999, 1.0].map(|q| times.quantile(q)), [1, 500, 990, 999, 1000]);
        assert_eq!(Latencies::default().quantile(0.5), 0);
    }
}
