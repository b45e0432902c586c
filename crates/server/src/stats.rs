//! Counters of the server, and of each command.

use crate::clock::Tick;
use crate::config::Diagnostics;
use crate::counter::Counter;
use crate::latency::Histogram;
use crate::log_verbose;
use crate::table::CommandId;
use crate::tally::{Calls, Tally};
use ochre_engine::command::effects::Remark;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Counters of one command.
#[derive(Debug, Default)]
pub struct CommandStats {
    /// Calls that ran.
    pub calls: Counter,
    /// Nanoseconds of these calls.
    pub nanos: Counter,
    /// Calls refused before they ran.
    pub rejected: Counter,
    /// Calls that ran and answered an error.
    pub failed: Counter,
    /// The durations of calls; empty while `latency-tracking` is off.
    pub latency: Histogram,
}

impl CommandStats {
    /// The current values.
    pub fn read(&self) -> Calls {
        let Self { calls, nanos, rejected, failed, .. } = self;
        Calls { calls: calls.get(), nanos: nanos.get(), rejected: rejected.get(), failed: failed.get() }
    }
}

/// The use of the exclusive mode, in which one worker stops all others.
#[derive(Debug, Default, Clone)]
pub struct ExclusiveStats {
    /// Times the exclusive mode was entered.
    pub entered: u64,
    /// Nanoseconds until all others had finished their batches.
    pub waited_nanos: u64,
    /// Nanoseconds for which it was held.
    pub held_nanos: u64,
    /// The first command since the mode was entered.
    command: Option<CommandId>,
    /// Times entered and nanoseconds held, by the command that came first.
    pub by_command: BTreeMap<CommandId, (u64, u64)>,
}

impl ExclusiveStats {
    /// Notes that a command runs in the exclusive mode.
    #[inline]
    pub fn runs(&mut self, command: CommandId) {
        self.command.get_or_insert(command);
    }

    /// Counts one use of the mode, at its end.
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

/// The growth of a counter compared to time or to another counter, over the last 16 samples.
#[derive(Debug, Default, Clone, Copy)]
pub struct Rate {
    samples: [u64; 16],
    next: usize,
    last: u64,
    last_base: u64,
}

impl Rate {
    /// Takes a sample: the growth of `value` divided by that of `base`, times `factor`. `base` is the time in
    /// milliseconds or another counter.
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

/// The rates of the server, per second unless they say otherwise.
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
    /// Nanoseconds per turn of the event loop.
    pub busy_nanos: Rate,
}

/// Counters of one worker since the start or CONFIG RESETSTAT. The worker alone changes them; every thread may read
/// the [`Counter`]s.
#[derive(Default)]
#[repr(align(128))]
pub struct Stats {
    /// The counters of each command, by its number.
    pub commands: Box<[CommandStats]>,
    /// Error replies, by their first word.
    errors: Mutex<BTreeMap<Box<str>, u64>>,
    /// Commands that ran.
    pub commands_processed: Counter,
    /// Connections accepted.
    pub connections_received: Counter,
    /// Connections refused because of maxclients.
    pub connections_rejected: Counter,
    /// Clients closed because of too much unsent output.
    pub output_limit_disconnections: Counter,
    /// Clients closed because all clients together used too much memory.
    pub evicted_clients: Counter,
    /// Bytes read from clients.
    pub net_input_bytes: Counter,
    /// Bytes written to clients.
    pub net_output_bytes: Counter,
    /// Times a socket was read.
    pub reads_processed: Counter,
    /// Times a socket was written.
    pub writes_processed: Counter,
    /// Keys that expired.
    pub expired_keys: Counter,
    /// Structures in payloads that were searched for duplicates.
    pub sanitizations: Counter,
    /// Keys that were evicted.
    pub evicted_keys: Counter,
    /// Expiry cycles that ended because their time was up.
    pub expire_cycles_timed_out: Counter,
    /// Nanoseconds of expiry cycles.
    pub expire_cycle_nanos: Counter,
    /// Reads that found their key.
    pub keyspace_hits: Counter,
    /// Reads that did not find their key.
    pub keyspace_misses: Counter,
    /// Error replies.
    pub error_replies: Counter,
    /// Turns of the event loop.
    pub turns: Counter,
    /// Nanoseconds in which the event loop did not wait.
    pub busy_nanos: Counter,
    /// Nanoseconds of the longest turn of the event loop.
    pub longest_turn_nanos: Counter,
    /// The most commands that ran in a turn of the event loop.
    pub most_commands_in_turn: Counter,
    /// Nanoseconds of writing to the append-only file.
    pub aof_nanos: Counter,
    /// Nanoseconds of the cron.
    pub cron_nanos: Counter,
    /// Changes to the data since the last snapshot.
    pub changes: Counter,
    tracks_latency: AtomicBool,
    /// Nanoseconds from which a call goes into the slow log or the latency monitor.
    notable_nanos: Counter,
}

impl Stats {
    /// Counters at zero, for `commands` commands.
    pub fn new(commands: usize) -> Stats {
        let stats =
            Stats { commands: (0..commands).map(|_| CommandStats::default()).collect(), ..Stats::default() };
        stats.tracks_latency.store(true, Relaxed);
        stats.notable_nanos.set(u64::MAX);
        stats
    }

