//! What the server was started with, as far as it does not change while it runs.

/// Limits of unsent output by type of client.
#[derive(Debug, Clone, Copy)]
pub struct OutputLimits {
    /// Ordinary clients.
    pub normal: OutputLimit,
    /// Replicas.
    pub replica: OutputLimit,
    /// Clients with subscriptions.
    pub pubsub: OutputLimit,
}

/// How much may wait to be sent to a client before it is closed; 0 is no limit.
#[derive(Debug, Clone, Copy)]
pub struct OutputLimit {
    /// Close the client at once.
    pub hard_bytes: u64,
    /// Close it if it stays above this ...
    pub soft_bytes: u64,
    /// ... for this long.
    pub soft_seconds: i64,
}

impl Default for OutputLimits {
    fn default() -> OutputLimits {
        let limit = |hard_mb: u64, soft_mb: u64, soft_seconds| OutputLimit {
            hard_bytes: hard_mb << 20,
            soft_bytes: soft_mb << 20,
            soft_seconds,
        };
        OutputLimits { normal: limit(0, 0, 0), replica: limit(256, 64, 60), pubsub: limit(32, 8, 60) }
    }
}

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
    /// Most unsent output of a client, by type.
    pub client_output_buffer_limit: OutputLimits,
    /// Most memory of all clients: bytes, below 0 percent of `maxmemory`, 0 for no limit.
    pub maxmemory_clients: i64,
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
            client_output_buffer_limit: OutputLimits::default(),
            maxmemory_clients: 0,
            requirepass: None,
        }
    }
}
