//! What a child tells the server about itself, through a pipe.
//!
//! ```text
//! a report: | is it the last | keys saved | bytes not shared | when measured, ns |
//!           |       8        |     8      |        8         |         8         |   native byte order
//! ```
//! A report is smaller than what a pipe takes at once, so it arrives whole. Bytes not shared are what
//! writing on both sides has cost so far ("copy on write"): the kernel's `Private_Dirty` of the child.
//! Asking for it walks the page table, so it is asked for so rarely that it takes a hundredth of the time
//! (childinfo.c, CHILD_COW_DUTY_CYCLE).

use super::children::Purpose;
use crate::clock::{Counter, Tick};
use crate::config::os_text;
use crate::{log_notice, log_verbose, log_warning};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::fs;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::time::Duration;

/// Keys between two looks at the clock.
const KEYS_PER_LOOK: u64 = 1024;

/// Time between two reports.
const REPORT_PERIOD: Duration = Duration::from_secs(1);

/// Measuring takes one part in so many of the time.
const DUTY_CYCLE: u32 = 100;

/// Bytes of a report on the wire.
const REPORT_BYTES: usize = 32;

/// What a child reports.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Report {
    /// It is the one at the end.
    pub is_last: bool,
    /// Keys saved.
    pub keys: u64,
    /// Bytes that are not shared any more.
    pub cow: u64,
    /// When that was measured; 0 is never.
    measured: Tick,
}

impl Report {
    fn to_bytes(self) -> [u8; REPORT_BYTES] {
        let mut bytes = [0; REPORT_BYTES];
        let words = [u64::from(self.is_last), self.keys, self.cow, self.measured.nanos()];
        bytes.as_chunks_mut::<8>().0.iter_mut().zip(words).for_each(|(to, word)| *to = word.to_ne_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; REPORT_BYTES]) -> Report {
        let word = |at: usize| u64::from_ne_bytes(bytes.as_chunks::<8>().0[at]);
        Report { is_last: word(0) != 0, keys: word(1), cow: word(2), measured: Tick::from_nanos(word(3)) }
    }

    /// How long ago the bytes were measured.
    pub(super) fn cow_age(&self, now: Tick) -> Duration {
        if self.measured == Tick::default() { Duration::ZERO } else { now.since(self.measured) }
    }
}

/// The server's end of the pipe.
#[derive(Debug)]
pub(super) struct ReportReader(PipeReader);

impl ReportReader {
    /// The next report, if there is one.
    pub(super) fn next(&mut self) -> Option<Report> {
        let mut bytes = [0; REPORT_BYTES];
        loop {
            match self.0.read(&mut bytes) {
                Ok(REPORT_BYTES) => return Some(Report::from_bytes(bytes)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Nothing there, the child is gone, or what came is no report.
                _ => return None,
            }
        }
    }
}

/// A pipe from a child to the server, which never waits for it.
pub(super) fn pipe() -> io::Result<(ReportReader, PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((ReportReader(reader), writer))
}

/// The child's end of the pipe.
pub struct Reporter {
    pipe: Option<PipeWriter>,
    purpose: Purpose,
    counter: Counter,
    reported: Option<Tick>,
    cow: CowMeter,
}

impl Reporter {
    pub(super) fn new(pipe: Option<PipeWriter>, purpose: Purpose, counter: Counter) -> Reporter {
        Reporter { pipe, purpose, counter, reported: None, cow: CowMeter::default() }
    }

    /// Tells how many keys are saved. To be called for each key: it reports about once a second.
    #[inline]
    pub fn saved(&mut self, keys: u64) {
        if keys % KEYS_PER_LOOK == 1 {
            let now = self.counter.tick();
            if self.reported.is_none_or(|last| now.since(last) >= REPORT_PERIOD) {
                self.reported = Some(now);
                self.report(keys, false);
            }
        }
    }

