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
mod rewrite_state;
mod state;
mod switch;
mod sync;
mod writer;

pub use info::{describe, describe_files};
pub use load::{LoadOutcome, at_start};
pub use rewrite::Started;
pub use state::{Aof, State};

use crate::server::Server;

impl Server {
    fn has_child(&self) -> bool {
        self.shared.persistence.children.active().is_some()
    }
}
