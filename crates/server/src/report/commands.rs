//! The sections with a line for each command that was called, and for each error that was answered.

use super::Unit::{Count, Microseconds};
use super::Value::Decimal;
use super::field::{Family, Section, counter, derived, quantile};
use crate::config::Percentiles;
use crate::table::{CommandId, CommandTable};
use crate::tally::{Calls, Tally};
use ochre_engine::level::Level;

static CALLS: Family = Family { prefix: "cmdstat_", metric: "command", label: "command" };
static ERRORS: Family = Family { prefix: "errorstat_", metric: "error_replies", label: "error" };
static LATENCY: Family =
    Family { prefix: "latency_percentiles_usec_", metric: "command_latency", label: "command" };

/// Fills the section about calls. Before 7.0 subcommands are counted with their command, before 6.2 failures are not
/// shown.
pub fn describe_calls(commands: &CommandTable, tally: Tally<'_>, level: Level, section: &mut Section) {
    let mut rows: Vec<(&str, Calls)> = Vec::new();
    for (name, _, calls) in called(commands, tally) {
        let name = if level < Level::V7_0 { name.split('|').next().unwrap_or(name) } else { name };
        // Subcommands follow each other, so the row to add to is the last one.
        match rows.last_mut().filter(|(last, _)| *last == name) {
            Some((_, sum)) => sum.add(calls),
            None => rows.push((name, calls)),
        }
    }
    for (name, Calls { calls, nanos, rejected, failed }) in rows {
        let per_call = nanos as f64 / 1000.0 / calls.max(1) as f64;
        let mut fields = vec![
            counter("calls", Count, calls),
            counter("usec", Microseconds, nanos / 1000),
            derived("usec_per_call", Microseconds, Decimal(per_call, 2)),
        ];
        if level >= Level::V6_2 {
            fields.push(counter("rejected_calls", Count, rejected));
            fields.push(counter("failed_calls", Count, failed));
        }
        section.row(&CALLS, name, fields);
    }
}

/// Fills the section about error replies, which are counted by their first word.
pub fn describe_errors(tally: Tally<'_>, section: &mut Section) {
    for (code, count) in tally.errors() {
        section.row(&ERRORS, code, vec![counter("count", Count, count)]);
    }
}

/// Fills the section about the durations of calls.
pub fn describe_latency(
    commands: &CommandTable,
    tally: Tally<'_>,
    percentiles: &Percentiles,
    section: &mut Section,
) {
    for (name, id, _) in called(commands, tally) {
        let latency = tally.latency(id);
        if latency.total() == 0 {
            continue;
        }
        let fields = percentiles.0.iter().map(|percent| {
            let micros = latency.percentile(*percent) as f64 / 1000.0;
            let name = format!("p{}", Percentiles::text(*percent));
            quantile(name, *percent, Microseconds, Decimal(micros, 3))
        });
        section.row(&LATENCY, name, fields.collect());
    }
}

/// The commands that were called, with their names.
fn called<'a>(
    commands: &'a CommandTable,
    tally: Tally<'a>,
) -> impl Iterator<Item = (&'a str, CommandId, Calls)> {
    let all = commands.entries().map(move |(id, entry)| (&*entry.full_name, id, tally.calls(id)));
    all.filter(|(.., calls)| calls.is_any())
}