    /// The report at the end.
    pub(super) fn finish(&mut self) {
        self.report(0, true);
    }

    #[cold]
    fn report(&mut self, keys: u64, is_last: bool) {
        if is_last || self.cow.is_due(self.counter.tick()) {
            self.cow.measure(&self.counter);
            self.cow.log(self.purpose.label(), is_last);
        }
        let report = Report { is_last, keys, cow: self.cow.bytes, measured: self.cow.measured };
        let Some(pipe) = &mut self.pipe else { return };
        if let Err(error) = pipe.write_all(&report.to_bytes()) {
            // Nobody is there any more to save for.
            log_warning!("Child failed reporting info to parent, exiting. {}", os_text(&error));
            exit_at_once(1);
        }
    }
}

/// Measures how much memory is not shared with the server any more.
#[derive(Default)]
struct CowMeter {
    bytes: u64,
    peak: u64,
    sum: u64,
    count: u64,
    /// When it was measured last.
    measured: Tick,
    /// How long that took.
    cost: Duration,
}

impl CowMeter {
    fn is_due(&self, now: Tick) -> bool {
        self.count == 0 || now.since(self.measured) > self.cost * DUTY_CYCLE
    }

    fn measure(&mut self, counter: &Counter) {
        let started = counter.tick();
        self.bytes = private_dirty();
        self.measured = counter.tick();
        self.cost = self.measured.since(started);
        self.peak = self.peak.max(self.bytes);
        self.sum += self.bytes;
        self.count += 1;
    }

    fn log(&self, what: &str, is_last: bool) {
        let [now, peak, average] =
            [self.bytes, self.peak, self.sum / self.count.max(1)].map(|size| size >> 20);
        let text =
            format_args!("Fork CoW for {what}: current {now} MB, peak {peak} MB, average {average} MB")
                .to_string();
        if is_last {
            log_notice!("{text}");
        } else if self.bytes > 0 {
            log_verbose!("{text}");
        }
    }
}

/// Bytes of this process that it shares with nobody; 0 if the kernel does not tell.
fn private_dirty() -> u64 {
    // The sum is there since Linux 4.14, its parts have always been.
    let text =
        fs::read_to_string("/proc/self/smaps_rollup").or_else(|_| fs::read_to_string("/proc/self/smaps"));
    let text = text.unwrap_or_default();
    let sizes =
        text.lines().filter_map(|line| line.strip_prefix("Private_Dirty:")?.trim().strip_suffix(" kB"));
    sizes.filter_map(|size| size.parse::<u64>().ok()).sum::<u64>() * 1024
}

/// Ends this process, which is a child, without any of the things that a server does at its end.
pub(super) fn exit_at_once(code: i32) -> ! {
    // SAFETY: it takes a number and does not return.
    #[allow(unsafe_code)]
    unsafe {
        libc::_exit(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_report_arrives_as_it_was_sent() {
        let (mut inbox, writer) = pipe().unwrap();
        assert!(inbox.next().is_none());
        let mut reporter = Reporter::new(Some(writer), Purpose::Rdb, Clock::new().handle());
        (1..=3 * KEYS_PER_LOOK).for_each(|keys| reporter.saved(keys));
        reporter.finish();
        let first = inbox.next().unwrap();
        assert_eq!((first.is_last, first.keys), (false, 1));
        assert!(first.cow > 0 && first.cow_age(Clock::new().tick()) < Duration::from_secs(60));
        let last = inbox.next().unwrap();
        assert!(last.is_last);
        assert!(inbox.next().is_none());
    }

    #[test]
    fn a_report_survives_its_bytes() {
        let report = Report { is_last: true, keys: 7, cow: 1 << 40, measured: Tick::from_nanos(9) };
        let again = Report::from_bytes(report.to_bytes());
        assert_eq!((again.is_last, again.keys, again.cow, again.measured.nanos()), (true, 7, 1 << 40, 9));
    }
}
