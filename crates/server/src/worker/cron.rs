//! What happens at regular times: expiry, closing of idle clients, statistics.

use super::Worker;
use crate::client::Flags;
use ochre_engine::time::UnixMs;

/// Turns of the cron per second (Redis: `hz`).
const HZ: u64 = 10;

impl Worker {
    /// Runs the cron if its time has come.
    pub(super) fn run_cron(&mut self) {
        let now = self.server.now();
        self.server.expire_waits();
        if (now.0 as u64) < self.next_cron {
            return;
        }
        self.next_cron = now.0 as u64 + 1000 / HZ;
        self.cron_turns += 1;
        self.server.expire_cycle(HZ);
        self.close_idle(now);
    }

    /// Closes clients that sent nothing for `timeout` seconds.
    fn close_idle(&mut self, now: UnixMs) {
        let timeout = i64::from(self.server.config.network.timeout) * 1000;
        if timeout == 0 || !self.cron_turns.is_multiple_of(HZ) {
            return;
        }
        let exempt = Flags::BLOCKED | Flags::PUBSUB | Flags::MONITOR;
        for client in self.server.clients.iter() {
            if !client.flags.intersects(exempt) && now.0 - client.last_interaction.0 > timeout {
                self.server.to_close.push(client.token);
            }
        }
    }
}
