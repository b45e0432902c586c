//! Latency: a histogram of durations for each command, and samples of slow events.

mod histogram;
mod monitor;
mod note;
mod report;

pub use histogram::{Distribution, Histogram};
pub use monitor::{Monitor, Sample, Series};
pub use note::Notes;
pub use report::{doctor, graph};
