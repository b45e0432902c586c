//! The data of Ochre: keyspace, values, encodings, expiry, eviction and the commands on them.
//!
//! No I/O, no clock, no threads: time and randomness are arguments, effects are results.

pub mod bits;
pub mod encoding;
pub mod geo;
pub mod hyperloglog;
pub mod sorted;
pub mod stream;
pub mod table;
pub mod text;
