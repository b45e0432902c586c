//! The files: opened, named in the manifest, deleted when they are no longer needed.
//!
//! The manifest changes in one step, by renaming a new one over the old one, and only after every file it names is
//! there; whatever happens in between, one of the two tells the truth.

use super::{Aof, State};
use crate::config::os_text;
use crate::lazyfree::Garbage;
use crate::persistence::disk::{sync_directory_of, unlink};
use crate::process::Abort;
use crate::server::Server;
use crate::{log_debug, log_notice, log_warning};
use ochre_persistence::aof::{Manifest, ManifestError};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Something about the files failed; the log says what.
#[derive(Debug)]
pub(super) struct FileFailure;

/// The log's lines about a manifest that is refused.
pub fn log_manifest_error(error: &ManifestError) {
    log_warning!("\n*** FATAL AOF MANIFEST FILE ERROR ***\n");
    if let Some((number, line)) = &error.line {
        log_warning!("Reading the manifest file, at line {number}\n");
        log_warning!(">>> '{}'\n", String::from_utf8_lossy(line));
    }
    log_warning!("{}\n", error.reason);
}

impl Server {
    /// The directory of the files.
    pub(super) fn aof_directory(&self) -> &Path {
        self.shared.config.persistence.appenddirname.path()
    }

    /// The common beginning of their names.
    pub(super) fn aof_prefix(&self) -> &[u8] {
        &self.shared.config.persistence.appendfilename.0
    }

    /// Where a file of this name is.
    pub(super) fn aof_path(&self, name: &Path) -> PathBuf {
        self.aof_directory().join(name)
    }

    fn manifest_name(&self) -> OsString {
        let mut name = self.shared.config.persistence.appendfilename.path().as_os_str().to_owned();
        name.push(".manifest");
        name
    }

    /// The increment that is written while the first base is being made.
    pub(super) fn temporary_incr_name(&self) -> PathBuf {
        let mut name = OsString::from("temp-");
        name.push(self.shared.config.persistence.appendfilename.path());
        name.push(".incr");
        name.into()
    }

