//! The watchdog (`watchdog-period`): a stall of the event loop leaves the stack of that moment in the log.
//!
//! Every run of the cron sets a timer of the process. If the next run comes too late, the signal of the timer
//! interrupts the code that takes so long. The kernel delivers such signals to the main thread as long as it accepts
//! them, and the main thread has the event loop of the first worker.
#![allow(unsafe_code)]

use super::crash;
use crate::log_warning;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// Starts, changes or stops the watchdog. A period below two runs of the cron is raised to that.
pub fn configure(period_ms: &mut i32, hz: u64) {
    let handler = if *period_ms > 0 { SigHandler::Handler(on_alarm) } else { SigHandler::SigIgn };
    if *period_ms > 0 {
        *period_ms = (*period_ms).max(i32::try_from(2 * (1000 / hz)).unwrap_or(i32::MAX));
    }
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler only does what `crash::write_trace` does, which is made for handlers.
    if let Err(error) = unsafe { sigaction(Signal::SIGALRM, &action) } {
        log_warning!("Cannot install the handler of the watchdog: {error}");
    }
    wind_up(*period_ms);
}

/// Has the signal sent after `period_ms` milliseconds; 0 is never.
pub fn wind_up(period_ms: i32) {
    let never = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let after =
        libc::timeval { tv_sec: (period_ms / 1000).into(), tv_usec: (period_ms % 1000 * 1000).into() };
    let timer = libc::itimerval { it_interval: never, it_value: after };
    // SAFETY: the structure lives during the call; the old value is not asked for.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
}

extern "C" fn on_alarm(_: i32) {
    crash::write_trace(b"\n--- WATCHDOG TIMER EXPIRED ---\n------ STACK TRACE ------\n", b"--------\n");
}
