//! Snapshots: when they are taken, how they are written, what follows from their end.
//!
//! ```text
//! save_now:        write ── rename ── sync directory ── "DB saved on disk"       in the server
//! start_snapshot:  fork ──┬ the same ── report ── _exit                           in the child
//!                         └ "Background saving started" ... cron: snapshot_ended  in the server
//! ```

use super::disk::{GrowingFile, sync_directory_of, unlink};
use super::{Ended, Purpose, Reaped, Reporter, debug_delay};
use crate::config::os_text;
use crate::lazyfree::Garbage;
use crate::server::Server;
use crate::{log_notice, log_warning};
use ochre_engine::time::UnixMs;
use ochre_persistence::rdb::{self, SaveOptions, Saved};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What a snapshot says of the server, noted before a fork: a child must not ask for all of it.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    now: UnixMs,
    used_memory: u64,
    /// Whether the snapshot is the base of an append only file.
    pub aof_base: bool,
}

/// A snapshot failed; the log says why.
#[derive(Debug)]
pub struct SaveFailed;

impl Server {
    /// Saves now, and takes as long as it takes. `keep_cached`: the file will be read soon.
    pub fn save_now(&mut self, keep_cached: bool) -> Result<(), SaveFailed> {
        let header = self.snapshot_header(false);
        self.write_snapshot(&header, None, keep_cached)?;
        self.changes_saved(u64::MAX);
        self.shared.persistence.snapshots.saved(&self.state.clock);
        Ok(())
    }

    /// Starts to save in a child. Fails if there is a child already or there cannot be one.
    pub fn start_snapshot(&mut self) -> Result<(), SaveFailed> {
        if self.shared.persistence.children.active().is_some() {
            return Err(SaveFailed);
        }
        let (now, changes) = (self.state.clock.tick(), self.changes());
        let snapshots = &mut self.shared.persistence.snapshots;
        snapshots.saves += 1;
        snapshots.changes_before = changes;
        snapshots.last_try = Some(now);
        let header = self.snapshot_header(false);
        let work = |server: &mut Server, reporter: &mut Reporter| {
            server.write_snapshot(&header, Some(reporter), false).is_ok()
        };
        match self.fork(Purpose::Rdb, work) {
            Ok(pid) => {
                log_notice!("Background saving started by pid {pid}");
                Ok(())
            }
            Err(error) => {
                self.shared.persistence.snapshots.succeeded = false;
                log_warning!("Can't save in background: fork: {}", os_text(&error));
                Err(SaveFailed)
            }
        }
    }

    /// Starts a snapshot if there were enough changes for long enough.
    pub(super) fn save_by_rules(&mut self) {
        let rules = &self.shared.config.persistence.save.0;
        let due = self.shared.persistence.snapshots.due_rule(rules, self.changes(), self.state.tick);
        if let Some(rule) = due {
            log_notice!("{} changes in {} seconds. Saving...", rule.changes, rule.seconds);
            // A failure is logged, and tried again later.
            let _ = self.start_snapshot();
        }
    }

    /// Starts the snapshot that had to wait for another child.
    pub(super) fn start_scheduled_snapshot(&mut self) {
        let snapshots = &self.shared.persistence.snapshots;
        let may = self.shared.persistence.children.active().is_none() && snapshots.may_try(self.state.tick);
        if snapshots.scheduled && may && self.start_snapshot().is_ok() {
            self.shared.persistence.snapshots.scheduled = false;
        }
    }

    /// Notes how the snapshot in the background ended.
    pub(super) fn snapshot_ended(&mut self, reaped: Reaped) {
        let snapshots = &mut self.shared.persistence.snapshots;
        let now = self.state.clock.tick();
        let seconds = snapshots.last_try.map_or(0, |last| now.since(last).as_secs());
        snapshots.last_seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        match reaped.ended {
            Ended::Done => {
                log_notice!("Background saving terminated with success");
                snapshots.saved(&self.state.clock);
                let saved = snapshots.changes_before;
                self.changes_saved(saved);
            }
            Ended::Failed => {
                log_warning!("Background saving error");
                snapshots.succeeded = false;
            }
            Ended::Killed(signal) => {
                log_warning!("Background saving terminated by signal {signal}");
                snapshots.succeeded &= reaped.ended.was_asked_for();
                let started = self.state.clock.tick();
                self.remove_temporary_snapshot(reaped.pid);
                let nanos = self.state.clock.nanos(started, self.state.clock.tick());
                self.note_latency("rdb-unlink-temp-file", nanos);
            }
        }
    }

