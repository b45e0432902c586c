//! Why the process ends before it serves its clients.

use crate::log_warning;

/// Why the process ends before it serves anybody.
#[derive(Debug)]
pub enum Abort {
    /// It did what it was called for.
    Done,
    /// It cannot go on; the log or the standard error says why.
    Failed,
}

/// A failure whose reason is logged.
pub fn failed(reason: impl std::fmt::Display) -> Abort {
    log_warning!("{reason}");
    Abort::Failed
}
