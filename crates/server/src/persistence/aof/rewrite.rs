//! Rewriting: a child writes the data as a new base, while the server goes on in a new increment.
//!
//! ```text
//! start:  [base 1][incr 1] ── fork ──> [base 1][incr 1][incr 2 ...]      child: temp-rewriteaof-bg-<pid>.aof
//! done:   the child's file becomes base 2; manifest: [base 2][incr 2 ...], the others are history
//! failed: nothing changes but that there is one increment more; the next rewrite makes up for it
//! ```
//! After three failures in a row the next automatic one waits a minute, then two, four ... up to an hour, as each
//! leaves an increment behind (aof.c: aofRewriteLimited).

use super::State;
use super::files::FileFailure;
use crate::config::os_text;
use crate::persistence::disk::GrowingFile;
use crate::persistence::snapshot::Header;
use crate::persistence::{Ended, Purpose, Reaped, Reporter, debug_delay};
use crate::server::Server;
use crate::{log_notice, log_verbose, log_warning};
use ochre_persistence::aof;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What BGREWRITEAOF came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It runs.
    Now,
    /// It will, once what is under way is over.
    Later,
    /// There is one already.
    Running,
    /// It cannot; the log says why.
    Failed,
}

impl Server {
    /// Starts a rewrite because a user wants one.
    pub fn rewrite_aof(&mut self) -> Started {
        let rewrites = &mut self.shared.persistence.aof.rewrites;
        match self.shared.persistence.children.active() {
            Some(Purpose::AofRewrite) => Started::Running,
            other if other.is_some() || self.state.journal.is_in_unit() => {
                rewrites.scheduled = true;
                // Who asks for it does not want to wait for failures of the past.
                rewrites.failures = 0;
                Started::Later
            }
            _ if self.start_rewrite().is_ok() => Started::Now,
            _ => Started::Failed,
        }
    }

    /// Starts a rewrite, if there is no child.
    pub(super) fn start_rewrite(&mut self) -> Result<(), FileFailure> {
        if self.has_child() {
            return Err(FileFailure);
        }
        let prepared = self.make_aof_directory().and_then(|()| self.turn_over());
        if prepared.is_err() {
            self.shared.persistence.aof.rewrites.succeeded = false;
            return Err(FileFailure);
        }
        self.shared.persistence.aof.rewrites.started += 1;
        let header = self.snapshot_header(true);
        let work = |server: &mut Server, reporter: &mut Reporter| {
            let path = temporary_base(std::process::id());
            let written = server.write_base(&path, Some((&header, reporter))).is_ok();
            if written {
                log_notice!("Successfully created the temporary AOF base file {}", path.display());
            }
            written
        };
        match self.fork(Purpose::AofRewrite, work) {
            Ok(pid) => {
                log_notice!("Background append only file rewriting started by pid {pid}");
                let now = self.state.clock.tick();
                let rewrites = &mut self.shared.persistence.aof.rewrites;
                rewrites.scheduled = false;
                rewrites.began = Some(now);
                // What is done from now on is not in the base.
                self.feed_aof(self.shared.persistence.aof.is_on());
                Ok(())
            }
            Err(error) => {
                self.shared.persistence.aof.rewrites.succeeded = false;
                log_warning!("Can't rewrite append only file in background: fork: {}", os_text(&error));
                Err(FileFailure)
            }
        }
    }

    /// Ends the increment in use and begins another one.
    fn turn_over(&mut self) -> Result<(), FileFailure> {
        self.state.journal.aof.forget_selected();
        self.flush_aof(true);
        if !self.state.journal.aof.bytes.is_empty() {
            // What could not be written would be in the new increment, and in the base as well.
            log_warning!("Can't rewrite append only file in background: the last commands cannot be written");
            return Err(FileFailure);
        }
        self.begin_increment()
    }

