//! Signals that end the server.
//!
//! ```text
//! SIGTERM, SIGINT --> a byte in a pipe --> the event loop wakes and shuts down in order
//! second SIGINT   --> exit 1 at once: somebody insists
//! SIGHUP, SIGPIPE --> nothing
//! ```
//!
//! The handlers only set flags and write to the pipe, which is all a handler may do.

use mio::net::UnixStream;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM};
use signal_hook::{flag, low_level};

/// The signals that have come.
pub struct Signals {
    pipe: UnixStream,
    terminate: Arc<AtomicBool>,
    interrupt: Arc<AtomicBool>,
    /// While set, a SIGINT ends the process at once.
    insist: Arc<AtomicBool>,
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
    /// Installs the handlers.
    pub fn install() -> io::Result<Signals> {
        let (pipe, written) = std::os::unix::net::UnixStream::pair()?;
        pipe.set_nonblocking(true)?;
        let pipe = UnixStream::from_std(pipe);
        let signals =
            Signals { pipe, terminate: Arc::default(), interrupt: Arc::default(), insist: Arc::default() };
        // Handlers of one signal run in the order they were registered: the first SIGINT finds
        // `insist` unset and sets it, the second one ends the process.
        flag::register_conditional_shutdown(SIGINT, 1, Arc::clone(&signals.insist))?;
        flag::register(SIGINT, Arc::clone(&signals.insist))?;
        flag::register(SIGINT, Arc::clone(&signals.interrupt))?;
        flag::register(SIGTERM, Arc::clone(&signals.terminate))?;
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

    /// The signal that came since the last call, if one did.
    pub fn take(&mut self) -> Option<Ending> {
        let mut bytes = [0; 64];
        while self.pipe.read(&mut bytes).is_ok_and(|count| count == bytes.len()) {}
        if self.interrupt.swap(false, Ordering::Relaxed) {
            return Some(Ending::Interrupt);
        }
        self.terminate.swap(false, Ordering::Relaxed).then_some(Ending::Terminate)
    }
}
