//! The `ochre-server` program.

mod config;
mod log;
mod process;

fn main() {}
