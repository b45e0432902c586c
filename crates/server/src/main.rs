//! The `ochre-server` program.

use ochre_server::{alloc, startup};
use std::process::ExitCode;

fn main() -> ExitCode {
    let _registered = alloc::register_thread();
    match startup::run() {
        Ok(()) | Err(startup::Abort::Done) => ExitCode::SUCCESS,
        Err(startup::Abort::Failed) => ExitCode::FAILURE,
    }
}
