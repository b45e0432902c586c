//! Signals that end the server.
//!
//! ```text
//! SIGTERM, SIGINT --> Requested, a byte in a pipe --> the event loop wakes and logs; the cron ends
//! SIGINT again, before that --> temporary snapshot removed, exit 1 at once: the user insists
//! SIGHUP, SIGPIPE --> nothing
//! ```
//! Between the signal and the cron a client can still change its mind (SHUTDOWN ABORT).
//!
//! The handlers only set a flag and write to the pipe, because a handler may call few functions. At the second SIGINT the
//! handler removes a file whose name was prepared, writes one line and ends the process.
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

/// The signal that asked for the end, as long as the cron has not acted on it.
#[derive(Clone, Debug, Default)]
pub struct Requested(Arc<AtomicI32>);

impl Requested {
    /// The signal, if one has come.
    pub fn get(&self) -> Option<Ending> {
        match self.0.load(Ordering::Relaxed) {
            SIGTERM => Some(Ending::Terminate),
            SIGINT => Some(Ending::Interrupt),
            _ => None,
        }
    }

    /// Forgets the signal. True if there was one.
    pub fn clear(&self) -> bool {
        self.0.swap(0, Ordering::Relaxed) != 0
    }
}

/// The installed handlers, and the pipe by which they wake the event loop.
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
    /// Installs the handlers. They note the signal in `requested`. The second SIGINT removes the file
    /// `temporary`, whose path may be relative.
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
        // A flag that nobody reads: the signal does nothing, and programs that are started do not inherit that.
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

/// Ends the process from inside a handler, with status 1.
fn insist(temporary: &CString) {
    crash::write_line(b"You insist... exiting now.\n");
    // SAFETY: the path ends with a zero byte and lives for ever; both calls are allowed in a handler.
    unsafe {
        libc::unlink(temporary.as_ptr());
        libc::_exit(1);
    }
}
