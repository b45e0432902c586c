//! The sums of the counters of all workers, made on request.
//!
//! Each worker has [`Stats`] of its own. Nothing is moved: readers add up the current values, at any time.

use crate::counter::Counter;
use crate::latency::Distribution;
use crate::stats::Stats;
use crate::table::CommandId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The counters of all workers.
#[derive(Clone, Copy)]
pub struct Tally<'a> {
    workers: &'a [Arc<Stats>],
}

/// The counts of the calls of one command, or of several.
#[derive(Debug, Default, Clone, Copy)]
pub struct Calls {
    /// Calls that ran.
    pub calls: u64,
    /// Nanoseconds of these calls.
    pub nanos: u64,
    /// Calls refused before they ran.
    pub rejected: u64,
    /// Calls that ran and answered an error.
    pub failed: u64,
}

impl Calls {
    /// Adds the counts of other calls.
    pub fn add(&mut self, other: Calls) {
        self.calls += other.calls;
        self.nanos += other.nanos;
        self.rejected += other.rejected;
        self.failed += other.failed;
    }

    /// Whether there was a call, or a refused one.
    pub fn is_any(&self) -> bool {
        self.calls + self.failed + self.rejected > 0
    }
}

impl<'a> Tally<'a> {
    /// The counters of these workers.
    pub fn new(workers: &'a [Arc<Stats>]) -> Tally<'a> {
        Tally { workers }
    }

    fn all(self) -> impl Iterator<Item = &'a Stats> {
        self.workers.iter().map(|stats| &**stats)
    }

    /// The sum of a counter.
    pub fn sum(self, counter: impl Fn(&Stats) -> &Counter) -> u64 {
        self.all().map(|stats| counter(stats).get()).sum()
    }

    /// The greatest value of a counter.
    pub fn greatest(self, counter: impl Fn(&Stats) -> &Counter) -> u64 {
        self.all().map(|stats| counter(stats).get()).max().unwrap_or(0)
    }

    /// Changes to the data since the last snapshot.
    pub fn changes(self) -> u64 {
        self.sum(|stats| &stats.changes)
    }

    /// The calls of a command.
    pub fn calls(self, command: CommandId) -> Calls {
        let mut sum = Calls::default();
        self.all().for_each(|stats| sum.add(stats.commands[usize::from(command.0)].read()));
        sum
    }

    /// Nanoseconds that all commands took.
    pub fn command_nanos(self) -> u64 {
        self.all().flat_map(|stats| &stats.commands).map(|command| command.nanos.get()).sum()
    }

    /// The durations of the calls of a command.
    pub fn latency(self, command: CommandId) -> Distribution {
        let mut sum = Distribution::default();
        self.all().for_each(|stats| sum.add(&stats.commands[usize::from(command.0)].latency));
        sum
    }

    /// The numbers of error replies, by their first word.
    pub fn errors(self) -> BTreeMap<Box<str>, u64> {
        let mut sum = BTreeMap::new();
        for stats in self.all() {
            stats.each_error(|code, count| *sum.entry(code.into()).or_default() += count);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_workers_counted_is_added_up() {
        let workers = [(); 4].map(|()| Arc::new(Stats::new(2)));
        workers[3].called(CommandId(1), 5_000, false);
        for (at, stats) in workers.iter().enumerate().take(3) {
            stats.called(CommandId(1), 1_000, at == 0);
            stats.rejected(CommandId(0));
            stats.error_replied("WRONGTYPE x");
            stats.turned(10 * at as u64, 1);
        }
        let tally = Tally::new(&workers);
        let Calls { calls, nanos, rejected, failed } = tally.calls(CommandId(1));
        assert_eq!((calls, nanos, rejected, failed), (4, 8_000, 0, 1));
        assert_eq!((tally.calls(CommandId(0)).rejected, tally.command_nanos()), (3, 8_000));
        assert_eq!(tally.latency(CommandId(1)).total(), 4);
        assert_eq!(tally.errors().get("WRONGTYPE"), Some(&3));
        assert_eq!(tally.greatest(|stats| &stats.longest_turn_nanos), 20);
        assert_eq!(tally.sum(|stats| &stats.turns), 3);
    }
}
