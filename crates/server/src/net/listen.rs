//! Listening sockets, with the options Redis sets.

use super::{Endpoint, Socket};
use mio::event::Source;
use mio::net::{TcpListener, UnixListener};
use mio::{Interest, Registry};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket as RawSocket, TcpKeepalive, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// A socket that accepts connections.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// Unix domain.
    Unix(UnixListener),
}

/// Listens on an address and port; a mark other than 0 is put on all packets (`SO_MARK`).
pub fn listen_tcp(ip: IpAddr, port: u16, backlog: i32, mark: u32) -> io::Result<Listener> {
    let address = SocketAddr::new(ip, port);
    let socket = RawSocket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if ip.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    if mark != 0
        && let Err(error) = socket.set_mark(mark)
    {
        crate::log_warning!("Cannot set the mark of a listening socket: {error}");
    }
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    Ok(Listener::Tcp(TcpListener::from_std(socket.into())))
}

/// Listens on a unix socket with these permissions (0 leaves them to the umask); an old one in its
/// place is removed.
pub fn listen_unix(path: &Path, backlog: i32, permissions: u32) -> io::Result<Listener> {
    let _ = std::fs::remove_file(path);
    let socket = RawSocket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    if permissions != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(permissions))?;
    }
    socket.listen(backlog)?;
    let std: std::os::unix::net::UnixListener = std::os::fd::OwnedFd::from(socket).into();
    Ok(Listener::Unix(UnixListener::from_std(std)))
}

impl Listener {
    /// Reports new connections as this endpoint.
    pub fn register(&mut self, registry: &Registry, endpoint: Endpoint) -> io::Result<()> {
        let token = endpoint.token();
        match self {
            Listener::Tcp(l) => l.register(registry, token, Interest::READABLE),
            Listener::Unix(l) => l.register(registry, token, Interest::READABLE),
        }
    }

    /// Stops reporting.
    pub fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Listener::Tcp(l) => l.deregister(registry),
            Listener::Unix(l) => l.deregister(registry),
        }
    }

    /// The next connection; keepalive in seconds, 0 for none.
    pub fn accept(&self, keepalive: u64) -> io::Result<Socket> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                let _ = stream.set_nodelay(true);
                if keepalive > 0 {
                    let third = Duration::from_secs((keepalive / 3).max(1));
                    let probes = TcpKeepalive::new()
                        .with_time(Duration::from_secs(keepalive))
                        .with_interval(third)
                        .with_retries(3);
                    let _ = SockRef::from(&stream).set_tcp_keepalive(&probes);
                }
                Ok(Socket::Tcp(stream))
            }
            Listener::Unix(listener) => Ok(Socket::Unix(listener.accept()?.0)),
        }
    }
}
