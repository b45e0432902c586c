//! What a report tells of persistence: the child that writes, snapshots, and the loading under way. The append-only file
//! describes itself, because its state is its own.

use super::aof;
use super::{Persistence, Purpose};
use crate::clock::Tick;
use crate::report::Unit::{Bytes, Count, Percent, Seconds};
use crate::report::Value::Decimal;
use crate::report::{Section, counter, gauge, status};

/// What the section is made of.
pub struct InfoInput<'a> {
    /// The state of persistence.
    pub persistence: &'a Persistence,
    /// Whether an append-only file is configured.
    pub has_aof: bool,
    /// Changes since the last snapshot.
    pub changes: u64,
    /// Bytes of the log that wait to be written.
    pub unwritten_log: usize,
    /// The time.
    pub now: Tick,
}

/// Fills the section.
pub fn describe(input: &InfoInput<'_>, section: &mut Section) {
    let persistence = input.persistence;
    section.extend([gauge("loading", Count, persistence.is_loading()), gauge("async_loading", Count, false)]);
    child(persistence, input.now, section);
    snapshots(persistence, input, section);
    aof::describe(persistence, input.now, section);
    section.extend([
        gauge("module_fork_in_progress", Count, false),
        gauge("module_fork_last_cow_size", Bytes, 0),
    ]);
    if input.has_aof {
        aof::describe_files(&persistence.aof, input.unwritten_log, section);
    }
    loading(input, section);
}

fn child(persistence: &Persistence, now: Tick, section: &mut Section) {
    let progress = persistence.children.progress(now);
    let percent = progress.keys as f64 * 100.0 / progress.keys_total.max(1) as f64;
    section.extend([
        gauge("current_cow_peak", Bytes, progress.cow_peak),
        gauge("current_cow_size", Bytes, progress.cow),
        gauge("current_cow_size_age", Seconds, progress.cow_age_seconds),
        gauge("current_fork_perc", Percent, Decimal(percent, 2)),
        gauge("current_save_keys_processed", Count, progress.keys),
        gauge("current_save_keys_total", Count, progress.keys_total),
    ]);
}

fn snapshots(persistence: &Persistence, input: &InfoInput<'_>, section: &mut Section) {
    let (children, snapshots) = (&persistence.children, &persistence.snapshots);
    section.extend([
        gauge("rdb_changes_since_last_save", Count, input.changes),
        gauge("rdb_bgsave_in_progress", Count, children.active() == Some(Purpose::Rdb)),
        gauge("rdb_last_save_time", Seconds, snapshots.last_save),
        status("rdb_last_bgsave_status", snapshots.succeeded),
        gauge("rdb_last_bgsave_time_sec", Seconds, snapshots.last_seconds),
        gauge("rdb_current_bgsave_time_sec", Seconds, children.seconds(Purpose::Rdb, input.now)),
        counter("rdb_saves", Count, snapshots.saves),
        gauge("rdb_last_cow_size", Bytes, children.cow_bytes(Purpose::Rdb)),
        gauge("rdb_last_load_keys_expired", Count, persistence.last_load.expired),
        gauge("rdb_last_load_keys_loaded", Count, persistence.last_load.keys),
    ]);
}

/// How far a loading is; nothing without one.
fn loading(input: &InfoInput<'_>, section: &mut Section) {
    let Some(loading) = &input.persistence.loading else { return };
    let elapsed = input.now.since(loading.began).as_secs() as i64;
    let (percent, remaining) = match loading.total_bytes {
        0 => (0.0, 1),
        total => (
            loading.loaded_bytes as f64 * 100.0 / total as f64,
            total.saturating_sub(loading.loaded_bytes) as i64,
        ),
    };
    let eta = match elapsed {
        0 => 1,
        _ => elapsed.saturating_mul(remaining) / (loading.loaded_bytes as i64 + 1),
    };
    section.extend([
        gauge("loading_start_time", Seconds, loading.started),
        gauge("loading_total_bytes", Bytes, loading.total_bytes),
        gauge("loading_rdb_used_mem", Bytes, loading.used_memory),
        gauge("loading_loaded_bytes", Bytes, loading.loaded_bytes),
        gauge("loading_loaded_perc", Percent, Decimal(percent, 2)),
        gauge("loading_eta_seconds", Seconds, eta),
    ]);
}

#[cfg(test)]
mod tests {
    use super::super::loading_state::Loading;
    use super::*;
    use crate::clock::Clock;
    use crate::report::Report;
    use std::time::Duration;

    fn lines(input: &InfoInput<'_>) -> Vec<String> {
        let mut section = Section::new("persistence", "Persistence");
        describe(input, &mut section);
        Report { sections: vec![section] }.text().lines().map(str::to_owned).collect()
    }

    fn input(persistence: &Persistence) -> InfoInput<'_> {
        InfoInput {
            persistence,
            has_aof: false,
            changes: 5,
            unwritten_log: 17,
            now: Tick::default() + Duration::from_secs(10),
        }
    }

    #[test]
    fn a_loading_tells_how_far_it_is_and_how_long_it_will_take() {
        let mut persistence = Persistence::new(&Clock::new());
        assert!(!lines(&input(&persistence)).iter().any(|line| line.starts_with("loading_")));
        let loading = Loading {
            started: 1000,
            began: Tick::default(),
            total_bytes: 500,
            loaded_bytes: 99,
            used_memory: 7,
        };
        persistence.loading = Some(loading);
        let lines = lines(&input(&persistence));
        assert!(lines.contains(&"loading:1".to_owned()));
        assert_eq!(
            lines[lines.len() - 6..],
            [
                "loading_start_time:1000",
                "loading_total_bytes:500",
                "loading_rdb_used_mem:7",
                "loading_loaded_bytes:99",
                "loading_loaded_perc:19.80",
                "loading_eta_seconds:40",
            ]
        );
    }

    #[test]
    fn sizes_of_the_append_only_file_are_told_only_if_there_is_one() {
        let persistence = Persistence::new(&Clock::new());
        let has = |lines: Vec<String>, line: &str| lines.iter().any(|own| own == line);
        assert!(!has(lines(&input(&persistence)), "aof_buffer_length:17"));
        let with_aof = InfoInput { has_aof: true, ..input(&persistence) };
        assert!(has(lines(&with_aof), "aof_buffer_length:17"));
        assert!(has(lines(&with_aof), "rdb_changes_since_last_save:5"));
        assert!(has(lines(&with_aof), "rdb_last_bgsave_status:ok"));
    }
}
