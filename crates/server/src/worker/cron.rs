//! What happens at regular times: expiry, closing of idle clients, statistics.

use super::Worker;
use super::handle::WorkerView;
use super::timers::{Timer, next_turn};
use crate::client::Care;
use crate::clock::Tick;
use crate::config::{Config, HZ};
use crate::process::watchdog;
use crate::server::Server;
use crate::shared::SharedState;
use crate::tally::Tally;
use std::time::Duration;

/// With more clients per turn of the cron, it turns more often (server.h: MAX_CLIENTS_PER_CLOCK_TICK).
const CLIENTS_PER_TURN: u64 = 200;

impl Worker {
    /// Does what it is time for: ends waits and pauses, runs the cron.
    pub(super) fn run_timers(&mut self) {
        let now = self.handle.state().tick;
        self.arm_timers(now);
        while let Some((timer, due)) = self.timers.due(now) {
            match timer {
                Timer::EndOfWait => self.end_waits(),
                Timer::EndOfPause => self.handle.exclusively(Server::end_pause_in_time),
                Timer::Cron => {
                    let period = self.run_cron();
                    self.timers.arm(Timer::Cron, Some(next_turn(due, now, period)));
                }
            }
        }
    }

    /// Sets the timers whose deadlines others may have changed.
    pub(super) fn arm_timers(&mut self, now: Tick) {
        let shared = self.handle.shared();
        self.timers.arm(Timer::EndOfWait, shared.waiting.next_deadline(self.handle.me()));
        self.timers.arm(Timer::EndOfPause, shared.pause.end());
        let has_clients = self.handle.clients().len() > 0;
        if has_clients && std::mem::take(&mut self.rests) {
            // The first client of a worker that rested is looked after soon.
            let soon = now + period(self.handle.shared().hz());
            self.timers.arm(Timer::Cron, self.timers.deadline(Timer::Cron).min(Some(soon)));
        }
    }

    /// One turn of the cron. Returns the time until the next.
    fn run_cron(&mut self) -> Duration {
        self.rests = self.signals.is_none() && self.handle.clients().len() == 0;
        let mut pause = if self.rests { IDLE } else { period(self.handle.shared().hz()) };
        if self.signals.is_some() {
            self.cron_turns += 1;
            let turn = self.cron_turns;
            pause = self.handle.exclusively(|server| server.cron(turn));
        }
        self.look_after_clients();
        if self.handle.shares_commands() && self.expire_slice() {
            pause = pause.min(period(self.handle.shared().hz()));
        }
        pause
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
            now: state.tick,
            reply_buffer_reset_ms: shared.reply_buffer_reset_ms(),
        };
        care.take(clients, shared.hz());
        state.stats.cron_nanos.add(state.clock.nanos(started, state.clock.tick()));
    }
}

/// Workers without clients and timers of their own wake up that often, to see whether keys with an expiry have come.
const IDLE: Duration = Duration::from_secs(1);

impl Server {
    /// The work of one turn of the cron. Returns the time until the next.
    fn cron(&mut self, turn: u64) -> Duration {
        let (hz, now) = (self.shared.hz(), self.state.tick);
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
                self.shared.migrations.close_unused(now);
            }
            self.shared.rates.sample(Tally::new(&self.shared.worker_stats), now);
            self.state.stats.cron_nanos.add(self.state.clock.nanos(started, self.state.clock.tick()));
        }
        period(hz)
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

/// The time between two turns.
fn period(hz: u64) -> Duration {
    Duration::from_millis(1000 / hz)
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
