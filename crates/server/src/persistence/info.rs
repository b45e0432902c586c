//! INFO persistence.

use super::Purpose;
use crate::clock::Tick;
use crate::commands::info::Text;
use crate::server::Server;

/// Writes the section.
pub fn write(server: &Server, text: &mut Text) {
    text.flag("loading", server.persistence.is_loading());
    text.line("async_loading", 0);
    child(server, text);
    snapshots(server, text);
    super::aof::write_info(server, text);
    text.line("module_fork_in_progress", 0);
    text.line("module_fork_last_cow_size", 0);
    super::aof::write_more_info(server, text);
    loading(server, text);
}

fn now(server: &Server) -> Tick {
    server.lane.clock.tick()
}

fn child(server: &Server, text: &mut Text) {
    let progress = server.persistence.children.progress(now(server));
    let percent = progress.keys as f64 * 100.0 / progress.keys_total.max(1) as f64;
    text.line("current_cow_peak", progress.cow_peak);
    text.line("current_cow_size", progress.cow);
    text.line("current_cow_size_age", progress.cow_age_seconds);
    text.line("current_fork_perc", format_args!("{percent:.2}"));
    text.line("current_save_keys_processed", progress.keys);
    text.line("current_save_keys_total", progress.keys_total);
}

fn snapshots(server: &Server, text: &mut Text) {
    let persistence = &server.persistence;
    let (children, snapshots) = (&persistence.children, &persistence.snapshots);
    text.line("rdb_changes_since_last_save", server.tally().sum(|stats| &stats.dirty));
    text.flag("rdb_bgsave_in_progress", children.active() == Some(Purpose::Rdb));
    text.line("rdb_last_save_time", snapshots.last_save);
    text.line("rdb_last_bgsave_status", if snapshots.succeeded { "ok" } else { "err" });
    text.line("rdb_last_bgsave_time_sec", snapshots.last_seconds);
    text.line("rdb_current_bgsave_time_sec", children.seconds(Purpose::Rdb, now(server)));
    text.line("rdb_saves", snapshots.saves);
    text.line("rdb_last_cow_size", children.cow_bytes(Purpose::Rdb));
    text.line("rdb_last_load_keys_expired", persistence.last_load.expired);
    text.line("rdb_last_load_keys_loaded", persistence.last_load.keys);
}

/// How far a loading is; nothing without one.
fn loading(server: &Server, text: &mut Text) {
    let Some(loading) = &server.persistence.loading else { return };
    let elapsed = now(server).since(loading.began).as_secs() as i64;
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
    text.line("loading_start_time", loading.started);
    text.line("loading_total_bytes", loading.total_bytes);
    text.line("loading_rdb_used_mem", loading.used_memory);
    text.line("loading_loaded_bytes", loading.loaded_bytes);
    text.line("loading_loaded_perc", format_args!("{percent:.2}"));
    text.line("loading_eta_seconds", eta);
}
