//! DEBUG subcommands on the process: sleep, log, and ways to die.

use super::switch;
use crate::exec::ServerCall;
use ochre_engine::command::*;
use ochre_engine::text::parse_f64;
use std::time::Duration;

pub(super) fn sleep(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let seconds =
        parse_f64(args.get(0)).filter(|seconds| seconds.is_finite() && *seconds >= 0.0).unwrap_or(0.0);
    std::thread::sleep(Duration::from_secs_f64(seconds.min(1e9)));
    call.reply().ok();
    Ok(())
}

pub(super) fn log(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    crate::log_warning!("DEBUG LOG: {}", String::from_utf8_lossy(args.get(0)));
    call.reply().ok();
    Ok(())
}

pub(super) fn leak(call: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    Vec::leak(args.get(0).to_vec());
    call.reply().ok();
    Ok(())
}

/// Crashes on purpose, for a client that may use DEBUG.
pub(super) fn panic(call: &mut ServerCall<'_>, _: Args<'_>) -> Outcome {
    crate::log_warning!("DEBUG PANIC called at Unix time {}", call.scope.now().0 / 1000);
    std::process::abort()
}

pub(super) fn assert(_: &mut ServerCall<'_>, _: Args<'_>) -> Outcome {
    crate::log_warning!("=== ASSERTION FAILED === by DEBUG ASSERT");
    std::process::abort()
}

pub(super) fn segfault(_: &mut ServerCall<'_>, args: Args<'_>) -> Outcome {
    let signal = if args.is_empty() { signal_hook::consts::SIGSEGV } else { switch(args.get(0)) as i32 };
    // If the signal cannot be raised, the process ends all the same.
    let _ = signal_hook::low_level::raise(signal);
    std::process::abort()
}
