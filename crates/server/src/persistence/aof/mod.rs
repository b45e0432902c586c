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
mod info;
mod load;
mod rewrite;
mod switch;
mod sync;
mod writer;

pub use info::{describe, describe_files};
pub use load::{LoadOutcome, at_start};
pub use rewrite::Started;

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

impl Server {
    fn has_child(&self) -> bool {
        self.shared.persistence.children.active().is_some()
    }
}
