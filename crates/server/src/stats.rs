//! Counters of the server, and of each command.

use crate::config::Diagnostics;
use crate::latency::Histogram;
use crate::log_verbose;
use crate::table::CommandId;
use ochre_engine::command::effects::Remark;
use ochre_engine::time::UnixMs;
use std::collections::BTreeMap;

/// Counters of one command.
#[derive(Debug, Default, Clone)]
pub struct CommandStats {
    /// Calls that ran.
    pub calls: u64,
    /// Nanoseconds they took.
    pub nanos: u64,
    /// Calls refused before they ran.
    pub rejected: u64,
    /// Calls that ran and answered an error.
    pub failed: u64,
    /// How often a call took how long; empty while `latency-tracking` is off.
    pub latency: Histogram,
}

impl CommandStats {
    /// Adds the counters of another command or worker, which begins anew.
    pub fn absorb(&mut self, other: &mut CommandStats) {
        self.calls += other.calls;
        self.nanos += other.nanos;
        self.rejected += other.rejected;
        self.failed += other.failed;
        self.latency.absorb(&other.latency);
        // Its buckets stay, so that looking at counters does not move what counts against `maxmemory`.
        other.latency.clear();
        *other = CommandStats { latency: std::mem::take(&mut other.latency), ..CommandStats::default() };
    }
}

/// How often and how long one worker stopped all others.
#[derive(Debug, Default, Clone)]
pub struct ExclusiveStats {
    /// Times the exclusive mode was entered.
    pub entered: u64,
    /// Nanoseconds until all others had finished their batches.
    pub waited_nanos: u64,
    /// Nanoseconds it was held.
    pub held_nanos: u64,
    /// The first command of the turn under way.
    command: Option<CommandId>,
    /// Turns and nanoseconds by the command that they began with.
    pub by_command: BTreeMap<CommandId, (u64, u64)>,
}

impl ExclusiveStats {
    /// A command runs in the exclusive mode.
    #[inline]
    pub fn runs(&mut self, command: CommandId) {
        self.command.get_or_insert(command);
    }

    /// Counts one turn.
    pub fn note(&mut self, waited_nanos: u64, held_nanos: u64) {
        self.entered += 1;
        self.waited_nanos += waited_nanos;
        self.held_nanos += held_nanos;
        if let Some(command) = self.command.take() {
            let (turns, nanos) = self.by_command.entry(command).or_default();
            *turns += 1;
            *nanos += held_nanos;
        }
    }
}

/// How fast a counter grows compared to another, over the last 16 samples.
#[derive(Debug, Default, Clone, Copy)]
pub struct Rate {
    samples: [u64; 16],
    next: usize,
    last: u64,
    last_base: u64,
}

impl Rate {
    /// `base` is what the counter is compared to: the time in milliseconds, or another counter.
    fn sample(&mut self, value: u64, base: u64, factor: u64) {
        let growth = base.saturating_sub(self.last_base);
        if self.last_base != 0 && growth > 0 {
            self.samples[self.next] = value.saturating_sub(self.last).saturating_mul(factor) / growth;
            self.next = (self.next + 1) % self.samples.len();
        }
        (self.last, self.last_base) = (value, base);
    }

    /// The mean of the samples.
    pub fn mean(&self) -> u64 {
        self.samples.iter().sum::<u64>() / self.samples.len() as u64
    }
}

/// How fast the server works.
#[derive(Debug, Default, Clone, Copy)]
pub struct Rates {
    /// Commands.
    pub commands: Rate,
    /// Bytes read from clients.
    pub input: Rate,
    /// Bytes written to clients.
    pub output: Rate,
    /// Turns of the event loop.
    pub turns: Rate,
    /// Nanoseconds of a turn.
    pub busy_nanos: Rate,
}