    /// Writes the data as a base to a file of this name: under another name, then moved. `child`: the header
    /// noted before the fork, and whom to tell how far it is.
    pub(super) fn write_base(
        &mut self,
        path: &Path,
        child: Option<(&Header, &mut Reporter)>,
    ) -> Result<(), FileFailure> {
        let temporary = temporary_rewrite(std::process::id());
        let stepwise = self.shared.config.persistence.aof_rewrite_incremental_fsync;
        let mut file = GrowingFile::create(&temporary, stepwise).map_err(|error| {
            let error = os_text(&error);
            log_warning!("Opening the temp file for AOF rewrite in rewriteAppendOnlyFile(): {error}");
            FileFailure
        })?;
        let written = self.encode_base(&mut file, child).and_then(|()| file.finish(false));
        if let Err(error) = written {
            log_warning!("Write error writing append only file on disk: {}", os_text(&error));
            let _ = fs::remove_file(&temporary);
            return Err(FileFailure);
        }
        fs::rename(&temporary, path).map_err(|error| {
            let error = os_text(&error);
            log_warning!("Error moving temp append only file on the final destination: {error}");
            let _ = fs::remove_file(&temporary);
            FileFailure
        })
    }

    /// Whether a base is written as a snapshot. Function libraries have no command here that could make them.
    pub(super) fn base_is_snapshot(&self) -> bool {
        self.shared.config.persistence.aof_use_rdb_preamble || !self.shared.persistence.functions.is_empty()
    }

    fn encode_base(
        &mut self,
        file: &mut GrowingFile,
        child: Option<(&Header, &mut Reporter)>,
    ) -> io::Result<()> {
        let (header, mut reporter) = child.unzip();
        let config = &self.shared.config.persistence;
        if self.base_is_snapshot() {
            let own = header.is_none().then(|| self.snapshot_header(true));
            let Some(header) = header.or(own.as_ref()) else { return Ok(()) };
            return self.encode_snapshot(header, file, reporter).map(|_| ());
        }
        let time = config.aof_timestamp_enabled.then(|| self.state.clock.now().0 / 1000);
        let delay = config.rdb_key_save_delay;
        aof::rewrite(self.world.view(), self.shared.settings.level, file, time, |progress| {
            if delay != 0 {
                debug_delay(delay);
            }
            if let Some(reporter) = &mut reporter {
                reporter.saved(progress.keys);
            }
            Ok(())
        })
        .map(|_| ())
    }

    /// Does what follows from the end of a rewrite.
    pub(in crate::persistence) fn rewrite_ended(&mut self, reaped: Reaped) {
        match reaped.ended {
            Ended::Done => {
                log_notice!("Background AOF rewrite terminated with success");
                let started = Instant::now();
                if self.take_over_base(reaped.pid).is_err() {
                    self.shared.persistence.aof.rewrites.failed();
                } else {
                    log_verbose!(
                        "Background AOF rewrite signal handler took {}us",
                        started.elapsed().as_micros()
                    );
                }
            }
            Ended::Failed => {
                self.shared.persistence.aof.rewrites.failed();
                log_warning!("Background AOF rewrite terminated with error");
            }
            Ended::Killed(signal) => {
                if !reaped.ended.was_asked_for() {
                    self.shared.persistence.aof.rewrites.failed();
                }
                log_warning!("Background AOF rewrite terminated by signal {signal}");
            }
        }
        self.clean_up_rewrite(reaped.pid);
        let now = self.state.clock.tick();
        let rewrites = &mut self.shared.persistence.aof.rewrites;
        let seconds = now.since(rewrites.began.take().unwrap_or(now)).as_secs();
        rewrites.last_seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        if self.shared.persistence.aof.state == State::Waiting {
            // There is no base yet: what was gathered is in the next one.
            self.feed_aof(false);
            self.state.journal.aof.bytes.clear();
            let name = self.temporary_incr_name();
            log_notice!("Removing the temp incr aof file {} in the background", name.display());
            self.remove_file(&self.aof_path(&name));
            self.shared.persistence.aof.rewrites.scheduled = true;
        }
    }

