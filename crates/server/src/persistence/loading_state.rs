//! How far a loading is, and what the last one brought.

use crate::clock::Tick;

/// A loading under way.
#[derive(Debug, Clone, Copy)]
pub struct Loading {
    /// When it began, in seconds since 1970.
    pub started: i64,
    /// The same by the counter.
    pub began: Tick,
    /// Size of the file.
    pub total_bytes: u64,
    /// Bytes read.
    pub loaded_bytes: u64,
    /// Bytes of memory the data took where it was saved.
    pub used_memory: u64,
}

/// What a loading brought.
#[derive(Debug, Clone, Copy, Default)]
pub struct LastLoad {
    /// Keys that are there now.
    pub keys: u64,
    /// Keys whose time had come.
    pub expired: u64,
}
