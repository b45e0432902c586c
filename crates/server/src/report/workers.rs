//! The section about workers: how often and for how long the exclusive mode was held, in all and by command.

use super::Unit::{Count, Microseconds};
use super::field::{Family, Section, counter, gauge};
use crate::stats::ExclusiveStats;
use crate::table::CommandTable;

/// The rows by command. The metric differs from the prefix, because the totals of all commands have names that begin with
/// the prefix.
static EXCLUSIVE: Family = Family { prefix: "exclusive_", metric: "exclusive_command", label: "command" };

/// Fills the section.
pub fn describe(workers: usize, exclusive: &ExclusiveStats, commands: &CommandTable, section: &mut Section) {
    let micros = |nanos: u64| nanos / 1000;
    section.extend([
        gauge("workers", Count, workers),
        counter("exclusive_turns", Count, exclusive.entered),
        counter("exclusive_waited_usec", Microseconds, micros(exclusive.waited_nanos)),
        counter("exclusive_held_usec", Microseconds, micros(exclusive.held_nanos)),
    ]);
    for (command, (turns, nanos)) in &exclusive.by_command {
        let fields =
            vec![counter("turns", Count, *turns), counter("held_usec", Microseconds, micros(*nanos))];
        section.row(&EXCLUSIVE, &*commands.get(*command).full_name, fields);
    }
}
