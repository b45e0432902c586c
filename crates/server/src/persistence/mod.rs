//! What keeps the data beyond the end of the process: snapshots, their loading, the children that write.

pub mod child;
mod report;

pub use child::{Children, Ended, Purpose, Reaped};
pub use report::Reporter;
