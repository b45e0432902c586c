//! Connections to the servers that MIGRATE moves keys to. They are kept open for a while, because keys are moved one call
//! after another, and connecting takes longer than moving a small key.
//!
//! A connection is taken out while it is used and comes back only if it works.

use crate::clock::Tick;
use ochre_engine::text::integer::atoi;
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// The most connections that are kept, and the time without use after which one is closed (cluster.c:
/// MIGRATE_SOCKET_CACHE_ITEMS, MIGRATE_SOCKET_CACHE_TTL).
const MAX_KEPT: usize = 64;
const KEPT_UNUSED: Duration = Duration::from_secs(10);

/// The most bytes of a line of a reply; the rest is cut off.
const MAX_LINE: u64 = 64 * 1024;

/// A connection to another server.
pub struct Connection {
    stream: BufReader<TcpStream>,
    /// The database that is selected there; `None` if that is not known.
    pub db: Option<i64>,
    used_at: Tick,
}

/// The connections that are kept, by host and port as they were given.
#[derive(Default)]
pub struct Connections(HashMap<Vec<u8>, Connection>);

impl Connections {
    /// Number of connections kept.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The connection to a server, kept or new; nothing on it takes longer than `timeout`.
    pub fn take(&mut self, host: &[u8], port: &[u8], timeout: Duration) -> io::Result<Connection> {
        let connection = match self.0.remove(&name(host, port)) {
            Some(kept) => kept,
            None => Connection::open(host, port, timeout)?,
        };
        connection.stream.get_ref().set_read_timeout(Some(timeout))?;
        connection.stream.get_ref().set_write_timeout(Some(timeout))?;
        Ok(connection)
    }

    /// Keeps a connection that works for the next time.
    pub fn keep(&mut self, host: &[u8], port: &[u8], mut connection: Connection, now: Tick) {
        if self.0.len() >= MAX_KEPT
            && let Some(oldest) =
                self.0.iter().min_by_key(|(_, kept)| kept.used_at).map(|(name, _)| name.clone())
        {
            self.0.remove(&oldest);
        }
        connection.used_at = now;
        self.0.insert(name(host, port), connection);
    }

    /// Closes what was not used for a while; called once a second.
    pub fn close_unused(&mut self, now: Tick) {
        self.0.retain(|_, kept| now.since(kept.used_at) <= KEPT_UNUSED);
    }
}

impl Connection {
    fn open(host: &[u8], port: &[u8], timeout: Duration) -> io::Result<Connection> {
        let unknown = || io::Error::new(io::ErrorKind::InvalidInput, "no such server");
        let host = std::str::from_utf8(host).map_err(|_| unknown())?;
        let port = u16::try_from(atoi(port)).map_err(|_| unknown())?;
        let address = (host, port).to_socket_addrs()?.next().ok_or_else(unknown)?;
        let stream = TcpStream::connect_timeout(&address, timeout)?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream: BufReader::new(stream), db: None, used_at: Tick::default() })
    }

    /// Sends commands.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Reads a reply of one line, without its end.
    pub fn read_line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        (&mut self.stream).take(MAX_LINE).read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(line)
    }
}

fn name(host: &[u8], port: &[u8]) -> Vec<u8> {
    [host, b":", port].concat()
}
