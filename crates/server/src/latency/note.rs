//! Noting slow commands and events, in the slow log and in the latency monitor. Both have a lock of their own, so
//! that any worker can write to them at any time.

use super::Monitor;
use crate::client::Client;
use crate::setup::Setup;
use crate::slowlog::Slowlog;
use crate::table::CommandId;
use ochre_engine::command::{FAST, SKIP_SLOWLOG};
use ochre_resp::request::Args;
use parking_lot::Mutex;

/// The slow log and the latency monitor.
#[derive(Default)]
pub struct Notes {
    /// The slow commands.
    pub slowlog: Mutex<Slowlog>,
    /// The slow events.
    pub monitor: Mutex<Monitor>,
}

impl Notes {
    /// Notes a command that took `nanos` and ended at a time in seconds since 1970. The slow log and the monitor each
    /// keep it if it took long enough for them.
    #[cold]
    pub fn command(
        &self,
        setup: Setup<'_>,
        client: &Client,
        command: CommandId,
        args: Args<'_>,
        nanos: u64,
        unix_seconds: i64,
    ) {
        let entry = setup.commands.get(command);
        let flags = entry.meta.flags;
        let diagnostics = &setup.config.diagnostics;
        let (threshold, max_len) = (diagnostics.slowlog_log_slower_than, diagnostics.slowlog_max_len);
        let micros = nanos / 1000;
        if flags & SKIP_SLOWLOG == 0 && u64::try_from(threshold).is_ok_and(|least| micros >= least) {
            let secrets = entry.meta.find_secrets(args);
            self.slowlog.lock().push(client, args, &secrets, unix_seconds, micros, max_len);
        }
        let event = if flags & FAST == 0 { "command" } else { "fast-command" };
        self.event(setup, event, nanos, unix_seconds);
    }

    /// Notes an event of the latency monitor if it took long enough.
    pub fn event(&self, setup: Setup<'_>, event: &'static str, nanos: u64, unix_seconds: i64) {
        let threshold = setup.config.diagnostics.latency_monitor_threshold;
        let millis = nanos / 1_000_000;
        if threshold > 0 && millis >= threshold.unsigned_abs() {
            self.monitor.lock().add(event, unix_seconds, millis);
        }
    }
}
