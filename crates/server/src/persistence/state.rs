//! The state of persistence, and what it refuses.

use super::aof::Aof;
use super::children::Children;
use super::loading_state::{LastLoad, Loading};
use super::snapshot_state::Snapshots;
use crate::clock::Clock;
use crate::config;
use ochre_engine::command::Error;
use ochre_engine::command::flags::{Flags, LOADING, REFUSED_WITH_WRITES, WRITE};

/// The state of persistence.
pub struct Persistence {
    /// The child that writes, if there is one.
    pub children: Children,
    /// What is known of snapshots.
    pub snapshots: Snapshots,
    /// The loading under way, if there is one.
    pub loading: Option<Loading>,
    /// What the last loading brought.
    pub last_load: LastLoad,
    /// The append-only file.
    pub aof: Aof,
    /// Function libraries of the snapshot that was loaded: nobody can call them here, but they go into the next one.
    pub functions: Vec<Box<[u8]>>,
}

impl Persistence {
    /// Nothing saved, nothing loaded.
    pub fn new(clock: &Clock) -> Persistence {
        Persistence {
            children: Children::default(),
            snapshots: Snapshots::new(clock),
            loading: None,
            last_load: LastLoad::default(),
            aof: Aof::default(),
            functions: Vec::new(),
        }
    }

    /// Whether a data set is being loaded.
    pub fn is_loading(&self) -> bool {
        self.loading.is_some()
    }

    /// Whether some commands may have to be refused: the one test for all others.
    #[inline]
    pub fn restricts(&self) -> bool {
        self.loading.is_some() || !self.snapshots.succeeded || self.aof.has_failed()
    }

    /// Starts counting anew (CONFIG RESETSTAT).
    pub fn reset_counters(&mut self) {
        self.children.reset_counters();
        self.snapshots.saves = 0;
        self.aof.reset_counters();
    }

    /// The error for a command that would change data which cannot be made durable (server.c:
    /// writeCommandsDeniedByDiskError), or that is refused with such ones. `flags` are those of the command,
    /// and of what EXEC would run.
    #[cold]
    pub fn refuse_unsafe_write(&self, config: &config::Persistence, flags: Flags) -> Result<(), Error> {
        const UNABLE_TO_SAVE: Error = Error::fixed(
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to \
             disk. Commands that may modify the data set are disabled, because this instance is configured \
             to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). \
             Please check the Redis logs for details about the RDB error.",
        );
        let unable =
            !self.snapshots.succeeded && config.stop_writes_on_bgsave_error && !config.save.0.is_empty();
        let refusal = if unable { Some(UNABLE_TO_SAVE) } else { self.aof.refusal() };
        refusal.filter(|_| flags & (WRITE | REFUSED_WITH_WRITES) != 0).map_or(Ok(()), Err)
    }

    /// The error for a command that has to wait until all data is there. `common` are the flags that
    /// the command and everything EXEC would run have in common.
    #[cold]
    pub fn refuse_while_loading(&self, common: Flags) -> Result<(), Error> {
        if self.is_loading() && common & LOADING == 0 { Err(IS_LOADING) } else { Ok(()) }
    }
}

/// The error for commands that need all data.
pub const IS_LOADING: Error = Error::fixed("LOADING Redis is loading the dataset in memory");