/// Counters since the start or CONFIG RESETSTAT.
#[derive(Default)]
pub struct Stats {
    /// By command.
    pub commands: Vec<CommandStats>,
    /// Error replies by their first word.
    pub errors: BTreeMap<Box<str>, u64>,
    /// When the server started.
    pub started: UnixMs,
    /// How fast the server works.
    pub rates: Rates,
    /// Commands that ran.
    pub commands_processed: u64,
    /// Connections accepted.
    pub connections_received: u64,
    /// Connections refused because of maxclients.
    pub connections_rejected: u64,
    /// Clients closed because of too much unsent output.
    pub output_limit_disconnections: u64,
    /// Clients closed because all of them used too much memory.
    pub evicted_clients: u64,
    /// Bytes read from clients.
    pub net_input_bytes: u64,
    /// Bytes written to clients.
    pub net_output_bytes: u64,
    /// Times a socket was read.
    pub reads_processed: u64,
    /// Times a socket was written.
    pub writes_processed: u64,
    /// Keys that expired.
    pub expired_keys: u64,
    /// Structures in payloads that were searched for what is there twice.
    pub sanitizations: u64,
    /// Keys that were evicted.
    pub evicted_keys: u64,
    /// Expiry cycles that ended because their time was up.
    pub expire_cycles_timed_out: u64,
    /// Nanoseconds of expiry cycles.
    pub expire_cycle_nanos: u64,
    /// Reads that found their key.
    pub keyspace_hits: u64,
    /// Reads that did not.
    pub keyspace_misses: u64,
    /// Error replies.
    pub error_replies: u64,
    /// Turns of the event loop.
    pub turns: u64,
    /// Nanoseconds the event loop did not wait.
    pub busy_nanos: u64,
    /// The longest of its turns.
    pub longest_turn_nanos: u64,
    /// Commands that ran in the busiest of its turns.
    pub most_commands_in_turn: u64,
    /// Nanoseconds of writing to the append-only file.
    pub aof_nanos: u64,
    /// Nanoseconds of the cron.
    pub cron_nanos: u64,
    /// Changes since the last snapshot.
    pub dirty: u64,
    tracks_latency: bool,
    /// A call that takes this long goes into the slow log or the latency monitor.
    notable_nanos: u64,
}

impl Stats {
    /// All zero.
    pub fn new(commands: usize, now: UnixMs) -> Stats {
        Stats {
            commands: vec![CommandStats::default(); commands],
            started: now,
            tracks_latency: true,
            notable_nanos: u64::MAX,
            ..Stats::default()
        }
    }

    /// Sets everything to zero that counts (CONFIG RESETSTAT).
    pub fn reset(&mut self) {
        *self = Stats {
            commands: vec![CommandStats::default(); self.commands.len()],
            started: self.started,
            dirty: self.dirty,
            tracks_latency: self.tracks_latency,
            notable_nanos: self.notable_nanos,
            ..Stats::default()
        };
    }

    /// Takes what a command remarked: counts it, or logs it.
    #[cold]
    pub fn note(&mut self, remark: Remark) {
        match remark {
            Remark::Log(text) => log_verbose!("{text}"),
            Remark::Sanitized(count) => self.sanitizations += count,
        }
    }

    /// Follows the configuration.
    pub fn configure(&mut self, diagnostics: &Diagnostics) {
        self.tracks_latency = diagnostics.latency_tracking;
        if !self.tracks_latency {
            self.commands.iter_mut().for_each(|command| command.latency = Histogram::default());
        }
        let slow =
            u64::try_from(diagnostics.slowlog_log_slower_than).map(|micros| micros.saturating_mul(1000));
        let late = match diagnostics.latency_monitor_threshold {
            ..=0 => u64::MAX,
            millis => millis.unsigned_abs().saturating_mul(1_000_000),
        };
        self.notable_nanos = slow.unwrap_or(u64::MAX).min(late);
    }

    /// Takes over what another value counted, which is zero afterwards.
    pub fn absorb(&mut self, other: &mut Stats) {
        for (own, other) in self.commands.iter_mut().zip(&mut other.commands) {
            if other.calls + other.rejected > 0 {
                own.absorb(other);
            }
        }
        for (code, count) in std::mem::take(&mut other.errors) {
            *self.errors.entry(code).or_default() += count;
        }
        self.absorb_totals(other);
    }

