//! Work that nobody asks for: keys whose time has come, and keys that have to make room.
//!
//! Both are driven by the server, which owns the clock: it says how long a cycle may take.

pub mod evict;
pub mod expire;
#[cfg(test)]
mod tests;

pub use evict::EvictionPool;
pub use expire::{ExpireCycle, Pace};
