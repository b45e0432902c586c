//! Linearizability: whatever several clients see at once, some order of their calls explains it.
//!
//! ```text
//! play:   clients call, in short rounds; each call with the time it was sent and answered
//! check:  is there an order that respects these times, and that the model answers the same in?
//! ```
//! A round ends with everybody waiting, and one client that reads all keys: so the next round starts from a
//! state that is known, and histories stay short enough for a search (Wing and Gong 1993, with Lowe's memory of
//! what was tried, 2017).

pub mod check;
pub mod model;
pub mod play;

pub use check::{Call, explains};
pub use model::{Op, State};
