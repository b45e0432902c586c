//! What happens at regular times: expiry, closing of idle clients, statistics.

use super::Worker;
use crate::server::Server;
use ochre_engine::time::UnixMs;

impl Worker {
    /// Ends waits and pauses in time, and runs the cron if its time has come.
    pub(super) fn run_timers(&mut self) {
        let deadline = self.seat.common().next_deadline();
        let desk = self.seat.desk();
        let now = desk.lane.clock.unix_ms(desk.lane.tick);
        if deadline.is_some_and(|at| at <= now) {
            self.seat.exclusively(|server| {
                server.expire_waits();
                server.end_pause_in_time();
            });
        }
        if (now.0 as u64) < self.next_cron {
            return;
        }
        if self.signals.is_none() {
            self.next_cron = now.0 as u64 + IDLE_MS;
            return;
        }
        self.cron_turns += 1;
        let turn = self.cron_turns;
        let period_ms = self.seat.exclusively(|server| server.cron(now, turn));
        self.next_cron = now.0 as u64 + period_ms;
    }
}

/// Workers without timers of their own wake up that often.
const IDLE_MS: u64 = 1000;

impl Server {
    /// The work of one turn of the cron. Returns the milliseconds until the next.
    fn cron(&mut self, now: UnixMs, turn: u64) -> u64 {
        let hz = u64::from(self.config.process.hz.unsigned_abs().max(1));
        if !self.cron_paused {
            self.gather();
            self.shut_down_if_asked();
            self.expire_cycle(hz);
            self.clients_cron(hz);
            self.persistence_cron(turn.is_multiple_of(hz));
            self.stats.sample(now);
        }
        1000 / hz
    }
}
