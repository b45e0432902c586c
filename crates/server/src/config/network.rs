//! Directives about sockets: the addresses to listen on, and the behaviour of connections.

use super::choices::{Protected, TlsAuthClients};
use super::directive::{Apply, Flags, Unit, directive, topic};
use super::lists::{Addresses, OutputLimits};
use super::values::Text;

const PORT: i128 = u16::MAX as i128;
const INT: i128 = i32::MAX as i128;

topic! {
    network;
    /// The sockets that the server listens on, and the behaviour of connections.
    pub struct Network {
        /// The TCP port; 0 is none.
        port: u16 = 6379 => directive("port").int(0, PORT).apply(Apply::Port);
        /// The addresses to listen on.
        bind: Addresses = Addresses::default() => directive("bind")
            .flags(Flags::MULTI_ARG.union(Flags::DEFAULT_UNWRITTEN)).apply(Apply::Bind);
        /// The source address of connections to other servers.
        bind_source_addr: Text = Text::default() => directive("bind-source-addr").optional();
        /// The path of the Unix socket; empty is none.
        unix_socket: Text = Text::default() => directive("unixsocket").optional().immutable();
        /// The permissions of the Unix socket; 0 leaves them to the umask.
        unix_socket_perm: u32 = 0 => directive("unixsocketperm").number(0, 0o777, Unit::Octal).immutable();
        /// The most connections that may wait to be accepted.
        tcp_backlog: i32 = 511 => directive("tcp-backlog").int(0, INT).immutable();
        /// Seconds between probes of an idle connection; 0 is none.
        tcp_keepalive: i32 = 300 => directive("tcp-keepalive").int(0, INT);
        /// The mark of every socket; 0 is none.
        socket_mark_id: u32 = 0 => directive("socket-mark-id").int(0, u32::MAX as i128).immutable();
        /// Refuse clients from elsewhere while there is no password and no `bind`.
        protected_mode: bool = true => directive("protected-mode");
        /// Seconds after which an idle client is closed; 0 is never.
        timeout: i32 = 0 => directive("timeout").int(0, INT);
        /// The most clients that may be connected.
        maxclients: u32 = 10_000 => directive("maxclients").int(1, u32::MAX as i128).apply(Apply::MaxClients);
        /// The most bytes of memory for all clients together; 0 is no limit, below 0 a percentage of `maxmemory`.
        maxmemory_clients: i64 = 0 => directive("maxmemory-clients")
            .number(-100, i64::MAX as i128, Unit::BytesOrPercent).apply(Apply::MaxMemoryClients);
        /// The most bytes of an argument of a request.
        proto_max_bulk_len: i64 = 512 << 20 => directive("proto-max-bulk-len").bytes(1 << 20, i64::MAX as i128);
        /// The most unparsed bytes of a client.
        client_query_buffer_limit: usize = 1 << 30 =>
            directive("client-query-buffer-limit").bytes(1 << 20, i64::MAX as i128);
        /// The most unsent bytes of a client, by class.
        client_output_buffer_limit: OutputLimits = OutputLimits::default() =>
            directive("client-output-buffer-limit").flags(Flags::MULTI_ARG);
        /// The password of the default user.
        requirepass: Text = Text::default() =>
            directive("requirepass").optional().flags(Flags::SENSITIVE).apply(Apply::RequirePass);
        /// The most keys that client-side caching remembers.
        tracking_table_max_keys: usize = 1_000_000 =>
            directive("tracking-table-max-keys").int(0, i64::MAX as i128);
        /// The file of users; empty is none.
        aclfile: Text = Text::default() => directive("aclfile").immutable();
        /// The most refused commands that ACL LOG remembers.
        acllog_max_len: u64 = 128 => directive("acllog-max-len").int(0, i64::MAX as i128);
        /// The channels that a new user may use.
        acl_pubsub_default: super::choices::AclPubsubDefault = super::choices::AclPubsubDefault::ResetChannels =>
            directive("acl-pubsub-default");
        /// The clients that may set protected directives.
        enable_protected_configs: Protected = Protected::No => directive("enable-protected-configs").immutable();
        /// The clients that may use DEBUG.
        enable_debug_command: Protected = Protected::No => directive("enable-debug-command").immutable();
        /// The clients that may load modules, of which there are none.
        enable_module_command: Protected = Protected::No =>
            directive("enable-module-command").immutable().no_effect();
        /// The number of workers: threads that read, execute and answer commands.
        io_threads: i32 = 1 => directive("io-threads").int(1, 128).immutable();
        /// Whether I/O threads read, too; workers always do.
        io_threads_do_reads: bool = false => directive("io-threads-do-reads").immutable().no_effect();
    }
}

