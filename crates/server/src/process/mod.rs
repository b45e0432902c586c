//! The process: what it does with the operating system besides sockets and data.
//!
//! Start-up in order: [`about`] answers `--version` and `--help`; [`kernel`] warns of settings that
//! hurt; [`supervise`] finds out who watches us; [`daemon`] goes to the background and writes the
//! pid file; [`limits`] makes room for connections; [`title`] names the process; [`signals`] tells
//! the event loop when to end, [`crash`] leaves a line in the log when the process dies, and [`watchdog`] one when
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
