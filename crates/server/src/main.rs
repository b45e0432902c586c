//! The `ochre-server` program.

use ochre_server::{Abort, alloc, startup};
use std::process::ExitCode;

fn main() -> ExitCode {
    let _registered = alloc::register_thread();
    match startup::run() {
        Ok(()) | Err(Abort::Done) => ExitCode::SUCCESS,
        Err(Abort::Failed) => ExitCode::FAILURE,
    }
}
