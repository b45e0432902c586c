//! The file that is written, and how far it is on the disk.
//!
//! ```text
//! bytes of the log ── write ──> increment ── fdatasync ──> disk
//!    always:   before the replies of the commands leave; a failure ends the process: replies and changes cannot
//!              be taken back, and what a client was told must hold
//!    everysec: the disk once a second, in the background; while it is busy writing waits up to two seconds, as
//!              a write would be stopped by the kernel anyway
//!    no:       the disk when the kernel likes
//! ```
//! The order of tests is that of aof.c: flushAppendOnlyFile. Nothing here knows how many workers there are: see
//! [`super::flush`].

use super::sync::SyncThread;
use crate::clock::{Clock, Tick};
use crate::config::{AppendFsync, Config, os_text};
use crate::persistence::Children;
use crate::{log_notice, log_warning};
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// Time that writing waits for the disk.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time between two flushes that `everysec` asks for.
const SYNC_PERIOD: Duration = Duration::from_secs(1);
/// Time between two lines about write errors.
const LOG_PERIOD: Duration = Duration::from_secs(30);
/// Memory that a buffer may keep when it is empty, in bytes.
const KEPT: usize = 1 << 20;

/// Errors that stop writes: looked at before every command, so without a lock.
#[derive(Default)]
pub struct Health {
    /// The system's number of the error that the last write ended with, 0 if it succeeded.
    write: AtomicI32,
    /// The same of the last flush in the background.
    sync: AtomicI32,
}

impl Health {
    /// The system's number of the error that the last write ended with.
    pub fn write_error(&self) -> Option<i32> {
        Some(self.write.load(Ordering::Relaxed)).filter(|errno| *errno != 0)
    }

    /// The system's number of the error that the last flush in the background ended with.
    pub fn sync_error(&self) -> Option<i32> {
        Some(self.sync.load(Ordering::Relaxed)).filter(|errno| *errno != 0)
    }

    /// Notes how the last write ended; 0 for well. True if the one before failed.
    pub fn wrote(&self, errno: i32) -> bool {
        self.write.swap(errno, Ordering::Relaxed) != 0
    }

    /// The same for a flush in the background.
    pub fn synced(&self, errno: i32) -> bool {
        self.sync.swap(errno, Ordering::Relaxed) != 0
    }
}

/// Under which terms is written: what the writer has to know of the server.
pub(super) struct Terms<'a> {
    pub policy: AppendFsync,
    pub has_child: bool,
    /// The disk is left to the child.
    pub spares_disk: bool,
    /// An event that takes so long is noted, in nanoseconds.
    pub late_nanos: u64,
    /// The time, as of this turn of the loop.
    pub now: Tick,
    pub clock: &'a Clock,
    pub health: &'a Arc<Health>,
}

impl<'a> Terms<'a> {
    /// The terms for a worker with this clock, whose command under way began at `tick`.
    pub fn new(
        config: &Config,
        children: &Children,
        health: &'a Arc<Health>,
        clock: &'a Clock,
        tick: Tick,
    ) -> Terms<'a> {
        let has_child = children.active().is_some();
        let late_millis = config.diagnostics.latency_monitor_threshold;
        Terms {
            policy: config.persistence.appendfsync,
            has_child,
            spares_disk: has_child && config.persistence.no_appendfsync_on_rewrite,
            late_nanos: match late_millis {
                ..=0 => u64::MAX,
                millis => millis.unsigned_abs().saturating_mul(1_000_000),
            },
            now: tick,
            clock,
            health,
        }
    }
}

/// An event for the latency monitor.
pub(super) struct Late {
    pub event: &'static str,
    /// When, in seconds since 1970.
    pub seconds: i64,
    pub nanos: u64,
}

