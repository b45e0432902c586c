//! The latency monitor for people: a graph of an event, and advice.

use super::{Monitor, Sample, Series};
use std::fmt::Write;

/// Columns and rows of a graph.
const COLUMNS: usize = 80;
const ROWS: usize = 4;
/// The marks of a cell, lowest first. Cells below the top of a column are bars.
const MARKS: [u8; 3] = *b"_o#";

/// A graph of the samples of an event, with the age of each below it.
pub fn graph(event: &str, series: &Series, now_seconds: i64) -> String {
    let samples: Vec<Sample> = series.iter().collect();
    let high = samples.iter().map(|sample| sample.millis).max().unwrap_or(0);
    let low = samples.iter().map(|sample| sample.millis).min().unwrap_or(0);
    let mut text = format!(
        "{event} - high {high} ms, low {low} ms (all time high {} ms)\n{}\n",
        series.max_millis(),
        "-".repeat(COLUMNS)
    );
    for (at, part) in samples.chunks(COLUMNS).enumerate() {
        if at != 0 {
            text.push('\n');
        }
        draw(&mut text, part, low, high, now_seconds);
    }
    text
}

fn draw(text: &mut String, samples: &[Sample], low: u64, high: u64, now_seconds: i64) {
    let steps = (ROWS * MARKS.len()) as u64;
    let heights: Vec<usize> = samples
        .iter()
        .map(|sample| ((sample.millis - low) * steps / (high - low).max(1)).min(steps - 1) as usize)
        .collect();
    for row in (0..ROWS).rev() {
        let base = row * MARKS.len();
        text.extend(heights.iter().map(|height| match height.checked_sub(base) {
            None => ' ',
            Some(above) => char::from(MARKS.get(above).copied().unwrap_or(b'|')),
        }));
        text.push('\n');
    }
    text.push_str(&" ".repeat(samples.len()));
    text.push('\n');
    // The ages are written downwards, one character in each line.
    let ages: Vec<String> = samples.iter().map(|sample| age(now_seconds - sample.unix_seconds)).collect();
    for line in 0..ages.iter().map(String::len).max().unwrap_or(0) {
        text.extend(ages.iter().map(|age| age.as_bytes().get(line).map_or(' ', |byte| char::from(*byte))));
        text.push('\n');
    }
}

fn age(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}

/// A text that explains the samples and gives advice.
pub fn doctor(monitor: &Monitor, threshold_millis: i64, slowlog_micros: i64, now_seconds: i64) -> String {
    if monitor.len() == 0 {
        return match threshold_millis {
            0 => "Nothing is watched: set latency-monitor-threshold to a number of milliseconds first, \
                  and events that take longer will be noted from then on.\n"
                .to_owned(),
            _ => "No event took longer than latency-monitor-threshold. All is well.\n".to_owned(),
        };
    }
    let mut text = String::from("These events took longer than latency-monitor-threshold:\n\n");
    for (at, (event, series)) in monitor.iter().enumerate() {
        describe(&mut text, at + 1, event, series, now_seconds);
    }
    text.push_str("\nWhat could be done:\n\n");
    for advice in advice(monitor, slowlog_micros) {
        let _ = writeln!(text, "- {advice}");
    }
    text
}

fn describe(text: &mut String, number: usize, event: &str, series: &Series, now_seconds: i64) {
    let count = series.len() as u64;
    let average = series.iter().map(|sample| sample.millis).sum::<u64>() / count.max(1);
    let deviation = series.iter().map(|sample| sample.millis.abs_diff(average)).sum::<u64>() / count.max(1);
    let oldest = series.iter().next().map_or(now_seconds, |sample| sample.unix_seconds);
    let period = (now_seconds - oldest).max(1) as f64 / count.max(1) as f64;
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{number}. {event}: {count} latency spikes (average {average}ms, mean deviation {deviation}ms, \
         period {period:.2} sec). Worst all time event {}ms.",
        series.max_millis()
    );
}

fn advice(monitor: &Monitor, slowlog_micros: i64) -> Vec<&'static str> {
    let mut all = Vec::new();
    let has = |event: &str| monitor.get(event.as_bytes()).is_some();
    if has("command") {
        all.push(match slowlog_micros {
            ..0 => "Some commands are slow, and the slow log is off: set slowlog-log-slower-than.",
            _ => "Some commands are slow: SLOWLOG GET shows which.",
        });
        all.push("Use SCAN and its relatives in place of KEYS, SMEMBERS and other commands that read all.");
    }
    if has("fast-command") {
        all.push("Commands that should be fast are not: the machine itself may be too busy, or swaps.");
    }
    if has("expire-cycle") {
        all.push("Many keys expire in the same moment: spread their times to live.");
    }
    if has("eviction-cycle") || has("eviction-del") || has("eviction-lazyfree") {
        all.push("Eviction is slow: free large values in the background with lazyfree-lazy-eviction.");
    }
    if all.is_empty() {
        all.push("Look at the load of the machine and of its disks while these events happen.");
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graph_grows_with_the_samples() {
        let mut monitor = Monitor::default();
        for (second, millis) in [(1, 10), (2, 20), (3, 30)] {
            monitor.add("command", second, millis);
        }
        let (event, series) = monitor.get(b"command").unwrap();
        let text = graph(event, series, 63);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "command - high 30 ms, low 10 ms (all time high 30 ms)");
        assert_eq!(&lines[2..], ["  #", " _|", " ||", "_||", "   ", "111", "mmm"].map(|line| line));
    }

    #[test]
    fn the_doctor_always_has_something_to_say() {
        let mut monitor = Monitor::default();
        assert!(doctor(&monitor, 0, 0, 0).contains("latency-monitor-threshold"));
        monitor.add("command", 1, 10);
        assert!(doctor(&monitor, 0, -1, 5).contains("slowlog-log-slower-than"));
    }
}
