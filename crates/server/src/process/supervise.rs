//! Telling systemd or upstart that the server is ready.

use std::env;
use std::io;
use std::os::unix::net::UnixDatagram;

use crate::config::{Config, Supervised, os_text};

/// The supervisor of the process; `No` if there is none or the environment lacks its variables.
pub fn detect(config: &Config) -> Supervised {
    let mode = match config.process.supervised {
        Supervised::Auto if env::var_os("UPSTART_JOB").is_some() => {
            crate::log_verbose!("Upstart supervision detected.");
            Supervised::Upstart
        }
        Supervised::Auto if env::var_os("NOTIFY_SOCKET").is_some() => {
            crate::log_verbose!("Systemd supervision detected.");
            Supervised::Systemd
        }
        Supervised::Auto => Supervised::No,
        mode => mode,
    };
    match mode {
        Supervised::Upstart if env::var_os("UPSTART_JOB").is_none() => {
            crate::log_warning!("upstart supervision requested, but UPSTART_JOB not found!");
            Supervised::No
        }
        Supervised::Upstart => {
            crate::log_notice!("supervised by upstart, will stop to signal readiness.");
            // A failure leaves the process running, which is what matters.
            let _ = signal_hook::low_level::raise(signal_hook::consts::SIGSTOP);
            Supervised::Upstart
        }
        Supervised::Systemd if env::var_os("NOTIFY_SOCKET").is_none() => {
            crate::log_warning!(
                "systemd supervision requested or auto-detected, but NOTIFY_SOCKET not found!"
            );
            Supervised::No
        }
        Supervised::Systemd => {
            notify("STATUS=Ochre is loading...\n");
            crate::log_notice!(
                "Supervised by systemd. Please make sure you set appropriate values for TimeoutStartSec and \
                 TimeoutStopSec in your service unit."
            );
            Supervised::Systemd
        }
        mode => mode,
    }
}

/// Sends a message such as `READY=1\n` to systemd.
pub fn notify(message: &str) {
    if let Err(error) = send(message) {
        crate::log_warning!("systemd supervision error: sd_notify: {}", os_text(&error));
    }
}

fn send(message: &str) -> io::Result<()> {
    let Some(path) = env::var_os("NOTIFY_SOCKET") else { return Ok(()) };
    let socket = UnixDatagram::unbound()?;
    let sent = match path.as_encoded_bytes().strip_prefix(b"@") {
        Some(name) => {
            use std::os::linux::net::SocketAddrExt;
            let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
            socket.send_to_addr(message.as_bytes(), &address)
        }
        None => socket.send_to(message.as_bytes(), &path),
    };
    sent.map(drop)
}
