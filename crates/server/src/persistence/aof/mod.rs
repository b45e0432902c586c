//! The append-only file: written, flushed, rewritten, loaded.
//!
//! ```text
//!                       CONFIG SET appendonly yes
//!              Off ────────────────────────────────> Waiting (a rewrite makes the first base; what is done
//!               ^                                       │      meanwhile goes to a file of its own)
//!               │ appendonly no                         │ the rewrite is done
//!               └────────────────── On <────────────────┘
//! ```
//! What is written when decides what a power cut can take (aof.c: flushAppendOnlyFile): commands are gathered in
//! memory while they run and written before any reply leaves ([`flush`]); the disk gets them at once, once a second
//! ([`sync`]), or when the kernel likes. The names of files and their roles are in the manifest ([`files`]). A child
//! writes a new base now and then ([`rewrite`]).

pub mod check;
mod files;
mod flush;
mod load;
mod rewrite;
mod switch;
mod sync;

pub use load::{LoadOutcome, at_start};
pub use rewrite::Started;

use crate::commands::info::Text;
use crate::config::AppendFsync;
use crate::persistence::Purpose;
use crate::server::Server;
use ochre_engine::command::Error;
use ochre_persistence::aof::Manifest;
use rewrite::Rewrites;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;
use sync::SyncThread;

/// Whether there is an append-only file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// No.
    #[default]
    Off,
    /// It will be, as soon as its first base is written.
    Waiting,
    /// Yes.
    On,
}

/// The append-only file.
#[derive(Default)]
pub struct Aof {
    state: State,
    manifest: Manifest,
    /// The increment that is written.
    file: Option<Arc<File>>,
    /// Bytes of base and increments.
    size: u64,
    /// The same when the last rewrite ended.
    base_size: u64,
    /// Bytes of the increment that is written.
    incr_size: u64,
    /// Bytes of it that were handed to the disk.
    synced_size: u64,
    /// When that was, in seconds since 1970.
    last_sync: i64,
    /// Since when writing waits for the disk.
    postponed_since: Option<i64>,
    /// Times it did not wait any longer.
    delayed: u64,
    /// The system's number of the error that the last write ended with.
    write_error: Option<i32>,
    /// When a write error was logged last.
    error_logged: i64,
    thread: Option<SyncThread>,
    rewrites: Rewrites,
    /// A pause before each write, for tests.
    pub sleep: Duration,
}

impl Aof {
    /// Whether there is an append-only file, or will be.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.state != State::Off
    }

    /// Whether writes have to be refused: what they change could not be kept.
    #[inline]
    pub fn has_failed(&self) -> bool {
        self.error().is_some()
    }

    fn error(&self) -> Option<i32> {
        if self.state == State::Off {
            return None;
        }
        self.write_error.or_else(|| self.thread.as_ref().and_then(SyncThread::error))
    }

    /// The error for commands that write (server.c: writeCommandsGetDiskErrorMessage).
    pub fn refusal(&self) -> Option<Error> {
        let error = std::io::Error::from_raw_os_error(self.error()?);
        Some(Error::new(format!(
            "MISCONF Errors writing to the AOF file: {}",
            crate::config::os_text(&error)
        )))
    }

    /// Starts counting anew (CONFIG RESETSTAT).
    pub fn reset_counters(&mut self) {
        self.rewrites.started = 0;
        self.rewrites.failures = 0;
        self.delayed = 0;
    }

    fn pending_syncs(&self) -> usize {
        self.thread.as_ref().map_or(0, SyncThread::pending)
    }
}

/// Writes the fields of INFO persistence.
pub fn write_info(server: &Server, text: &mut Text) {
    let (aof, children) = (&server.persistence.aof, &server.persistence.children);
    let word = |is_ok| if is_ok { "ok" } else { "err" };
    text.flag("aof_enabled", aof.is_on());
    text.flag("aof_rewrite_in_progress", children.active() == Some(Purpose::AofRewrite));
    text.flag("aof_rewrite_scheduled", aof.rewrites.scheduled);
    text.line("aof_last_rewrite_time_sec", aof.rewrites.last_seconds);
    text.line("aof_current_rewrite_time_sec", children.seconds(Purpose::AofRewrite));
    text.line("aof_last_bgrewrite_status", word(aof.rewrites.succeeded));
    text.line("aof_rewrites", aof.rewrites.started);
    text.line("aof_rewrites_consecutive_failures", aof.rewrites.failures);
    let sync_error = aof.thread.as_ref().and_then(SyncThread::error);
    text.line("aof_last_write_status", word(aof.write_error.is_none() && sync_error.is_none()));
    text.line("aof_last_cow_size", children.cow_bytes(Purpose::AofRewrite));
}

/// Writes the fields that are only there with an append-only file.
pub fn write_more_info(server: &Server, text: &mut Text) {
    if !server.config.persistence.appendonly {
        return;
    }
    let aof = &server.persistence.aof;
    text.line("aof_current_size", aof.size);
    text.line("aof_base_size", aof.base_size);
    text.flag("aof_pending_rewrite", aof.rewrites.scheduled);
    text.line("aof_buffer_length", server.journal.aof.bytes.len());
    text.line("aof_pending_bio_fsync", aof.pending_syncs());
    text.line("aof_delayed_fsync", aof.delayed);
}

impl Server {
    /// The time in seconds since 1970, as of this turn of the loop.
    fn seconds(&self) -> i64 {
        self.now().0 / 1000
    }

    fn fsync_policy(&self) -> AppendFsync {
        self.config.persistence.appendfsync
    }

    fn has_child(&self) -> bool {
        self.persistence.children.active().is_some()
    }
}
