//! What happens at regular times: expiry, closing of idle clients, statistics.

use super::Worker;

impl Worker {
    /// Runs the cron if its time has come.
    pub(super) fn run_cron(&mut self) {
        let now = self.server.now();
        self.server.expire_waits();
        self.server.end_pause_in_time();
        if (now.0 as u64) < self.next_cron {
            return;
        }
        let hz = u64::from(self.server.config.process.hz.unsigned_abs().max(1));
        self.next_cron = now.0 as u64 + 1000 / hz;
        if self.server.cron_paused {
            return;
        }
        self.cron_turns += 1;
        self.server.shut_down_if_asked();
        self.server.expire_cycle(hz);
        self.server.clients_cron(hz);
        self.server.persistence_cron(self.cron_turns.is_multiple_of(hz));
        self.server.stats.sample(now);
    }
}