/// The increment that is written.
#[derive(Default)]
pub struct Writer {
    pub(super) file: Option<Arc<File>>,
    /// Bytes of base and increments.
    pub(super) size: u64,
    /// Bytes of the increment.
    pub(super) incr_size: u64,
    /// Bytes of it that were handed to the disk.
    pub(super) synced_size: u64,
    /// When that was; `None` is never.
    pub(super) last_sync: Option<Tick>,
    /// Since when writing waits for the disk.
    pub(super) postponed_since: Option<Tick>,
    /// Times it did not wait any longer.
    pub(super) delayed: u64,
    /// When a write error was logged last.
    error_logged: Option<Tick>,
    thread: Option<SyncThread>,
    /// What took long and has not been told to the latency monitor.
    pub(super) late: Vec<Late>,
    /// Memory for bytes on their way from the inbox.
    pub(super) spare: Vec<u8>,
    /// A pause before each write, for tests.
    pub sleep: Duration,
}

impl Writer {
    /// Flushes in the background that are not done yet.
    pub(super) fn pending_syncs(&self) -> usize {
        self.thread.as_ref().map_or(0, SyncThread::pending)
    }

    /// Writes `bytes` and empties them, unless the disk is busy and a little patience helps (`force`: it does
    /// not); what could not be written stays.
    pub(super) fn flush(&mut self, terms: &Terms<'_>, bytes: &mut Vec<u8>, force: bool) {
        if bytes.is_empty() {
            self.sync_if_due(terms);
        } else if self.may_write(terms, force) {
            self.write(terms, bytes);
        }
    }

    /// Whether to write now.
    pub(super) fn may_write(&mut self, terms: &Terms<'_>, force: bool) -> bool {
        self.file.is_some() && (force || !self.is_busy(terms) || !self.waits_for_disk(terms))
    }

    /// Writes `bytes` and hands them to the disk as the policy says; what could not be written stays.
    pub(super) fn write(&mut self, terms: &Terms<'_>, bytes: &mut Vec<u8>) {
        let Some(file) = self.file.clone() else { return };
        let busy = self.is_busy(terms);
        if !self.sleep.is_zero() {
            std::thread::sleep(self.sleep);
        }
        if self.write_all(terms, &file, bytes, busy) {
            self.sync(terms, &file, busy);
        }
    }

    fn is_busy(&self, terms: &Terms<'_>) -> bool {
        terms.policy == AppendFsync::EverySec && self.pending_syncs() > 0
    }

    /// Whether to put writing off, as the disk is busy.
    fn waits_for_disk(&mut self, terms: &Terms<'_>) -> bool {
        if terms.now.since(*self.postponed_since.get_or_insert(terms.now)) < PATIENCE {
            return true;
        }
        self.delayed += 1;
        log_notice!(
            "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting \
             for fsync to complete, this may slow down Redis."
        );
        false
    }

    /// Hands bytes to the disk that were written before, if it is time.
    fn sync_if_due(&mut self, terms: &Terms<'_>) {
        let Some(file) = &self.file else { return };
        if self.synced_size == self.incr_size {
            return;
        }
        let busy = self.is_busy(terms);
        let is_due = match terms.policy {
            AppendFsync::EverySec => self.is_sync_due(terms.now) && !busy,
            AppendFsync::Always => true,
            AppendFsync::No => false,
        };
        if is_due {
            let file = Arc::clone(file);
            self.sync(terms, &file, busy);
        }
    }

    /// False if that failed.
    fn write_all(&mut self, terms: &Terms<'_>, file: &File, bytes: &mut Vec<u8>, busy: bool) -> bool {
        let started = terms.clock.tick();
        let outcome = write_counted(file, bytes);
        let event = match (busy, terms.has_child) {
            (true, _) => "aof-write-pending-fsync",
            (false, true) => "aof-write-active-child",
            (false, false) => "aof-write-alone",
        };
        self.took(terms, &[event, "aof-write"], started);
        self.postponed_since = None;
        if let Err((written, error)) = outcome {
            self.on_write_error(terms, file, bytes, written, &error);
            return false;
        }
        if terms.health.write_error().is_some() && terms.health.wrote(0) {
            log_warning!("AOF write error looks solved, Redis can write again.");
        }
        self.size += bytes.len() as u64;
        self.incr_size += bytes.len() as u64;
        bytes.clear();
        bytes.shrink_to(KEPT);
        true
    }

