//! Writing: from the log in memory to the file, from the file to the disk.
//!
//! ```text
//! journal ── write ──> increment ── fdatasync ──> disk
//!    always:   before the replies of the commands leave; a failure ends the process: replies and changes cannot
//!              be taken back, and what a client was told must hold
//!    everysec: the disk once a second, in the background; while it is busy writing waits up to two seconds, as
//!              a write would be stopped by the kernel anyway
//!    no:       the disk when the kernel likes
//! ```
//! The order of tests is that of aof.c: flushAppendOnlyFile.

use super::State;
use crate::config::{AppendFsync, os_text};
use crate::server::Server;
use crate::{log_notice, log_warning};
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

/// Seconds that writing waits for the disk.
const PATIENCE_SECONDS: i64 = 2;
/// Seconds between two lines about write errors.
const LOG_SECONDS: i64 = 30;
/// Memory that the buffer may keep when it is empty, in bytes.
const KEPT: usize = 1 << 20;

impl Server {
    /// Before replies leave: writes what was done. Cheap if there is nothing to do.
    #[inline]
    pub fn flush_aof_before_replies(&mut self) {
        if self.persistence.aof.is_on() {
            let started = self.lane.clock.tick();
            self.flush_aof(false);
            self.stats.aof_nanos += self.lane.clock.nanos(started, self.lane.clock.tick());
        }
    }

    /// Writes what was done, unless the disk is busy and a little patience helps (`force`: it does not).
    pub fn flush_aof(&mut self, force: bool) {
        let Some(file) = self.persistence.aof.file.clone() else { return };
        let policy = self.fsync_policy();
        let busy = policy == AppendFsync::EverySec && self.persistence.aof.pending_syncs() > 0;
        if self.journal.aof.bytes.is_empty() {
            if self.must_sync_without_writing(policy, busy) {
                self.sync_aof(&file, policy, busy);
            }
            return;
        }
        if busy && !force && self.waits_for_disk() {
            return;
        }
        if !self.persistence.aof.sleep.is_zero() {
            std::thread::sleep(self.persistence.aof.sleep);
        }
        if self.write_aof(&file, busy) {
            self.sync_aof(&file, policy, busy);
        }
    }

    /// Whether bytes that were written before wait for the disk, and it is time.
    fn must_sync_without_writing(&self, policy: AppendFsync, busy: bool) -> bool {
        let aof = &self.persistence.aof;
        if aof.synced_size == aof.incr_size {
            return false;
        }
        match policy {
            AppendFsync::EverySec => self.seconds() > aof.last_sync && !busy,
            AppendFsync::Always => true,
            AppendFsync::No => false,
        }
    }

    /// Whether to put writing off, as the disk is busy.
    fn waits_for_disk(&mut self) -> bool {
        let now = self.seconds();
        let aof = &mut self.persistence.aof;
        if now - *aof.postponed_since.get_or_insert(now) < PATIENCE_SECONDS {
            return true;
        }
        aof.delayed += 1;
        log_notice!(
            "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting \
             for fsync to complete, this may slow down Redis."
        );
        false
    }

    /// Writes the buffer. False if that failed.
    fn write_aof(&mut self, file: &Arc<File>, busy: bool) -> bool {
        let started = self.lane.clock.tick();
        let outcome = write_counted(file, &self.journal.aof.bytes);
        let nanos = self.lane.clock.nanos(started, self.lane.clock.tick());
        let event = match (busy, self.has_child()) {
            (true, _) => "aof-write-pending-fsync",
            (false, true) => "aof-write-active-child",
            (false, false) => "aof-write-alone",
        };
        self.note_latency(event, nanos);
        self.note_latency("aof-write", nanos);
        let aof = &mut self.persistence.aof;
        aof.postponed_since = None;
        if let Err((written, error)) = outcome {
            self.on_write_error(file, written, &error);
            return false;
        }
        if aof.write_error.take().is_some() {
            log_warning!("AOF write error looks solved, Redis can write again.");
        }
        let bytes = &mut self.journal.aof.bytes;
        aof.size += bytes.len() as u64;
        aof.incr_size += bytes.len() as u64;
        bytes.clear();
        bytes.shrink_to(KEPT);
        true
    }