    /// Makes the child's file the base.
    fn take_over_base(&mut self, pid: i32) -> Result<(), FileFailure> {
        let temporary = temporary_base(pid.unsigned_abs());
        let mut manifest = self.shared.persistence.aof.manifest.clone();
        let is_snapshot = self.base_is_snapshot();
        let base = manifest.new_base(self.aof_prefix(), is_snapshot).path().to_owned();
        let base_path = self.aof_path(&base);
        self.rename_part("base", &temporary, &base_path, &base)?;
        let mut incr_path = None;
        if self.shared.persistence.aof.state == State::Waiting {
            let name = self.temporary_incr_name();
            let incr = manifest.new_incr(self.aof_prefix()).path().to_owned();
            let path = self.aof_path(&incr);
            if let Err(failure) = self.rename_part("incr", &self.aof_path(&name), &path, &incr) {
                self.remove_file(&base_path);
                return Err(failure);
            }
            incr_path = Some(path);
        }
        manifest.retire_incr(usize::from(self.shared.persistence.aof.writer.get_mut().file.is_some()));
        if let Err(failure) = self.write_manifest(&mut manifest) {
            self.remove_file(&base_path);
            if let Some(path) = &incr_path {
                self.remove_file(path);
            }
            return Err(failure);
        }
        self.shared.persistence.aof.manifest = manifest;
        let base_size = self.aof_file_size(&base).unwrap_or(0);
        let aof = &mut self.shared.persistence.aof;
        if aof.is_on() {
            let writer = aof.writer.get_mut();
            writer.size = base_size + writer.incr_size;
            aof.base_size = writer.size;
        }
        self.delete_history();
        let aof = &mut self.shared.persistence.aof;
        aof.rewrites.succeeded = true;
        aof.rewrites.failures = 0;
        log_notice!("Background AOF rewrite finished successfully");
        if aof.state == State::Waiting {
            aof.state = State::On;
        }
        Ok(())
    }

    /// Gives a finished file the name it has in the manifest.
    fn rename_part(&mut self, kind: &str, from: &Path, to: &Path, name: &Path) -> Result<(), FileFailure> {
        let started = Instant::now();
        if let Err(error) = fs::rename(from, to) {
            let (from, to, error) = (from.display(), to.display(), os_text(&error));
            log_warning!("Error trying to rename the temporary AOF {kind} file {from} into {to}: {error}");
            return Err(FileFailure);
        }
        self.note_latency("aof-rename", started.elapsed().as_nanos() as u64);
        let shown = if kind == "base" { from.as_os_str() } else { from.file_name().unwrap_or_default() };
        log_notice!(
            "Successfully renamed the temporary AOF {kind} file {} into {}",
            shown.display(),
            name.display()
        );
        Ok(())
    }

    /// Removes what a child of this id may have left behind.
    fn clean_up_rewrite(&self, pid: i32) {
        for path in [temporary_base(pid.unsigned_abs()), temporary_rewrite(pid.unsigned_abs())] {
            self.remove_file(&path);
        }
    }

    /// Ends the child that rewrites, if there is one, and waits for its end.
    pub fn end_rewrite(&mut self) {
        if self.shared.persistence.children.active() != Some(Purpose::AofRewrite) {
            return;
        }
        let pid = self.shared.persistence.children.pid().unwrap_or_default();
        log_notice!("Killing running AOF rewrite child: {pid}");
        if let Some(reaped) = self.shared.persistence.children.kill_and_wait() {
            self.clean_up_rewrite(reaped.pid);
        }
        self.shared.persistence.aof.rewrites.began = None;
    }

    /// In the cron: starts the rewrite that had to wait.
    pub(in crate::persistence) fn start_scheduled_rewrite(&mut self) {
        let now = self.state.tick;
        if self.shared.persistence.aof.rewrites.scheduled
            && !self.has_child()
            && !self.shared.persistence.aof.rewrites.must_wait(now)
        {
            // A failure is logged and tried again.
            let _ = self.start_rewrite();
        }
    }

    /// In the cron: starts a rewrite if the file has grown enough.
    pub(in crate::persistence) fn rewrite_by_growth(&mut self) {
        let (now, config) = (self.state.tick, &self.shared.config.persistence);
        let aof = &mut self.shared.persistence.aof;
        let percentage = u64::from(config.auto_aof_rewrite_percentage.unsigned_abs());
        let size = aof.writer.get_mut().size;
        let is_large = size > config.auto_aof_rewrite_min_size.unsigned_abs();
        if aof.state != State::On
            || percentage == 0
            || !is_large
            || self.shared.persistence.children.active().is_some()
        {
            return;
        }
        let growth = (size.saturating_mul(100) / aof.base_size.max(1)) as i64 - 100;
        if growth >= percentage as i64 && !aof.rewrites.must_wait(now) {
            log_notice!("Starting automatic rewriting of AOF on {growth}% growth");
            let _ = self.start_rewrite();
        }
    }
}

/// The file that a child of this id hands over, in the working directory.
fn temporary_base(pid: u32) -> PathBuf {
    format!("temp-rewriteaof-bg-{pid}.aof").into()
}

/// The file that a process of this id is writing, in the working directory.
fn temporary_rewrite(pid: u32) -> PathBuf {
    format!("temp-rewriteaof-{pid}.aof").into()
}
