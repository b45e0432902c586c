//! The sockets the server listens on: opened at the start, and again when `port` or `bind` change.
//!
//! The Unix socket has the first number, those of TCP follow: numbers are those of the [`Endpoint`]s.

use super::listen::{listen_tcp, listen_unix};
use super::{Endpoint, Listener};
use crate::config::{Config, os_text};
use mio::Registry;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};
use std::path::PathBuf;

/// All listening sockets.
#[derive(Debug, Default)]
pub struct Listening {
    /// Where they report; `None` before the event loop exists.
    registry: Option<Registry>,
    unix: Option<(Listener, PathBuf)>,
    tcp: Vec<Listener>,
}

/// A socket could not be opened; the log says why.
#[derive(Debug)]
pub struct CannotListen;

impl Listening {
    /// Nothing yet; sockets will report to this registry.
    pub fn new(registry: Registry) -> Listening {
        Listening { registry: Some(registry), ..Listening::default() }
    }

    /// The socket of this number.
    pub fn get(&self, number: usize) -> Option<&Listener> {
        match number {
            0 => self.unix.as_ref().map(|(listener, _)| listener),
            _ => self.tcp.get(number - 1),
        }
    }

    /// True if there is no socket at all.
    pub fn is_empty(&self) -> bool {
        self.unix.is_none() && self.tcp.is_empty()
    }

    /// Whether there is a Unix socket, and how many TCP sockets there are.
    pub fn kinds(&self) -> (bool, usize) {
        (self.unix.is_some(), self.tcp.len())
    }

    /// Closes the TCP sockets and opens those that the configuration asks for now.
    pub fn reopen_tcp(&mut self, config: &Config) -> Result<(), CannotListen> {
        self.close_tcp();
        let network = &config.network;
        if network.port == 0 {
            return Ok(());
        }
        for address in &network.bind.0 {
            let (name, optional) = match address.strip_prefix(b"-") {
                Some(name) => (name, true),
                None => (address.as_slice(), false),
            };
            match open(name, config) {
                Ok(listener) => self.add_tcp(listener),
                Err(error) => {
                    let (name, port) = (String::from_utf8_lossy(name), network.port);
                    crate::log_warning!(
                        "Warning: Could not create server TCP listening socket {name}:{port}: {}",
                        os_text(&error)
                    );
                    if !may_be_missing(&error, optional) {
                        self.close_tcp();
                        return Err(CannotListen);
                    }
                }
            }
        }
        Ok(())
    }

    /// Opens the Unix socket, if the configuration asks for one.
    pub fn open_unix(&mut self, config: &Config) -> Result<(), CannotListen> {
        let network = &config.network;
        if network.unix_socket.is_empty() {
            return Ok(());
        }
        let path = network.unix_socket.path();
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let opened = listen_unix(&path, network.tcp_backlog, network.unix_socket_perm);
        let mut listener = opened.map_err(|error| {
            crate::log_warning!("Failed opening Unix socket: bind: {}", os_text(&error));
            CannotListen
        })?;
        self.report(&mut listener, 0);
        self.unix = Some((listener, path));
        Ok(())
    }

    /// Closes everything, and removes the file of the Unix socket.
    pub fn close(&mut self) {
        self.close_tcp();
        if let Some((mut listener, path)) = self.unix.take() {
            self.forget(&mut listener);
            crate::log_notice!("Removing the unix socket file.");
            // Somebody else may have removed it.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Closes the sockets in a child, for which they are not meant: the server goes on listening, the
    /// file of the Unix socket stays, and the event loop, which both share, keeps its registrations.
    pub fn close_in_child(&mut self) {
        self.registry = None;
        self.tcp.clear();
        self.unix = None;
    }

    fn add_tcp(&mut self, mut listener: Listener) {
        self.report(&mut listener, self.tcp.len() + 1);
        self.tcp.push(listener);
    }

    fn close_tcp(&mut self) {
        for mut listener in std::mem::take(&mut self.tcp) {
            self.forget(&mut listener);
        }
    }

    fn report(&self, listener: &mut Listener, number: usize) {
        if let Some(registry) = &self.registry
            && let Err(error) = listener.register(registry, Endpoint::Listener(number))
        {
            crate::log_warning!("Unrecoverable error creating listener accept handler: {error}");
        }
    }

    fn forget(&self, listener: &mut Listener) {
        if let Some(registry) = &self.registry {
            // The socket is closed in any case, which ends its reports as well.
            let _ = listener.deregister(registry);
        }
    }
}

/// Opens one address of `bind`: `*`, `::*`, an address, or the name of a machine.
fn open(name: &[u8], config: &Config) -> io::Result<Listener> {
    let network = &config.network;
    let ip = match name {
        b"*" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        b"::*" => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        name => resolve(name)?,
    };
    listen_tcp(ip, network.port, network.tcp_backlog, network.socket_mark_id)
}

/// An IPv6 address if it holds a colon, else an IPv4 address or the name of one, as Redis reads it.
fn resolve(name: &[u8]) -> io::Result<IpAddr> {
    let name = String::from_utf8_lossy(name);
    let wants_v6 = name.contains(':');
    let mut found = (name.as_ref(), 0).to_socket_addrs()?.map(|address| address.ip());
    found
        .find(|ip| ip.is_ipv6() == wants_v6)
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "Name or service not known"))
}

/// Whether the server can do without this address: it was marked as optional, or its protocol is
/// not available at all.
fn may_be_missing(error: &io::Error, optional: bool) -> bool {
    let missing_protocol = [
        libc::ENOPROTOOPT,
        libc::EPROTONOSUPPORT,
        libc::ESOCKTNOSUPPORT,
        libc::EPFNOSUPPORT,
        libc::EAFNOSUPPORT,
    ];
    error
        .raw_os_error()
        .is_some_and(|code| missing_protocol.contains(&code) || (optional && code == libc::EADDRNOTAVAIL))
}
