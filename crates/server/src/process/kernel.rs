//! Settings of the kernel: warnings about those that hurt the server, and those that the server changes for itself.

use std::fs;
use std::io;
use std::sync::Mutex;

use crate::config::{Config, OomScoreAdj, os_text};

/// The role of a process, as its index in `oom-score-adj-values`. A replica would be 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessKind {
    /// The server, as a primary.
    Primary = 0,
    /// A child that writes a snapshot or a log.
    Child = 2,
}

/// The score of the process before the server changed it; `None` until then.
static SCORE_BEFORE: Mutex<Option<i32>> = Mutex::new(None);

const SCORE_FILE: &str = "/proc/self/oom_score_adj";

/// Logs warnings about settings of the kernel, and switches huge pages off for this process (`disable-thp`).
pub fn check(config: &Config) {
    if first_number("/proc/sys/vm/overcommit_memory").is_some_and(|mode| mode != 1) {
        crate::log_warning!(
            "WARNING Memory overcommit must be enabled! Without it, a background save or replication may \
             fail under low memory condition. To fix this issue add 'vm.overcommit_memory = 1' to \
             /etc/sysctl.conf and then reboot or run the command 'sysctl vm.overcommit_memory=1' for this \
             to take effect."
        );
    }
    let has_huge_pages = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled")
        .is_ok_and(|text| text.contains("[always]"));
    let is_kept_away = config.process.disable_thp && nix::sys::prctl::set_thp_disable(true).is_ok();
    if has_huge_pages && !is_kept_away {
        crate::log_warning!(
            "WARNING You have Transparent Huge Pages (THP) support enabled in your kernel. This will \
             create latency and memory usage issues. To fix this issue run the command \
             'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled' as root, and add it to your \
             /etc/rc.local in order to retain the setting after a reboot."
        );
    }
}

/// Logs a warning if the kernel allows fewer waiting connections than `tcp-backlog`.
pub fn check_backlog(config: &Config) {
    let backlog = i64::from(config.network.tcp_backlog);
    if let Some(max @ 1..) = first_number("/proc/sys/net/core/somaxconn")
        && max < backlog
    {
        crate::log_warning!(
            "WARNING: The TCP backlog setting of {backlog} cannot be enforced because \
             /proc/sys/net/core/somaxconn is set to the lower value of {max}."
        );
    }
}

fn first_number(path: &str) -> Option<i64> {
    fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
}

/// Tells the kernel how willingly to kill this process when memory runs out.
pub fn set_oom_score(config: &Config, kind: ProcessKind) -> Result<(), &'static str> {
    const FAILED: &str = "Failed to set current oom_score_adj. Check server logs.";
    let mut before = SCORE_BEFORE.lock().unwrap_or_else(|broken| broken.into_inner());
    let score = match (config.process.oom_score_adj, *before) {
        (OomScoreAdj::No, None) => return Ok(()),
        (OomScoreAdj::No, Some(score)) => {
            *before = None;
            score
        }
        (mode, known) => {
            let base = match known {
                Some(base) => base,
                None => read_score().map_err(|error| {
                    crate::log_warning!("Unable to read oom_score_adj: {}", os_text(&error));
                    FAILED
                })?,
            };
            *before = Some(base);
            let value = config.process.oom_score_adj_values.0[kind as usize];
            let value = if mode == OomScoreAdj::Relative { value + base } else { value };
            value.clamp(-1000, 1000)
        }
    };
    fs::write(SCORE_FILE, format!("{score}\n")).map_err(|error| {
        crate::log_warning!("Unable to write oom_score_adj: {}", os_text(&error));
        FAILED
    })
}

fn read_score() -> io::Result<i32> {
    Ok(fs::read_to_string(SCORE_FILE)?.trim().parse().unwrap_or(0))
}
