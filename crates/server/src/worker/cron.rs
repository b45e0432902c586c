//! What happens at regular times: expiry, closing of idle clients, statistics.

use super::Worker;
use crate::config::{Config, HZ};
use crate::process::watchdog;
use crate::server::Server;

/// With more clients per turn of the cron, it turns more often (server.h: MAX_CLIENTS_PER_CLOCK_TICK).
const CLIENTS_PER_TURN: u64 = 200;

impl Worker {
    /// Runs the cron if its time has come.
    pub(super) fn run_cron(&mut self) {
        let now = self.server.now();
        self.server.expire_waits();
        self.server.end_pause_in_time();
        if (now.0 as u64) < self.next_cron {
            return;
        }
        let hz = self.server.hz();
        self.next_cron = now.0 as u64 + 1000 / hz;
        if self.server.config.process.watchdog_period > 0 {
            watchdog::wind_up(self.server.config.process.watchdog_period);
        }
        if self.server.cron_paused {
            return;
        }
        let started = self.server.lane.clock.tick();
        self.cron_turns += 1;
        self.server.shut_down_if_asked();
        self.server.expire_cycle(hz);
        self.server.clients_cron(hz);
        let once_a_second = self.cron_turns.is_multiple_of(hz);
        self.server.persistence_cron(once_a_second);
        if once_a_second {
            self.server.migrations.close_unused(now.0 / 1000);
        }
        self.server.stats.sample(now);
        let clock = &self.server.lane.clock;
        self.server.stats.cron_nanos += clock.nanos(started, clock.tick());
    }
}

impl Server {
    /// How often the cron turns in a second: `hz`, and with `dynamic-hz` more often the more clients there are.
    pub fn hz(&self) -> u64 {
        self.hz_of(&self.config)
    }

    /// The same with another configuration.
    pub fn hz_of(&self, config: &Config) -> u64 {
        let configured = u64::from(config.process.hz.unsigned_abs().max(1));
        if !config.process.dynamic_hz {
            return configured;
        }
        raised(configured, self.clients.len() as u64)
    }
}

fn raised(configured: u64, clients: u64) -> u64 {
    let mut hz = configured;
    while clients / hz > CLIENTS_PER_TURN {
        hz *= 2;
        if hz > HZ.end().unsigned_abs().into() {
            return HZ.end().unsigned_abs().into();
        }
    }
    hz
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_clients_make_the_cron_turn_more_often() {
        let rates = [(10, 0), (10, 2_009), (10, 2_010), (10, 10_000), (1, 1_000_000), (500, 10)];
        assert_eq!(rates.map(|(hz, clients)| raised(hz, clients)), [10, 10, 20, 80, 500, 500]);
    }
}
