//! What Ochre writes to disk and reads from it: snapshots (RDB), the log of commands (AOF), and
//! the payloads of DUMP and RESTORE, all in Redis's formats.
//!
//! The codecs work on `Read`, `Write` and `WorldView`: they open no files, ask for no time and start
//! no threads. Whatever they read is taken for hostile until it was checked: no input panics, and
//! declared lengths are compared with what is there before memory is taken for them.

pub mod aof;
pub mod commands;
pub mod rdb;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
