//! AOF: the data set as a log of the commands that made it, in several files.
//!
//! ```text
//! appendonlydir/appendonly.aof.manifest         which files, in which order     [`Manifest`]
//!               appendonly.aof.3.base.rdb       all data at one moment: a snapshot ([`crate::rdb`]),
//!               appendonly.aof.3.base.aof       ... or commands                 [`rewrite`]
//!               appendonly.aof.4.incr.aof       what was done since             [`LogReader`]
//! ```
//! Before 7.0 there was one file, of commands, or of a snapshot with commands behind it; it becomes the base.
//! When the files are written and flushed is the server's business.

mod check;
mod manifest;
mod reader;
mod rewrite;

pub use check::{Checker, End, Verdict};
pub use manifest::{FileInfo, FileKind, Manifest, ManifestError};
pub use reader::{Commands, LogError, LogReader};
pub use rewrite::rewrite;
