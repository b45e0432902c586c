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
//! memory while they run and written before any reply leaves ([`flush`], [`writer`]); the disk gets them at once, once
//! a second ([`sync`]), or when the kernel likes. The names of files and their roles are in the manifest ([`files`]). A child
//! writes a new base now and then ([`rewrite`]).

pub mod check;
mod files;
mod flush;
mod load;
mod rewrite;
mod switch;
mod sync;
mod writer;

pub use load::{LoadOutcome, at_start};
pub use rewrite::Started;

use crate::commands::info::Text;
use crate::persistence::Purpose;
use crate::server::Server;
use ochre_engine::command::Error;
use ochre_persistence::aof::Manifest;
use parking_lot::Mutex;
use rewrite::Rewrites;
use std::sync::Arc;
use writer::{Health, Writer};

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
    /// Bytes of base and increments when the last rewrite ended.
    base_size: u64,
    rewrites: Rewrites,
    health: Arc<Health>,
    /// The file, for whoever writes. In the shared mode no other lock but the inbox's is taken beside it.
    pub writer: Mutex<Writer>,
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

    #[inline]
    fn error(&self) -> Option<i32> {
        if self.state == State::Off {
            return None;
        }
        self.health.write_error().or_else(|| self.health.sync_error())
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
        self.writer.get_mut().delayed = 0;
    }
}

/// Writes the fields of INFO persistence.
pub fn write_info(server: &Server, text: &mut Text) {
    let (aof, children) = (&server.persistence.aof, &server.persistence.children);
    let now = server.lane.clock.tick();
    let word = |is_ok| if is_ok { "ok" } else { "err" };
    text.flag("aof_enabled", aof.is_on());
    text.flag("aof_rewrite_in_progress", children.active() == Some(Purpose::AofRewrite));
    text.flag("aof_rewrite_scheduled", aof.rewrites.scheduled);
    text.line("aof_last_rewrite_time_sec", aof.rewrites.last_seconds);
    text.line("aof_current_rewrite_time_sec", children.seconds(Purpose::AofRewrite, now));
    text.line("aof_last_bgrewrite_status", word(aof.rewrites.succeeded));
    text.line("aof_rewrites", aof.rewrites.started);
    text.line("aof_rewrites_consecutive_failures", aof.rewrites.failures);
    let has_failed = aof.health.write_error().or_else(|| aof.health.sync_error()).is_some();
    text.line("aof_last_write_status", word(!has_failed));
    text.line("aof_last_cow_size", children.cow_bytes(Purpose::AofRewrite));
}

/// Writes the fields that are only there with an append-only file.
pub fn write_more_info(server: &Server, text: &mut Text) {
    if !server.config.persistence.appendonly {
        return;
    }
    let aof = &server.persistence.aof;
    let writer = aof.writer.lock();
    text.line("aof_current_size", writer.size);
    text.line("aof_base_size", aof.base_size);
    text.flag("aof_pending_rewrite", aof.rewrites.scheduled);
    text.line("aof_buffer_length", server.journal.aof.bytes.len() + server.inbox.len());
    text.line("aof_pending_bio_fsync", writer.pending_syncs());
    text.line("aof_delayed_fsync", writer.delayed);
}

impl Server {
    fn has_child(&self) -> bool {
        self.persistence.children.active().is_some()
    }
}