/// The directives of TLS.
pub mod tls {
    use super::*;

    const FILE: Flags = Flags::VOLATILE;

    topic! {
        tls;
        /// TLS: the port, certificates and protocol options.
        pub struct Tls {
            /// The TLS port; 0 is none.
            port: u16 = 0 => directive("tls-port").int(0, PORT).apply(Apply::TlsPort);
            /// The most sessions that are remembered.
            session_cache_size: i32 = 20 * 1024 => directive("tls-session-cache-size").int(0, INT).apply(Apply::Tls);
            /// Seconds for which a session is remembered.
            session_cache_timeout: i32 = 300 => directive("tls-session-cache-timeout").int(0, INT).apply(Apply::Tls);
            /// Whether the cluster bus uses TLS.
            cluster: bool = false => directive("tls-cluster").apply(Apply::Tls);
            /// Whether replication uses TLS.
            replication: bool = false => directive("tls-replication").apply(Apply::Tls);
            /// Whether clients must show a certificate.
            auth_clients: TlsAuthClients = TlsAuthClients::Yes => directive("tls-auth-clients");
            /// Whether the server's order of ciphers counts.
            prefer_server_ciphers: bool = false => directive("tls-prefer-server-ciphers").apply(Apply::Tls);
            /// Whether sessions are remembered.
            session_caching: bool = true => directive("tls-session-caching").apply(Apply::Tls);
            /// The certificate.
            cert_file: Text = Text::default() => directive("tls-cert-file").optional().flags(FILE).apply(Apply::Tls);
            /// The key of the certificate.
            key_file: Text = Text::default() => directive("tls-key-file").optional().flags(FILE).apply(Apply::Tls);
            /// The pass phrase of the key of the certificate.
            key_file_pass: Text = Text::default() => directive("tls-key-file-pass").optional().apply(Apply::Tls);
            /// The certificate shown to other servers.
            client_cert_file: Text = Text::default() =>
                directive("tls-client-cert-file").optional().flags(FILE).apply(Apply::Tls);
            /// The key of that certificate.
            client_key_file: Text = Text::default() =>
                directive("tls-client-key-file").optional().flags(FILE).apply(Apply::Tls);
            /// The pass phrase of that key.
            client_key_file_pass: Text = Text::default() =>
                directive("tls-client-key-file-pass").optional().apply(Apply::Tls);
            /// Diffie-Hellman parameters; modern TLS needs none.
            dh_params_file: Text = Text::default() =>
                directive("tls-dh-params-file").optional().flags(FILE).no_effect().apply(Apply::Tls);
            /// The file of the authorities that may sign certificates.
            ca_cert_file: Text = Text::default() =>
                directive("tls-ca-cert-file").optional().flags(FILE).apply(Apply::Tls);
            /// The directory of the authorities that may sign certificates.
            ca_cert_dir: Text = Text::default() =>
                directive("tls-ca-cert-dir").optional().flags(FILE).apply(Apply::Tls);
            /// The protocol versions.
            protocols: Text = Text::default() => directive("tls-protocols").optional().apply(Apply::Tls);
            /// The ciphers of TLS 1.2.
            ciphers: Text = Text::default() => directive("tls-ciphers").optional().apply(Apply::Tls);
            /// The cipher suites of TLS 1.3.
            ciphersuites: Text = Text::default() => directive("tls-ciphersuites").optional().apply(Apply::Tls);
        }
    }
}