    /// Counters at zero with the settings of these (CONFIG RESETSTAT). The changes since the last snapshot are kept.
    pub fn anew(&self) -> Stats {
        let stats = Stats::new(self.commands.len());
        stats.changes.set(self.changes.get());
        stats.tracks_latency.store(self.tracks_latency.load(Relaxed), Relaxed);
        stats.notable_nanos.set(self.notable_nanos.get());
        stats
    }

    /// Counts or logs the remark of a command.
    #[cold]
    pub fn note(&self, remark: Remark) {
        match remark {
            Remark::Log(text) => log_verbose!("{text}"),
            Remark::Sanitized(count) => self.sanitizations.add(count),
        }
    }

    /// Takes the thresholds over from the configuration.
    pub fn configure(&self, diagnostics: &Diagnostics) {
        self.tracks_latency.store(diagnostics.latency_tracking, Relaxed);
        if !diagnostics.latency_tracking {
            self.commands.iter().for_each(|command| command.latency.clear());
        }
        let slow =
            u64::try_from(diagnostics.slowlog_log_slower_than).map(|micros| micros.saturating_mul(1000));
        let late = match diagnostics.latency_monitor_threshold {
            ..=0 => u64::MAX,
            millis => millis.unsigned_abs().saturating_mul(1_000_000),
        };
        self.notable_nanos.set(slow.unwrap_or(u64::MAX).min(late));
    }

    /// Counts a call that ran. True if it took so long that it has to be noted.
    #[inline(always)]
    pub fn called(&self, command: CommandId, nanos: u64, failed: bool) -> bool {
        let counters = &self.commands[command.0 as usize];
        counters.calls.add(1);
        counters.nanos.add(nanos);
        if failed {
            counters.failed.add(1);
        }
        if self.tracks_latency.load(Relaxed) {
            counters.latency.record(nanos);
        }
        self.commands_processed.add(1);
        nanos >= self.notable_nanos.get()
    }

    /// Counts a turn of the event loop that was busy for `nanos` nanoseconds and ran `commands` commands.
    #[inline]
    pub fn turned(&self, nanos: u64, commands: u64) {
        self.turns.add(1);
        self.busy_nanos.add(nanos);
        self.longest_turn_nanos.raise_to(nanos);
        self.most_commands_in_turn.raise_to(commands);
    }

    /// Counts a call that was refused.
    pub fn rejected(&self, command: CommandId) {
        self.commands[command.0 as usize].rejected.add(1);
    }

    /// Counts an error reply with this text.
    #[cold]
    pub fn error_replied(&self, text: impl AsRef<[u8]>) {
        /// The most bytes of a code: a text with a longer first word has none (networking.c: afterErrorReply).
        const LONGEST: usize = 31;
        let start = &text.as_ref()[..text.as_ref().len().min(LONGEST + 1)];
        let code = start.iter().position(|byte| *byte == b' ').map_or(&b"ERR"[..], |end| &start[..end]);
        let code = &*String::from_utf8_lossy(code);
        self.error_replies.add(1);
        let mut errors = self.errors.lock();
        match errors.get_mut(code) {
            Some(count) => *count += 1,
            None => drop(errors.insert(code.into(), 1)),
        }
    }

    /// Calls `show` for each first word of error replies, with the number of replies.
    pub fn each_error(&self, mut show: impl FnMut(&str, u64)) {
        self.errors.lock().iter().for_each(|(code, count)| show(code, *count));
    }
}

impl Rates {
    /// Takes a sample of all rates. The cron calls this.
    pub fn sample(&mut self, tally: Tally<'_>, now: Tick) {
        let now_ms = now.nanos() / 1_000_000;
        self.commands.sample(tally.sum(|stats| &stats.commands_processed), now_ms, 1000);
        self.input.sample(tally.sum(|stats| &stats.net_input_bytes), now_ms, 1000);
        self.output.sample(tally.sum(|stats| &stats.net_output_bytes), now_ms, 1000);
        let turns = tally.sum(|stats| &stats.turns);
        self.turns.sample(turns, now_ms, 1000);
        self.busy_nanos.sample(tally.sum(|stats| &stats.busy_nanos), turns, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_by_their_first_word() {
        let stats = Stats::new(0);
        for text in ["ERR syntax error", "WRONGTYPE Operation", "ERR x", "NOSPACE"] {
            stats.error_replied(text);
        }
        let mut counts = Vec::new();
        stats.each_error(|code, count| counts.push(format!("{code} {count}")));
        assert_eq!(counts, ["ERR 3", "WRONGTYPE 1"]);
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
        let stats = Stats::new(1);
        stats.configure(&diagnostics);
        assert!(stats.called(CommandId(0), 10_000_000, false));
        assert!(!stats.called(CommandId(0), 9_999_999, false));
        diagnostics.slowlog_log_slower_than = -1;
        stats.configure(&diagnostics);
        assert!(!stats.called(CommandId(0), 3_600_000_000_000, false));
    }
}
