//! Exclusive commands beside multi-key load: the latency of simple commands meanwhile, and whether all clients
//! make progress.
//!
//! ```text
//! multi      MSET, MGET, RENAME, LMOVE, SINTERSTORE, transactions on known keys ╮
//! batches    64 MGETs of 8 keys at once                                          ├─ paced: a call every so often,
//! exclusive  FLUSHDB elsewhere, CONFIG SET, EXEC with unknown keys, INFO, ...    │  none to catch up on
//! measure    SET, GET, INCR on keys of their own; each reply is timed          ╯
//! ```
//! *The load is paced* because latency says something about the server only where processors are free: a
//! closed loop fills them by itself, and then everybody waits for the scheduler. The rates of [`Load::usual`]
//! take less than 60 % of two processors, clients included; the report
//! has the actual percentage, and the time by which the measuring clients themselves were woken too late, which the
//! machine adds to every figure.
//!
//! *Replies are checked*: a group of keys that is only ever set as a whole reads as one; elements that move
//! between lists are all there at the end. A client that gets no reply within 30 seconds panics: a deadlock.

pub mod contend;
pub mod cpu;
pub mod load;
pub mod report;

pub use contend::{Progress, contend};
pub use load::{Load, run};
pub use report::{Latencies, Report};
