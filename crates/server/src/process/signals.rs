//! Signals that end the server.
//!
//! ```text
//! SIGTERM, SIGINT --> Requested, a byte in a pipe --> the event loop wakes and logs; the cron ends
//! SIGINT again, before that --> temporary snapshot removed, exit 1 at once: somebody insists
//! SIGHUP, SIGPIPE --> nothing
//! ```
//! Between the signal and the cron a client can still change its mind (SHUTDOWN ABORT).
//!
//! The handlers only set a flag and write to the pipe, which is all a handler may do; the one that
//! insists removes a file whose name was prepared, writes one line and ends the process.
#![allow(unsafe_code)]

use mio::net::UnixStream;
use std::ffi::CString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use super::crash;
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM};
use signal_hook::{flag, low_level};

/// The signal that asked for the end and was not acted upon yet.
#[derive(Clone, Debug, Default)]
pub struct Requested(Arc<AtomicI32>);

impl Requested {
    /// The signal, if one came.
    pub fn get(&self) -> Option<Ending> {
        match self.0.load(Ordering::Relaxed) {
            SIGTERM => Some(Ending::Terminate),
            SIGINT => Some(Ending::Interrupt),
            _ => None,
        }
    }

    /// Forgets it; true if there was one.
    pub fn clear(&self) -> bool {
        self.0.swap(0, Ordering::Relaxed) != 0
    }
}

/// Wakes the event loop when a signal came.
pub struct Signals {
    pipe: UnixStream,
}

/// A signal that asks for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// SIGTERM.
    Terminate,
    /// SIGINT.
    Interrupt,
}

impl Ending {
    /// The line to log.
    pub fn message(self) -> &'static str {
        match self {
            Ending::Terminate => "Received SIGTERM scheduling shutdown...",
            Ending::Interrupt => "Received SIGINT scheduling shutdown...",
        }
    }
}

impl Signals {
    /// Installs the handlers. They note the signal in `requested`; one that insists removes the file
    /// `temporary`, a path that may be relative.
    pub fn install(requested: &Requested, temporary: &Path) -> io::Result<Signals> {
        let (pipe, written) = std::os::unix::net::UnixStream::pair()?;
        pipe.set_nonblocking(true)?;
        let signals = Signals { pipe: UnixStream::from_std(pipe) };
        let temporary = CString::new(temporary.as_os_str().as_bytes())?;
        let (on_interrupt, on_terminate) = (Arc::clone(&requested.0), Arc::clone(&requested.0));
        let interrupt = move || {
            if on_interrupt.swap(SIGINT, Ordering::Relaxed) != 0 {
                insist(&temporary);
            }
        };
        let terminate = move || on_terminate.store(SIGTERM, Ordering::Relaxed);
        // SAFETY: both actions only change an atomic and, to end the process, call what a handler may
        // call (see `insist`). They own what they use.
        unsafe {
            low_level::register(SIGINT, interrupt)?;
            low_level::register(SIGTERM, terminate)?;
        }
        low_level::pipe::register(SIGINT, written.try_clone()?)?;
        low_level::pipe::register(SIGTERM, written)?;
        // A flag nobody reads: the signal does nothing, and children do not inherit that.
        flag::register(SIGHUP, Arc::default())?;
        flag::register(SIGPIPE, Arc::default())?;
        Ok(signals)
    }

    /// The end of the pipe that the event loop waits for.
    pub fn source(&mut self) -> &mut UnixStream {
        &mut self.pipe
    }

    /// Empties the pipe, so that the next signal wakes the event loop again.
    pub fn drain(&mut self) {
        let mut bytes = [0; 64];
        while self.pipe.read(&mut bytes).is_ok_and(|count| count == bytes.len()) {}
    }
}

/// Ends the process inside a handler.
fn insist(temporary: &CString) {
    crash::write_line(b"You insist... exiting now.\n");
    // SAFETY: the path ends with a zero byte and lives for ever; both calls are allowed in a handler.
    unsafe {
        libc::unlink(temporary.as_ptr());
        libc::_exit(1);
    }
}
