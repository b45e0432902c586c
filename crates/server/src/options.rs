//! What the server was started with, as far as it does not change while it runs.

/// Start options.
#[derive(Debug, Clone)]
pub struct Options {
    /// TCP port; 0 for none.
    pub port: u16,
    /// Addresses to listen on.
    pub bind: Vec<std::net::IpAddr>,
    /// Path of the unix socket.
    pub unixsocket: Option<String>,
    /// Length of the queue of connections not accepted yet.
    pub tcp_backlog: i32,
    /// Seconds between probes of idle connections; 0 for none.
    pub tcp_keepalive: u64,
    /// Seconds after which an idle client is closed; 0 for never.
    pub timeout: u64,
    /// Most clients at a time.
    pub maxclients: usize,
    /// Most bytes of unfinished input of a client.
    pub client_query_buffer_limit: usize,
    /// Password of the default user.
    pub requirepass: Option<Vec<u8>>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            port: 6379,
            bind: vec![std::net::Ipv4Addr::LOCALHOST.into()],
            unixsocket: None,
            tcp_backlog: 511,
            tcp_keepalive: 300,
            timeout: 0,
            maxclients: 10_000,
            client_query_buffer_limit: 1 << 30,
            requirepass: None,
        }
    }
}
