//! What happens at regular times: expiry, closing of idle clients, statistics.

use super::Worker;
use super::handle::WorkerView;
use crate::client::Care;
use crate::config::{Config, HZ};
use crate::process::watchdog;
use crate::server::Server;
use crate::shared::SharedState;
use crate::tally::Tally;
use ochre_engine::time::UnixMs;

/// With more clients per turn of the cron, it turns more often (server.h: MAX_CLIENTS_PER_CLOCK_TICK).
const CLIENTS_PER_TURN: u64 = 200;

impl Worker {
    /// Ends waits and pauses in time, and runs the cron if its time has come.
    pub(super) fn run_timers(&mut self) {
        self.end_waits();
        let pause_end = self.handle.shared().pause.end();
        let state = self.handle.state();
        let now = state.now();
        if pause_end.is_some_and(|at| at <= now) {
            self.handle.exclusively(Server::end_pause_in_time);
        }
        if (now.0 as u64) < self.cron_due(now.0 as u64) {
            return;
        }
        self.rests = self.signals.is_none() && self.handle.clients().len() == 0;
        let mut pause_ms = if self.rests { IDLE_MS } else { 1000 / self.handle.shared().hz() };
        if self.signals.is_some() {
            self.cron_turns += 1;
            let turn = self.cron_turns;
            pause_ms = self.handle.exclusively(|server| server.cron(now, turn));
        }
        self.look_after_clients();
        if self.handle.shares_commands() && self.expire_slice() {
            pause_ms = pause_ms.min(1000 / self.handle.shared().hz());
        }
        self.next_cron = now.0 as u64 + pause_ms;
    }

    /// When the cron's time comes, in ms since 1970, as is `now`. A worker that rested looks after its first client
    /// soon.
    pub(super) fn cron_due(&mut self, now: u64) -> u64 {
        if self.rests && self.handle.clients().len() > 0 {
            self.rests = false;
            self.next_cron = self.next_cron.min(now + 1000 / self.handle.shared().hz());
        }
        self.next_cron
    }

    /// Looks after some of this worker's clients, so that each has its turn once a second.
    fn look_after_clients(&mut self) {
        let WorkerView { shared, clients, state, .. } = self.handle.view();
        if shared.cron_paused {
            return;
        }
        let started = state.clock.tick();
        let care = Care {
            setup: shared.setup(),
            stats: &state.stats,
            now: state.now(),
            reply_buffer_reset_ms: shared.reply_buffer_reset_ms(),
        };
        care.take(clients, shared.hz());
        state.stats.cron_nanos.add(state.clock.nanos(started, state.clock.tick()));
    }
}

/// Workers without clients and timers of their own wake up that often, to see whether keys with an expiry have come.
const IDLE_MS: u64 = 1000;

impl Server {
    /// The work of one turn of the cron. Returns the milliseconds until the next.
    fn cron(&mut self, now: UnixMs, turn: u64) -> u64 {
        let hz = self.shared.hz();
        if self.shared.config.process.watchdog_period > 0 {
            watchdog::wind_up(self.shared.config.process.watchdog_period);
        }
        if !self.shared.cron_paused {
            let started = self.state.clock.tick();
            self.shut_down_if_asked();
            if !self.shared.works_in_slices() {
                self.expire_cycle(hz);
            }
            let once_a_second = turn.is_multiple_of(hz);
            self.persistence_cron(once_a_second);
            if once_a_second {
                self.shared.migrations.close_unused(now.0 / 1000);
            }
            self.shared.rates.sample(Tally::new(&self.shared.worker_stats), now);
            self.state.stats.cron_nanos.add(self.state.clock.nanos(started, self.state.clock.tick()));
        }
        1000 / hz
    }
}

impl SharedState {
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
        raised(configured, self.counts.clients() as u64)
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
