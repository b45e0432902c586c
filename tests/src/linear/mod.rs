//! Linearizability: some order of the calls of several clients explains all that the clients see.
//!
//! ```text
//! play:   clients call, in short rounds; each call with the time it was sent and answered
//! check:  is there an order that respects these times, and that the model answers the same in?
//! ```
//! A round ends with everybody waiting, and one client that reads all keys: so the next round starts from a
//! state that is known, and histories stay short enough for a search (Wing and Gong 1993, with Lowe's memory of
//! states that were tried, 2017).
//!
//! Calls: GET SET INCR APPEND MSET MGET RENAME LPUSH LMOVE BLPOP SADD SINTERSTORE XADD XGROUP XREADGROUP (with
//! and without BLOCK) FLUSHDB, transactions of these, WATCH with a transaction in one piece or in two, one at a
//! time or up to three at once. Commands that look at one key after the other (SCAN, KEYS, DBSIZE, RANDOMKEY) are
//! no single point in time, here as little as the SCAN of Redis: they must find what was there all the time and
//! nothing that never was. *Not* seen: who of several waiting clients is served (`tests/blocking.rs`), and
//! EXEC that fails though nobody touched the watched key.
//!
//! Defects that it finds, each in a server changed for that, with four workers on two processors:
//!
//! | defect | found in round |
//! |---|---|
//! | MSET, MGET, RENAME let go of a shard before they take the next | 19, 14, 30 |
//! | SINTERSTORE, LMOVE let go of a shard before they take the next | 122, 304 |
//! | a write in the shared mode does not look for watchers and waiters | 9 |
//! | walks leave out every fourth shard | 3 |
//!
//! A round takes 10 to 40 ms. A lock that is not taken at all shows sooner under ThreadSanitizer (`make test-tsan`).

pub mod check;
pub mod model;
pub mod play;

pub use check::{Call, explains};
pub use model::{Op, State};
