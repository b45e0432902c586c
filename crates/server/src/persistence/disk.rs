//! Files that appear whole or not at all: written under a name of their own, forced to the disk, and
//! only then given the name under which they are looked for.
//!
//! A large file is handed to the disk step by step while it grows, so that the end does not have to
//! wait for all of it, nor the file system stall everybody else meanwhile (rio.c, rioFileWrite):
//!
//! ```text
//! | on the disk, waited for | on its way | still in memory, up to STEP |
//! ```
#![allow(unsafe_code)]

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::Path;

/// Bytes after which a growing file is handed to the disk (Redis: REDIS_AUTOSYNC_BYTES).
const STEP: u64 = 4 << 20;

/// A file being written.
pub struct GrowingFile {
    file: File,
    written: u64,
    /// Up to where it was handed to the disk.
    handed: u64,
    stepwise: bool,
}

impl GrowingFile {
    /// A new file of this name, which replaces one that is there. `stepwise`: see above.
    pub fn create(path: &Path, stepwise: bool) -> io::Result<GrowingFile> {
        Ok(GrowingFile { file: File::create(path)?, written: 0, handed: 0, stepwise })
    }

    /// Waits until everything is on the disk. Unless `keep_cached` it need not stay in memory: nobody
    /// will read it soon.
    pub fn finish(self, keep_cached: bool) -> io::Result<()> {
        self.file.sync_all()?;
        if !keep_cached {
            // Only advice.
            let _ = posix_fadvise(&self.file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
        }
        Ok(())
    }

    #[cold]
    fn hand_over(&mut self) -> io::Result<()> {
        let (start, length) = (self.handed, self.written - self.handed);
        sync_range(&self.file, start, length, libc::SYNC_FILE_RANGE_WRITE)?;
        if start > 0 {
            // Waiting for what was handed over last time keeps the disk's queue short.
            let all = libc::SYNC_FILE_RANGE_WAIT_BEFORE
                | libc::SYNC_FILE_RANGE_WRITE
                | libc::SYNC_FILE_RANGE_WAIT_AFTER;
            sync_range(&self.file, start.saturating_sub(STEP), STEP.min(start), all)?;
        }
        self.handed = self.written;
        Ok(())
    }
}

impl Write for GrowingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.written += count as u64;
        if self.stepwise && self.written - self.handed >= STEP {
            self.hand_over()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hands a part of a file to the disk. An error of the disk is told only once, so that a sync at the end
/// would not hear of it any more.
fn sync_range(file: &File, start: u64, length: u64, flags: u32) -> io::Result<()> {
    // SAFETY: the call takes numbers only, and the descriptor is open as long as the file lives.
    let outcome = unsafe { libc::sync_file_range(file.as_raw_fd(), start as i64, length as i64, flags) };
    match (outcome, io::Error::last_os_error()) {
        // Some file systems cannot do this in parts; the sync at the end does all of it then.
        (-1, error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL | libc::ESPIPE)) => {
            Ok(())
        }
        (-1, error) => Err(error),
        _ => Ok(()),
    }
}

/// Makes sure that the names in the directory of this file are on the disk.
pub fn sync_directory_of(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    match File::open(directory)?.sync_all() {
        // Some file systems do not know this, and do not need it.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EBADF | libc::EINVAL)) => Ok(()),
        other => other,
    }
}

/// Removes a file. It is opened first and returned, so that its blocks can be given back elsewhere
/// (on another thread): for a large file that takes a while.
pub fn unlink(path: &Path) -> Option<File> {
    let file = File::open(path).ok();
    // It may be gone already, or never have been there.
    let _ = fs::remove_file(path);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("ochre-disk-{}-{name}", std::process::id()))
    }

    #[test]
    fn a_file_holds_what_was_written_however_it_is_handed_over() {
        for stepwise in [false, true] {
            let path = scratch("steps");
            let mut file = GrowingFile::create(&path, stepwise).unwrap();
            let piece = vec![7; 300_000];
            for _ in 0..50 {
                file.write_all(&piece).unwrap();
            }
            file.finish(!stepwise).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().len(), 50 * 300_000);
            sync_directory_of(&path).unwrap();
            assert!(unlink(&path).is_some());
            assert!(unlink(&path).is_none());
        }
    }
}