    #[cold]
    fn on_write_error(&mut self, file: &File, mut written: usize, error: &io::Error) {
        let (now, policy) = (self.seconds(), self.fsync_policy());
        let aof = &mut self.persistence.aof;
        let logs = now - aof.error_logged > LOG_SECONDS;
        if logs {
            aof.error_logged = now;
        }
        let mut errno = error.raw_os_error().unwrap_or(libc::EIO);
        if written == 0 {
            if logs {
                log_warning!("Error writing to the AOF file: {}", os_text(error));
            }
        } else {
            let expected = self.journal.aof.bytes.len();
            if logs {
                log_warning!(
                    "Short write while writing to the AOF file: (nwritten={written}, expected={expected})"
                );
            }
            match file.set_len(aof.incr_size) {
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
        if policy == AppendFsync::Always {
            log_warning!(
                "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting..."
            );
            std::process::exit(1);
        }
        aof.write_error = Some(errno);
        aof.size += written as u64;
        aof.incr_size += written as u64;
        self.journal.aof.bytes.drain(..written);
    }

    /// Hands what was written to the disk, as the policy says.
    fn sync_aof(&mut self, file: &Arc<File>, policy: AppendFsync, busy: bool) {
        if self.config.persistence.no_appendfsync_on_rewrite && self.has_child() {
            return;
        }
        let now = self.seconds();
        match policy {
            AppendFsync::Always => {
                let started = self.lane.clock.tick();
                if let Err(error) = file.sync_data() {
                    log_warning!(
                        "Can't persist AOF for fsync error when the AOF fsync policy is 'always': {}. Exiting...",
                        os_text(&error)
                    );
                    std::process::exit(1);
                }
                let nanos = self.lane.clock.nanos(started, self.lane.clock.tick());
                self.note_latency("aof-fsync-always", nanos);
                let aof = &mut self.persistence.aof;
                aof.synced_size = aof.incr_size;
                aof.last_sync = now;
            }
            AppendFsync::EverySec if now > self.persistence.aof.last_sync => {
                if !busy {
                    self.sync_in_background(file);
                }
                self.persistence.aof.last_sync = now;
            }
            _ => {}
        }
    }

    fn sync_in_background(&mut self, file: &Arc<File>) {
        let aof = &mut self.persistence.aof;
        if aof.thread.is_none() {
            aof.thread = super::sync::SyncThread::start().ok();
        }
        match &aof.thread {
            Some(thread) => thread.flush(Arc::clone(file)),
            // No thread can be started: then whoever asks waits.
            None => _ = file.sync_data(),
        }
        aof.synced_size = aof.incr_size;
    }

    /// Writes everything and waits until it is on the disk: the file is about to be closed.
    pub(super) fn settle_aof(&mut self, error_end: &str) {
        self.flush_aof(true);
        let Some(file) = &self.persistence.aof.file else { return };
        match file.sync_data() {
            Ok(()) => self.persistence.aof.last_sync = self.seconds(),
            Err(error) => log_warning!("Fail to fsync the AOF file: {}{error_end}", os_text(&error)),
        }
    }

    /// Before the process ends: everything that was done goes to the disk.
    pub fn finish_aof(&mut self) {
        if self.persistence.aof.state != State::Off {
            log_notice!("Calling fsync() on the AOF file.");
            self.settle_aof(".");
        }
    }

    /// After the last turn of the loop: other clients' commands may have run behind the one that ended it.
    pub fn flush_last_writes(&mut self) {
        if !self.journal.aof.bytes.is_empty() {
            self.settle_aof(".");
        }
    }

    /// In the cron: tries again what was put off, or failed.
    pub fn retry_aof(&mut self, second_passed: bool) {
        let aof = &self.persistence.aof;
        let retries = aof.postponed_since.is_some() || (second_passed && aof.write_error.is_some());
        // With several workers nobody else looks after what was written and not synchronised.
        if aof.is_on() && (retries || self.desks.len() > 1) {
            self.flush_aof(false);
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