    #[cold]
    fn on_write_error(
        &mut self,
        terms: &Terms<'_>,
        file: &File,
        bytes: &mut Vec<u8>,
        mut written: usize,
        error: &io::Error,
    ) {
        let logs = self.error_logged.is_none_or(|last| terms.now.since(last) > LOG_PERIOD);
        if logs {
            self.error_logged = Some(terms.now);
        }
        let mut errno = error.raw_os_error().unwrap_or(libc::EIO);
        if written == 0 {
            if logs {
                log_warning!("Error writing to the AOF file: {}", os_text(error));
            }
        } else {
            let expected = bytes.len();
            if logs {
                log_warning!(
                    "Short write while writing to the AOF file: (nwritten={written}, expected={expected})"
                );
            }
            match file.set_len(self.incr_size) {
                // Nothing of it is there any more.
                Ok(()) => written = 0,
                Err(error) if logs => log_warning!(
                    "Could not remove short write from the append-only file.  Redis may refuse to load the AOF \
                     the next time it starts.  ftruncate: {}",
                    os_text(&error)
                ),
                Err(_) => {}
            }
            errno = libc::ENOSPC;
        }
        if terms.policy == AppendFsync::Always {
            log_warning!(
                "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting..."
            );
            std::process::exit(1);
        }
        terms.health.wrote(errno);
        self.size += written as u64;
        self.incr_size += written as u64;
        bytes.drain(..written);
    }

    /// Hands what was written to the disk, as the policy says.
    fn sync(&mut self, terms: &Terms<'_>, file: &Arc<File>, busy: bool) {
        if terms.spares_disk {
            return;
        }
        match terms.policy {
            AppendFsync::Always => {
                let started = terms.clock.tick();
                if let Err(error) = file.sync_data() {
                    log_warning!(
                        "Can't persist AOF for fsync error when the AOF fsync policy is 'always': {}. Exiting...",
                        os_text(&error)
                    );
                    std::process::exit(1);
                }
                self.took(terms, &["aof-fsync-always"], started);
                self.synced_size = self.incr_size;
                self.last_sync = Some(terms.now);
            }
            AppendFsync::EverySec if self.is_sync_due(terms.now) => {
                if !busy {
                    self.sync_in_background(terms, file);
                }
                self.last_sync = Some(terms.now);
            }
            _ => {}
        }
    }

    /// Whether it is time for what `everysec` asks for.
    fn is_sync_due(&self, now: Tick) -> bool {
        self.last_sync.is_none_or(|last| now.since(last) >= SYNC_PERIOD)
    }

    fn sync_in_background(&mut self, terms: &Terms<'_>, file: &Arc<File>) {
        if self.thread.is_none() {
            self.thread = SyncThread::start(Arc::clone(terms.health)).ok();
        }
        match &self.thread {
            Some(thread) => thread.flush(Arc::clone(file)),
            // No thread can be started: then whoever asks waits.
            None => _ = file.sync_data(),
        }
        self.synced_size = self.incr_size;
    }

    /// Notes events that began at `started` and end now, if they took long.
    fn took(&mut self, terms: &Terms<'_>, events: &[&'static str], started: Tick) {
        let nanos = terms.clock.nanos(started, terms.clock.tick());
        if nanos >= terms.late_nanos {
            let seconds = terms.clock.unix_ms(terms.now).seconds();
            self.late.extend(events.iter().map(|event| Late { event, seconds, nanos }));
        }
    }
}

/// Writes all bytes; an error tells how many were written before it.
fn write_counted(mut file: &File, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => return Err((written, io::ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((written, error)),
        }
    }
    Ok(())
}
