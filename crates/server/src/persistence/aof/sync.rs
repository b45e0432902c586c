//! Flushes the append-only file to the disk on a thread of its own: that may take seconds, and nobody is to wait.

use super::writer::Health;
use crate::config::os_text;
use crate::log_warning;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// The thread, what it has to do, and how it went.
pub struct SyncThread {
    mailbox: Sender<Arc<File>>,
    pending: Arc<AtomicUsize>,
    health: Arc<Health>,
}

impl SyncThread {
    /// Starts the thread; it ends when this value is dropped.
    pub fn start(health: Arc<Health>) -> io::Result<SyncThread> {
        let (mailbox, work) = channel::<Arc<File>>();
        let pending = Arc::new(AtomicUsize::new(0));
        let theirs = (Arc::clone(&pending), Arc::clone(&health));
        thread::Builder::new().name("bio_aof_fsync".into()).spawn(move || {
            let _registered = crate::alloc::register_thread();
            let (pending, health) = theirs;
            for file in work {
                note(&health, file.sync_data());
                drop(file);
                pending.fetch_sub(1, Ordering::Release);
            }
        })?;
        Ok(SyncThread { mailbox, pending, health })
    }

    /// Flushes what was written to the file so far.
    pub fn flush(&self, file: Arc<File>) {
        self.pending.fetch_add(1, Ordering::Relaxed);
        if let Err(returned) = self.mailbox.send(file) {
            // Without its thread the file is flushed here: slow, but safe.
            note(&self.health, returned.0.sync_data());
            self.pending.fetch_sub(1, Ordering::Release);
        }
    }

    /// Flushes that are not done yet.
    pub fn pending(&self) -> usize {
        self.pending.load(Ordering::Acquire)
    }
}

fn note(health: &Health, outcome: io::Result<()>) {
    let number = match &outcome {
        // Some files cannot be flushed, and need not be.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EBADF | libc::EINVAL)) => 0,
        Err(error) => error.raw_os_error().unwrap_or(libc::EIO),
        Ok(()) => 0,
    };
    let failed_before = health.synced(number);
    if let Err(error) = outcome
        && !failed_before
        && number != 0
    {
        log_warning!("Fail to fsync the AOF file: {}", os_text(&error));
    }
}

/// Flushes and closes a file that is written no more, where nobody waits for it.
pub fn retire(file: Arc<File>) {
    let kept = Arc::clone(&file);
    let started = thread::Builder::new().name("bio_close_file".into()).spawn(move || {
        let _registered = crate::alloc::register_thread();
        sync_for_the_last_time(&file);
    });
    if started.is_err() {
        sync_for_the_last_time(&kept);
    }
}

/// The next base will make up for what a failure here may cost; until then the log says so (bio.c).
fn sync_for_the_last_time(file: &File) {
    if let Err(error) = file.sync_data() {
        log_warning!("Fail to fsync the AOF file: {}", os_text(&error));
    }
}
