//! The process and the operating system, besides sockets and data.
//!
//! In the order of the start: [`about`] answers `--version` and `--help`; [`kernel`] warns of settings that
//! hurt; [`supervise`] finds the supervisor; [`daemon`] goes to the background and writes the
//! pid file; [`limits`] raises the limit of open files; [`title`] names the process; [`signals`] tells
//! the event loop when to end; [`crash`] writes a line to the log when the process dies, and [`watchdog`] one when
//! it stalls.

mod abort;
pub mod about;
pub mod crash;
pub mod daemon;
mod identity;
pub mod kernel;
pub mod limits;
pub mod signals;
pub mod supervise;
pub mod title;
pub mod watchdog;

pub use abort::{Abort, failed};
pub use identity::{Identity, random_id};
