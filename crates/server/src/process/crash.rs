//! A last line in the log when the process dies of an invalid access or of an abort.
//!
//! A signal handler may call few functions. This one opens the log by a path prepared beforehand, writes a text prepared
//! beforehand, and raises the signal again with its default action, so that a core file is written as usual.
#![allow(unsafe_code)]

use crate::config::Config;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// The signals of a crash, with the text to write.
const SIGNALS: [(Signal, &str); 5] = [
    (Signal::SIGSEGV, "crashed by signal: 11, invalid access to memory"),
    (Signal::SIGBUS, "crashed by signal: 7, invalid address"),
    (Signal::SIGFPE, "crashed by signal: 8, invalid arithmetic"),
    (Signal::SIGILL, "crashed by signal: 4, invalid instruction"),
    (Signal::SIGABRT, "crashed by signal: 6, abort"),
];

/// The path and the texts for the handler, prepared beforehand.
struct Prepared {
    /// The log; `None` is the standard output.
    path: Option<CString>,
    /// A text for each of [`SIGNALS`].
    texts: Vec<Vec<u8>>,
}

static PREPARED: OnceLock<Prepared> = OnceLock::new();
static ENABLED: AtomicBool = AtomicBool::new(false);

/// Installs the handlers, or removes them, as `crash-log-enabled` says.
pub fn configure(config: &Config) {
    PREPARED.get_or_init(|| {
        warm_up();
        prepare(config)
    });
    let enabled = config.process.crash_log_enabled;
    if ENABLED.swap(enabled, Ordering::Relaxed) == enabled {
        return;
    }
    let handler = if enabled { SigHandler::Handler(on_crash) } else { SigHandler::SigDfl };
    let flags = SaFlags::SA_NODEFER | SaFlags::SA_RESETHAND;
    let action = SigAction::new(handler, flags, SigSet::empty());
    for (signal, _) in SIGNALS {
        // SAFETY: the handler only uses what a handler may: atomics, a value that is set before it
        // is installed and never changes, and the calls open, write and raise.
        if let Err(error) = unsafe { sigaction(signal, &action) } {
            crate::log_warning!("Cannot install the handler of {signal:?}: {error}");
        }
    }
}

fn prepare(config: &Config) -> Prepared {
    let logfile = &config.process.logfile;
    let path = (!logfile.is_empty()).then(|| {
        let path = std::path::absolute(logfile.path()).unwrap_or_else(|_| logfile.path().to_owned());
        CString::new(path.as_os_str().as_bytes()).unwrap_or_default()
    });
    let version = super::about::OCHRE_VERSION;
    let texts = SIGNALS
        .iter()
        .map(|(_, text)| {
            format!("\n=== OCHRE BUG REPORT START ===\nOchre {version} {text}\n\n------ STACK TRACE ------\n")
                .into_bytes()
        })
        .collect();
    Prepared { path, texts }
}

extern "C" fn on_crash(number: i32) {
    if let Some(prepared) = PREPARED.get() {
        let at = SIGNALS.iter().position(|(signal, _)| *signal as i32 == number);
        if let Some(text) = at.and_then(|at| prepared.texts.get(at)) {
            write_trace(text, END);
        }
    }
    // SAFETY: the handler was reset when it was entered, so this ends the process.
    unsafe { libc::raise(number) };
}

/// Writes a line into the log, from inside the handler of a signal.
pub fn write_line(text: &[u8]) {
    let path = PREPARED.get().and_then(|prepared| prepared.path.as_ref());
    let flags = libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT;
    let mut digits = itoa::Buffer::new();
    let pid = digits.format(std::process::id()).as_bytes();
    // SAFETY: as in `write_trace`; formatting a number needs nothing but the stack.
    unsafe {
        let fd = path.map_or(libc::STDOUT_FILENO, |path| libc::open(path.as_ptr(), flags, 0o644));
        if fd >= 0 {
            for part in [pid, b":signal-handler ", text] {
                libc::write(fd, part.as_ptr().cast(), part.len());
            }
        }
    }
}

/// The end of the report.
const END: &[u8] = b"=== OCHRE BUG REPORT END ===\n";

/// Calls on the stack that are shown.
const MAX_CALLS: usize = 64;

/// Writes a text, the calls on the stack and another text into the log, from inside the handler of a signal.
pub fn write_trace(text: &[u8], end: &[u8]) {
    let path = PREPARED.get().and_then(|prepared| prepared.path.as_ref());
    let flags = libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT;
    let mut calls = [std::ptr::null_mut(); MAX_CALLS];
    // SAFETY: the path ends with a zero byte and lives for ever; the slices and the array are valid.
    // open and write may be called in a handler, and so may backtrace, as `configure` has called it
    // before (backtrace(3): it allocates only when it is called for the first time).
    unsafe {
        let fd = path.map_or(libc::STDOUT_FILENO, |path| libc::open(path.as_ptr(), flags, 0o644));
        if fd >= 0 {
            libc::write(fd, text.as_ptr().cast(), text.len());
            let count = libc::backtrace(calls.as_mut_ptr(), MAX_CALLS as i32);
            libc::backtrace_symbols_fd(calls.as_ptr(), count, fd);
            libc::write(fd, end.as_ptr().cast(), end.len());
        }
    }
}

/// Lets libc load what it needs to walk the stack.
fn warm_up() {
    let mut calls = [std::ptr::null_mut(); 1];
    // SAFETY: the array has one element, and one is asked for.
    unsafe { libc::backtrace(calls.as_mut_ptr(), 1) };
}