    /// Ends the child that takes a snapshot, if there is one; the cron will find it ended.
    pub fn cancel_snapshot(&mut self) {
        if self.shared.persistence.children.active() == Some(Purpose::Rdb) {
            self.shared.persistence.children.kill();
        }
    }

    /// Removes the file that a process of this id was writing.
    pub fn remove_temporary_snapshot(&mut self, pid: i32) {
        if let Some(file) = unlink(&temporary_name(pid.unsigned_abs())) {
            self.shared.reaper.free(Garbage::File(file));
        }
    }

    /// What a snapshot taken now says of the server.
    pub fn snapshot_header(&self, aof_base: bool) -> Header {
        let used_memory = crate::alloc::used() as u64;
        Header { now: self.state.clock.now(), used_memory, aof_base }
    }

    /// Writes the data as RDB, with the delay per key that tests ask for. Only reads memory.
    pub fn encode_snapshot(
        &mut self,
        header: &Header,
        out: &mut dyn Write,
        mut reporter: Option<&mut Reporter>,
    ) -> io::Result<Saved> {
        let config = &self.shared.config.persistence;
        let functions: Vec<&[u8]> = self.shared.persistence.functions.iter().map(|code| &**code).collect();
        let options = SaveOptions {
            functions: &functions,
            compression: config.rdbcompression,
            checksum: config.rdbchecksum,
            used_memory: header.used_memory,
            aof_base: header.aof_base,
            ..SaveOptions::new(&self.shared.settings, header.now)
        };
        let delay = config.rdb_key_save_delay;
        rdb::save(self.world.view(), out, &options, |progress| {
            if delay != 0 {
                debug_delay(delay);
            }
            if let Some(reporter) = &mut reporter {
                reporter.saved(progress.keys);
            }
            Ok(())
        })
    }

    /// Writes the file of the configuration: under another name, then moved into its place.
    fn write_snapshot(
        &mut self,
        header: &Header,
        reporter: Option<&mut Reporter>,
        keep_cached: bool,
    ) -> Result<(), SaveFailed> {
        let temporary = temporary_name(std::process::id());
        let stepwise = self.shared.config.persistence.rdb_save_incremental_fsync;
        let mut file = GrowingFile::create(&temporary, stepwise).map_err(|error| {
            log_warning!(
                "Failed opening the temp RDB file {} (in server root dir {}) for saving: {}",
                temporary.display(),
                working_directory(),
                os_text(&error)
            );
            SaveFailed
        })?;
        let encoded =
            self.encode_snapshot(header, &mut file, reporter).map_err(|error| ("rdbSaveRio", error));
        let written = encoded.and_then(|_| file.finish(keep_cached).map_err(|error| ("fsync", error)));
        if let Err((step, error)) = written {
            log_warning!("Write error while saving DB to the disk({step}): {}", os_text(&error));
            let _ = fs::remove_file(&temporary);
            return Err(SaveFailed);
        }
        self.give_name(&temporary)
    }

    /// Moves a snapshot that is on the disk to the name under which it will be looked for.
    fn give_name(&self, temporary: &Path) -> Result<(), SaveFailed> {
        let path = self.shared.config.persistence.dbfilename.path();
        if let Err(error) = fs::rename(temporary, path) {
            log_warning!(
                "Error moving temp DB file {} on the final destination {} (in server root dir {}): {}",
                temporary.display(),
                path.display(),
                working_directory(),
                os_text(&error)
            );
            let _ = fs::remove_file(temporary);
            return Err(SaveFailed);
        }
        if let Err(error) = sync_directory_of(path) {
            log_warning!("Failed to fsync directory while saving DB: {}", os_text(&error));
            return Err(SaveFailed);
        }
        log_notice!("DB saved on disk");
        Ok(())
    }
}

/// Where a process of this id writes a snapshot, in the working directory.
pub fn temporary_name(pid: u32) -> PathBuf {
    format!("temp-{pid}.rdb").into()
}

fn working_directory() -> String {
    std::env::current_dir().map_or_else(|_| "unknown".to_owned(), |path| path.display().to_string())
}