    /// Takes over all plain counters.
    pub fn absorb_totals(&mut self, other: &mut Stats) {
        let pairs = [
            (&mut self.commands_processed, &mut other.commands_processed),
            (&mut self.connections_received, &mut other.connections_received),
            (&mut self.connections_rejected, &mut other.connections_rejected),
            (&mut self.output_limit_disconnections, &mut other.output_limit_disconnections),
            (&mut self.evicted_clients, &mut other.evicted_clients),
            (&mut self.net_input_bytes, &mut other.net_input_bytes),
            (&mut self.net_output_bytes, &mut other.net_output_bytes),
            (&mut self.reads_processed, &mut other.reads_processed),
            (&mut self.writes_processed, &mut other.writes_processed),
            (&mut self.expired_keys, &mut other.expired_keys),
            (&mut self.sanitizations, &mut other.sanitizations),
            (&mut self.evicted_keys, &mut other.evicted_keys),
            (&mut self.expire_cycles_timed_out, &mut other.expire_cycles_timed_out),
            (&mut self.expire_cycle_nanos, &mut other.expire_cycle_nanos),
            (&mut self.keyspace_hits, &mut other.keyspace_hits),
            (&mut self.keyspace_misses, &mut other.keyspace_misses),
            (&mut self.error_replies, &mut other.error_replies),
            (&mut self.turns, &mut other.turns),
            (&mut self.busy_nanos, &mut other.busy_nanos),
            (&mut self.dirty, &mut other.dirty),
        ];
        for (own, other) in pairs {
            *own += std::mem::take(other);
        }
        for (own, other) in [
            (&mut self.longest_turn_nanos, &mut other.longest_turn_nanos),
            (&mut self.most_commands_in_turn, &mut other.most_commands_in_turn),
        ] {
            *own = (*own).max(std::mem::take(other));
        }
    }

    /// Counts a call that ran. True if it took so long that it has to be noted.
    #[inline]
    pub fn called(&mut self, command: CommandId, nanos: u64, failed: bool) -> bool {
        let counters = &mut self.commands[command.0 as usize];
        counters.calls += 1;
        counters.nanos += nanos;
        counters.failed += u64::from(failed);
        if self.tracks_latency {
            counters.latency.record(nanos);
        }
        self.commands_processed += 1;
        nanos >= self.notable_nanos
    }

    /// Counts a turn of the event loop that was busy for so long, and ran so many commands.
    #[inline]
    pub fn turned(&mut self, nanos: u64, commands: u64) {
        self.turns += 1;
        self.busy_nanos += nanos;
        self.longest_turn_nanos = self.longest_turn_nanos.max(nanos);
        self.most_commands_in_turn = self.most_commands_in_turn.max(commands);
    }

    /// Counts a call that was refused.
    pub fn rejected(&mut self, command: CommandId) {
        self.commands[command.0 as usize].rejected += 1;
    }

    /// Counts an error reply with this text.
    #[cold]
    pub fn error_replied(&mut self, text: impl AsRef<[u8]>) {
        /// What begins with a longer word has no code (networking.c: afterErrorReply).
        const LONGEST: usize = 31;
        let start = &text.as_ref()[..text.as_ref().len().min(LONGEST + 1)];
        let code = start.iter().position(|byte| *byte == b' ').map_or(&b"ERR"[..], |end| &start[..end]);
        let code = &*String::from_utf8_lossy(code);
        self.error_replies += 1;
        match self.errors.get_mut(code) {
            Some(count) => *count += 1,
            None => drop(self.errors.insert(code.into(), 1)),
        }
    }

    /// Takes a sample of everything that has a rate; called by the cron.
    pub fn sample(&mut self, now: UnixMs) {
        let now_ms = now.0.unsigned_abs();
        self.rates.commands.sample(self.commands_processed, now_ms, 1000);
        self.rates.input.sample(self.net_input_bytes, now_ms, 1000);
        self.rates.output.sample(self.net_output_bytes, now_ms, 1000);
        self.rates.turns.sample(self.turns, now_ms, 1000);
        self.rates.busy_nanos.sample(self.busy_nanos, self.turns, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_by_their_first_word() {
        let mut stats = Stats::new(0, UnixMs(0));
        for text in ["ERR syntax error", "WRONGTYPE Operation", "ERR x", "NOSPACE"] {
            stats.error_replied(text);
        }
        let counts: Vec<_> = stats.errors.iter().map(|(code, count)| (&**code, *count)).collect();
        assert_eq!(counts, [("ERR", 3), ("WRONGTYPE", 1)]);
    }

    #[test]
    fn a_rate_is_the_mean_of_its_samples() {
        let mut rate = Rate::default();
        for turn in 0..=16 {
            rate.sample(turn * 50, 1000 + turn * 100, 1000);
        }
        assert_eq!(rate.mean(), 500);
    }

    #[test]
    fn what_is_notable_follows_the_configuration() {
        let mut diagnostics = Diagnostics::default();
        let mut stats = Stats::new(1, UnixMs(0));
        stats.configure(&diagnostics);
        assert!(stats.called(CommandId(0), 10_000_000, false));
        assert!(!stats.called(CommandId(0), 9_999_999, false));
        diagnostics.slowlog_log_slower_than = -1;
        stats.configure(&diagnostics);
        assert!(!stats.called(CommandId(0), 3_600_000_000_000, false));
    }
}
