//! Notes commands that took long: into the slow log, and into the latency monitor.

use crate::client::Client;
use crate::clock::Tick;
use crate::secrets;
use crate::server::Server;
use crate::table::CommandId;
use ochre_engine::command::{FAST, SKIP_SLOWLOG};
use ochre_resp::request::Args;

impl Server {
    /// Notes a command that took `nanos`, which is long enough for one of the two.
    #[cold]
    pub fn note_slow(&mut self, client: &Client, command: CommandId, args: Args<'_>, nanos: u64) {
        let entry = self.commands.get(command);
        let flags = entry.meta.flags;
        let diagnostics = &self.config.diagnostics;
        let (threshold, max_len) = (diagnostics.slowlog_log_slower_than, diagnostics.slowlog_max_len);
        let micros = nanos / 1000;
        if flags & SKIP_SLOWLOG == 0 && u64::try_from(threshold).is_ok_and(|least| micros >= least) {
            let secrets = secrets::places(&entry.full_name, args);
            let seconds = self.lane.clock.unix_ms(self.lane.tick).0 / 1000;
            self.slowlog.push(client, args, &secrets, seconds, micros, max_len);
        }
        let event = if flags & FAST == 0 { "command" } else { "fast-command" };
        self.note_latency(event, nanos);
    }

    /// Notes an event that began at `started` and ends now.
    pub fn note_since(&mut self, event: &'static str, started: Tick) {
        let clock = &self.lane.clock;
        let nanos = clock.nanos(started, clock.tick());
        self.note_latency(event, nanos);
    }

    /// Notes an event of the latency monitor if it took long enough.
    pub fn note_latency(&mut self, event: &'static str, nanos: u64) {
        if self.is_late(nanos) {
            let seconds = self.lane.clock.unix_ms(self.lane.tick).0 / 1000;
            self.latency.add(event, seconds, nanos / 1_000_000);
        }
    }

    /// Whether what took so many nanoseconds took long enough for the latency monitor.
    pub fn is_late(&self, nanos: u64) -> bool {
        let threshold = self.config.diagnostics.latency_monitor_threshold;
        threshold > 0 && nanos / 1_000_000 >= threshold.unsigned_abs()
    }
}
