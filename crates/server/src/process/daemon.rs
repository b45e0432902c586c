//! Going to the background, and the file with the process id.
#![allow(unsafe_code)]

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::{ForkResult, dup2_stderr, dup2_stdin, dup2_stdout, fork, setsid};

use crate::config::{Config, os_text};

/// The pid file of a server in the background if the configuration names none.
const DEFAULT_PID_FILE: &str = "/var/run/redis.pid";

/// Leaves the terminal: the parent ends, the child goes on without it. No thread may run yet.
pub fn daemonize() -> io::Result<()> {
    // SAFETY: the process has one thread at this point of the start, so the child may go on with
    // everything: no lock can be held by a thread that does not exist in it.
    match unsafe { fork() }? {
        ForkResult::Parent { .. } => std::process::exit(0),
        ForkResult::Child => {}
    }
    setsid()?;
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    Ok(())
}

/// The path of the pid file, or `None` if none is wanted. The path is absolute, because the working directory may change.
pub fn pid_file(config: &Config, background: bool) -> Option<PathBuf> {
    let path = match (config.process.pidfile.is_empty(), background) {
        (false, _) => config.process.pidfile.path().to_owned(),
        (true, true) => DEFAULT_PID_FILE.into(),
        (true, false) => return None,
    };
    Some(std::path::absolute(&path).unwrap_or(path))
}

/// Writes the pid file.
pub fn write_pid_file(path: &Path) {
    if let Err(error) = fs::write(path, format!("{}\n", std::process::id())) {
        crate::log_warning!("Failed to write PID file: {}", os_text(&error));
    }
}

/// Removes the pid file at the end.
pub fn remove_pid_file(path: &Path) {
    crate::log_notice!("Removing the pid file.");
    // The file may be gone: a script that stops the server may have removed it.
    let _ = fs::remove_file(path);
}

/// The permission bits that new files are created without.
pub fn umask() -> u32 {
    use nix::sys::stat::{Mode, umask};
    // The only way to read the umask is to set it.
    let mask = umask(Mode::from_bits_truncate(0o777));
    umask(mask);
    mask.bits()
}
