//! What is known of the append-only file.

use super::rewrite_state::Rewrites;
use super::writer::{Health, Writer};
use ochre_engine::command::Error;
use ochre_persistence::aof::Manifest;
use parking_lot::Mutex;
use std::sync::Arc;

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
    pub(in crate::persistence) state: State,
    pub(in crate::persistence) manifest: Manifest,
    /// Bytes of base and increments when the last rewrite ended.
    pub(in crate::persistence) base_size: u64,
    pub(in crate::persistence) rewrites: Rewrites,
    pub(in crate::persistence) health: Arc<Health>,
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
    pub(in crate::persistence) fn error(&self) -> Option<i32> {
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