    /// Makes the directory, if it is not there.
    pub(super) fn make_aof_directory(&self) -> Result<(), FileFailure> {
        let path = self.aof_directory();
        let made = match fs::DirBuilder::new().mode(0o755).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match path.is_dir() {
                true => Ok(()),
                false => Err(io::Error::from_raw_os_error(libc::ENOTDIR)),
            },
            // What is written into it will be acknowledged: its name has to last as well.
            Ok(()) => sync_directory_of(path),
            other => other,
        };
        made.map_err(|error| {
            let (path, error) = (path.display(), os_text(&error));
            log_warning!("Can't open or create append-only dir {path}: {error}");
            FileFailure
        })
    }

    /// Reads the manifest. Without one there are no files yet.
    pub(super) fn read_manifest(&mut self) -> Result<(), Abort> {
        self.shared.persistence.aof.manifest = Manifest::default();
        let (directory, name) = (self.aof_directory(), self.manifest_name());
        if !directory.is_dir() {
            log_debug!("The AOF directory {} doesn't exist", directory.display());
            return Ok(());
        }
        let path = directory.join(&name);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                log_debug!("The AOF manifest file {} doesn't exist", name.display());
                return Ok(());
            }
            Err(error) => {
                let (path, error) = (path.display(), os_text(&error));
                log_warning!("Fatal error: can't open the AOF manifest file {path} for reading: {error}");
                return Err(Abort::Failed);
            }
        };
        self.shared.persistence.aof.manifest = Manifest::parse(&text).map_err(|error| {
            log_manifest_error(&error);
            Abort::Failed
        })?;
        Ok(())
    }

    /// Puts a manifest onto the disk, if it was changed.
    pub(super) fn write_manifest(&self, manifest: &mut Manifest) -> Result<(), FileFailure> {
        if !manifest.dirty {
            return Ok(());
        }
        let name = self.manifest_name();
        let mut temporary = OsString::from("temp-");
        temporary.push(&name);
        let (path, temporary_path) = (self.aof_path(Path::new(&name)), self.aof_path(Path::new(&temporary)));
        let (name, temporary) = (name.display(), temporary.display());
        let failed = |text: String| {
            log_warning!("{text}");
            FileFailure
        };
        let mut file = create(&temporary_path).map_err(|error| {
            failed(format!("Can't open the AOF manifest file {temporary}: {}", os_text(&error)))
        })?;
        file.write_all(&manifest.text()).map_err(|error| {
            failed(format!(
                "Error trying to write the temporary AOF manifest file {temporary}: {}",
                os_text(&error)
            ))
        })?;
        file.sync_data().map_err(|error| {
            failed(format!("Fail to fsync the temp AOF file {temporary}: {}.", os_text(&error)))
        })?;
        fs::rename(&temporary_path, &path).map_err(|error| {
            failed(format!(
                "Error trying to rename the temporary AOF manifest file {temporary} into {name}: {}",
                os_text(&error)
            ))
        })?;
        // The new manifest is in place, whatever becomes of it in a crash: the files that it names must stay, and those
        // of the old one until it is known to be on the disk.
        let synced = sync_directory_of(&path);
        manifest.dirty = synced.is_err();
        if let Err(error) = synced {
            log_warning!("Fail to fsync AOF directory {}: {}.", path.display(), os_text(&error));
        }
        Ok(())
    }

    /// Makes the single file of an older server the base, and moves it into the directory.
    pub(super) fn upgrade_old_file(&mut self) -> Result<(), Abort> {
        self.make_aof_directory().map_err(|_| Abort::Failed)?;
        let mut manifest = std::mem::take(&mut self.shared.persistence.aof.manifest);
        manifest.adopt(self.aof_prefix());
        self.write_manifest(&mut manifest).map_err(|_| Abort::Failed)?;
        self.shared.persistence.aof.manifest = manifest;
        let name = self.shared.config.persistence.appendfilename.path();
        let directory = self.aof_directory().display();
        if let Err(error) = fs::rename(name, self.aof_path(name)) {
            let (name, error) = (name.display(), os_text(&error));
            log_warning!("Error trying to move the old AOF file {name} into dir {directory}: {error}");
            return Err(Abort::Failed);
        }
        log_notice!(
            "Successfully migrated an old-style AOF file ({}) into the AOF directory ({directory}).",
            name.display()
        );
        Ok(())
    }

    /// Opens the increment to write to, at the start of the process, and makes a base if there is none.
    pub fn open_aof_at_start(&mut self) -> Result<(), Abort> {
        self.make_aof_directory().map_err(|_| Abort::Failed)?;
        let mut manifest = std::mem::take(&mut self.shared.persistence.aof.manifest);
        let had_incr = !manifest.incr.is_empty();
        if manifest.is_empty() {
            let is_snapshot = self.base_is_snapshot();
            let base = manifest.new_base(self.aof_prefix(), is_snapshot);
            let path = self.aof_path(base.path());
            self.write_base(&path, None).map_err(|_| Abort::Failed)?;
            log_notice!("Creating AOF base file {} on server start", base.path().display());
        }
        let last = match manifest.incr.last() {
            Some(last) => last.clone(),
            None => manifest.new_incr(self.aof_prefix()).clone(),
        };
        let name = last.path().display();
        let file =
            match OpenOptions::new().append(true).create(true).mode(0o644).open(self.aof_path(last.path())) {
                Ok(file) => file,
                Err(error) => {
                    log_warning!("Can't open the append-only file {name}: {}", os_text(&error));
                    return Err(Abort::Failed);
                }
            };
        self.write_manifest(&mut manifest).map_err(|_| Abort::Failed)?;
        let size = self.aof_file_size(last.path()).unwrap_or(0);
        let verb = if had_incr { "Opening" } else { "Creating" };
        log_notice!("{verb} AOF incr file {name} on server start");
        let now = self.state.tick;
        let aof = &mut self.shared.persistence.aof;
        aof.manifest = manifest;
        aof.state = State::On;
        let writer = aof.writer.get_mut();
        writer.file = Some(Arc::new(file));
        (writer.incr_size, writer.synced_size, writer.last_sync) = (size, size, Some(now));
        self.feed_aof(true);
        Ok(())
    }

    /// Begins a new increment for a rewrite: what is done from now on is not in the base that it makes.
    pub(super) fn begin_increment(&mut self) -> Result<(), FileFailure> {
        let mut manifest = match self.shared.persistence.aof.state {
            State::Off => return Ok(()),
            // Not in the manifest before there is a base.
            State::Waiting => None,
            State::On => Some(self.shared.persistence.aof.manifest.clone()),
        };
        let name = match &mut manifest {
            Some(manifest) => manifest.new_incr(self.aof_prefix()).path().to_owned(),
            None => self.temporary_incr_name(),
        };
        let file = create(&self.aof_path(&name)).map_err(|error| {
            log_warning!("Can't open the append-only file {}: {}", name.display(), os_text(&error));
            FileFailure
        })?;
        if let Some(manifest) = &mut manifest {
            self.write_manifest(manifest)?;
        }
        log_notice!("Creating AOF incr file {} on background rewrite", name.display());
        let now = self.state.tick;
        let writer = self.shared.persistence.aof.writer.get_mut();
        if let Some(old) = writer.file.replace(Arc::new(file)) {
            super::sync::retire(old);
            writer.last_sync = Some(now);
        }
        (writer.incr_size, writer.synced_size) = (0, 0);
        if let Some(manifest) = manifest {
            self.shared.persistence.aof.manifest = manifest;
        }
        Ok(())
    }

    /// Deletes the files that a younger base has replaced.
    pub fn delete_history(&mut self) {
        if self.shared.config.persistence.aof_disable_auto_gc
            || self.shared.persistence.aof.manifest.history.is_empty()
        {
            return;
        }
        let mut manifest = std::mem::take(&mut self.shared.persistence.aof.manifest);
        let is_durable = self.write_manifest(&mut manifest).is_ok() && !manifest.dirty;
        self.shared.persistence.aof.manifest = manifest;
        if !is_durable {
            // The old files are still needed; the next rewrite comes back to them.
            return;
        }
        for file in std::mem::take(&mut self.shared.persistence.aof.manifest.history) {
            log_notice!("Removing the history file {} in the background", file.path().display());
            self.remove_file(&self.aof_path(file.path()));
        }
        let mut manifest = std::mem::take(&mut self.shared.persistence.aof.manifest);
        manifest.dirty = true;
        // A failure is logged; the files are named again when the manifest is written next time.
        let _ = self.write_manifest(&mut manifest);
        self.shared.persistence.aof.manifest = manifest;
    }

    /// Removes a file; its blocks are given back in the background.
    pub(super) fn remove_file(&self, path: &Path) {
        if let Some(file) = unlink(path) {
            self.shared.reaper.free(Garbage::File(file));
        }
    }

    /// The size of a file in the directory.
    pub(super) fn aof_file_size(&mut self, name: &Path) -> io::Result<u64> {
        let started = Instant::now();
        let size = fs::metadata(self.aof_path(name)).map(|metadata| metadata.len());
        if let Err(error) = &size {
            log_warning!("Unable to obtain the AOF file {} length. stat: {}", name.display(), os_text(error));
        }
        self.note_latency("aof-fstat", started.elapsed().as_nanos() as u64);
        size
    }

    /// Begins or ends to gather the log of commands for the file.
    pub(super) fn feed_aof(&mut self, is_open: bool) {
        self.state.journal.aof.is_open = is_open;
        self.state.journal.aof.forget_selected();
        self.listen_to_journal();
    }
}

impl Aof {
    /// Whether the old single file of this name is to be taken over: nothing has replaced it yet.
    pub(super) fn may_upgrade(&self, name: &[u8], directory: &Path) -> bool {
        let manifest = &self.manifest;
        let half_done = manifest.base.as_ref().is_some_and(|base| {
            manifest.incr.is_empty() && base.name == name && !directory.join(base.path()).exists()
        });
        !directory.is_dir() || manifest.is_empty() || half_done
    }
}

/// A new empty file. Every write goes to its end, wherever that is after a failure was undone.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).custom_flags(libc::O_TRUNC).mode(0o644).open(path)
}
