//! Flushes the append-only file to the disk on a thread of its own: that may take seconds, and nobody is to wait.

use crate::config::os_text;
use crate::log_warning;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// The thread, what it has to do, and how it went.
pub struct SyncThread {
    mailbox: Sender<Arc<File>>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    pending: AtomicUsize,
    /// The system's number of the last error, 0 if the last flush succeeded.
    errno: AtomicI32,
}

impl SyncThread {
    /// Starts the thread; it ends when this value is dropped.
    pub fn start() -> io::Result<SyncThread> {
        let (mailbox, work) = channel::<Arc<File>>();
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        thread::Builder::new().name("bio_aof_fsync".into()).spawn(move || {
            let _registered = crate::alloc::register_thread();
            for file in work {
                note(&theirs.errno, file.sync_data());
                drop(file);
                theirs.pending.fetch_sub(1, Ordering::Release);
            }
        })?;
        Ok(SyncThread { mailbox, shared })
    }

    /// Flushes what was written to the file so far.
    pub fn flush(&self, file: Arc<File>) {
        self.shared.pending.fetch_add(1, Ordering::Relaxed);
        if let Err(returned) = self.mailbox.send(file) {
            // Without its thread the file is flushed here: slow, but safe.
            note(&self.shared.errno, returned.0.sync_data());
            self.shared.pending.fetch_sub(1, Ordering::Release);
        }
    }

    /// Flushes that are not done yet.
    pub fn pending(&self) -> usize {
        self.shared.pending.load(Ordering::Acquire)
    }

    /// The system's number of the error that the last flush ended with.
    pub fn error(&self) -> Option<i32> {
        Some(self.shared.errno.load(Ordering::Relaxed)).filter(|errno| *errno != 0)
    }

    /// Forgets the error.
    pub fn forget_error(&self) {
        self.shared.errno.store(0, Ordering::Relaxed);
    }
}

fn note(errno: &AtomicI32, outcome: io::Result<()>) {
    let number = match &outcome {
        // Some files cannot be flushed, and need not be.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EBADF | libc::EINVAL)) => 0,
        Err(error) => error.raw_os_error().unwrap_or(libc::EIO),
        Ok(()) => 0,
    };
    let before = errno.swap(number, Ordering::Relaxed);
    if let Err(error) = outcome
        && before == 0
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
