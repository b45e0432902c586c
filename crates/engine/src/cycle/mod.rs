//! Work that nobody asks for: keys whose time has come, and keys that have to make room.
//!
//! Both are driven by the server, which owns the clock: it says how long a cycle may take. They work on a view of the
//! keys that goes from shard to shard: straight in the exclusive mode, with one lock at a time in the shared one. A
//! key goes while its shard is held, and what that reports is taken before the shard is let go.

pub mod evict;
pub mod expire;
#[cfg(test)]
mod tests;

pub use evict::EvictionPool;
pub use expire::{CycleEnd, CycleHost, ExpireCycle, Pace, Slice};
