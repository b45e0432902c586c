//! A connection's socket: TCP or unix, behind one type.

use super::Endpoint;
use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry};
use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;

/// A connected, non-blocking socket.
#[derive(Debug)]
pub enum Socket {
    /// TCP.
    Tcp(TcpStream),
    /// Unix domain.
    Unix(UnixStream),
}

impl Socket {
    /// Both directions, reported as this endpoint when they change.
    pub fn register(&mut self, registry: &Registry, endpoint: Endpoint) -> io::Result<()> {
        let token = endpoint.token();
        let both = Interest::READABLE | Interest::WRITABLE;
        match self {
            Socket::Tcp(s) => s.register(registry, token, both),
            Socket::Unix(s) => s.register(registry, token, both),
        }
    }

    /// No longer reported.
    pub fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Socket::Tcp(s) => s.deregister(registry),
            Socket::Unix(s) => s.deregister(registry),
        }
    }

    /// Ends the connection for every process that has the socket.
    pub fn shut_down(&self) {
        // The other side may have ended it already.
        let _ = match self {
            Socket::Tcp(s) => s.shutdown(Shutdown::Both),
            Socket::Unix(s) => s.shutdown(Shutdown::Both),
        };
    }

    /// Its number in this process, as CLIENT LIST shows it.
    pub fn number(&self) -> i32 {
        match self {
            Socket::Tcp(s) => s.as_raw_fd(),
            Socket::Unix(s) => s.as_raw_fd(),
        }
    }

    /// Whether the other side is on this machine.
    pub fn is_local(&self) -> bool {
        match self {
            Socket::Tcp(s) => s.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback()),
            Socket::Unix(_) => true,
        }
    }

    /// The other side as CLIENT LIST shows it; unix sockets have no name, so their path is passed.
    pub fn peer_text(&self, unix_path: &str) -> String {
        match self {
            Socket::Tcp(s) => s.peer_addr().map_or_else(|_| "?:0".to_owned(), |a| address_text(&a)),
            Socket::Unix(_) => format!("{unix_path}:0"),
        }
    }

    /// This side as CLIENT LIST shows it.
    pub fn local_text(&self, unix_path: &str) -> String {
        match self {
            Socket::Tcp(s) => s.local_addr().map_or_else(|_| "?:0".to_owned(), |a| address_text(&a)),
            Socket::Unix(_) => format!("{unix_path}:0"),
        }
    }

    /// Writes some of the slices.
    pub fn write_slices(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, slices) {
            (Socket::Tcp(s), [one]) => s.write(one),
            (Socket::Tcp(s), many) => s.write_vectored(many),
            (Socket::Unix(s), many) => s.write_vectored(many),
        }
    }
}

/// `127.0.0.1:6379`, `[::1]:6379`: Redis brackets IPv6 addresses.
fn address_text(address: &std::net::SocketAddr) -> String {
    match address {
        std::net::SocketAddr::V6(a) => match a.ip().to_ipv4_mapped() {
            Some(v4) => format!("{v4}:{}", a.port()),
            None => format!("[{}]:{}", a.ip(), a.port()),
        },
        v4 => v4.to_string(),
    }
}

impl Read for Socket {
    #[inline]
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(s) => s.read(buf),
            Socket::Unix(s) => s.read(buf),
        }
    }
}
