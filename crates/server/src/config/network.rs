//! Directives about sockets: where the server listens and how connections behave.

use super::choices::{Protected, TlsAuthClients};
use super::directive::{Apply, Flags, Unit, directive, topic};
use super::lists::{Addresses, OutputLimits};
use super::values::Text;

const PORT: i128 = u16::MAX as i128;
const INT: i128 = i32::MAX as i128;

topic! {
    network;
    /// Where the server listens and how connections behave.
    pub struct Network {
        /// The TCP port; 0 is none.
        port: u16 = 6379 => directive("port").int(0, PORT).apply(Apply::Port);
        /// The addresses to listen on.
        bind: Addresses = Addresses::default() => directive("bind")
            .flags(Flags::MULTI_ARG.union(Flags::DEFAULT_UNWRITTEN)).apply(Apply::Bind);
        /// The address connections to other servers come from.
        bind_source_addr: Text = Text::default() => directive("bind-source-addr").optional();
        /// The path of the Unix socket; empty is none.
        unix_socket: Text = Text::default() => directive("unixsocket").optional().immutable();
        /// The permissions of the Unix socket; 0 leaves them to the umask.
        unix_socket_perm: u32 = 0 => directive("unixsocketperm").number(0, 0o777, Unit::Octal).immutable();
        /// How many connections may wait to be accepted.
        tcp_backlog: i32 = 511 => directive("tcp-backlog").int(0, INT).immutable();
        /// Seconds between probes of an idle connection; 0 is none.
        tcp_keepalive: i32 = 300 => directive("tcp-keepalive").int(0, INT);
        /// The mark of every socket; 0 is none.
        socket_mark_id: u32 = 0 => directive("socket-mark-id").int(0, u32::MAX as i128).immutable();
        /// Refuse clients from elsewhere while there is no password and no `bind`.
        protected_mode: bool = true => directive("protected-mode");
        /// Seconds after which an idle client is closed; 0 is never.
        timeout: i32 = 0 => directive("timeout").int(0, INT);
        /// How many clients may be connected.
        maxclients: u32 = 10_000 => directive("maxclients").int(1, u32::MAX as i128).apply(Apply::MaxClients);
        /// How much memory all clients together may use; 0 is no limit, below 0 a percentage of maxmemory.
        maxmemory_clients: i64 = 0 => directive("maxmemory-clients")
            .number(-100, i64::MAX as i128, Unit::BytesOrPercent).apply(Apply::MaxMemoryClients);
        /// The longest argument of a request.
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
        /// How many keys client-side caching remembers.
        tracking_table_max_keys: usize = 1_000_000 =>
            directive("tracking-table-max-keys").int(0, i64::MAX as i128);
        /// The file of users; empty is none.
        aclfile: Text = Text::default() => directive("aclfile").immutable();
        /// How many refused commands ACL LOG remembers.
        acllog_max_len: u64 = 128 => directive("acllog-max-len").int(0, i64::MAX as i128);
        /// What channels a new user may use.
        acl_pubsub_default: super::choices::AclPubsubDefault = super::choices::AclPubsubDefault::ResetChannels =>
            directive("acl-pubsub-default");
        /// Who may set protected directives.
        enable_protected_configs: Protected = Protected::No => directive("enable-protected-configs").immutable();
        /// Who may use DEBUG.
        enable_debug_command: Protected = Protected::No => directive("enable-debug-command").immutable();
        /// Who may load modules; there are none.
        enable_module_command: Protected = Protected::No =>
            directive("enable-module-command").immutable().no_effect();
        /// Threads that read and write; the server has workers in place of them.
        io_threads: i32 = 1 => directive("io-threads").int(1, 128).immutable();
        /// Whether those threads read, too.
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
            /// Sessions remembered.
            session_cache_size: i32 = 20 * 1024 => directive("tls-session-cache-size").int(0, INT).apply(Apply::Tls);
            /// Seconds a session is remembered.
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
            /// Its key.
            key_file: Text = Text::default() => directive("tls-key-file").optional().flags(FILE).apply(Apply::Tls);
            /// The pass phrase of the key.
            key_file_pass: Text = Text::default() => directive("tls-key-file-pass").optional().apply(Apply::Tls);
            /// The certificate shown to other servers.
            client_cert_file: Text = Text::default() =>
                directive("tls-client-cert-file").optional().flags(FILE).apply(Apply::Tls);
            /// Its key.
            client_key_file: Text = Text::default() =>
                directive("tls-client-key-file").optional().flags(FILE).apply(Apply::Tls);
            /// The pass phrase of that key.
            client_key_file_pass: Text = Text::default() =>
                directive("tls-client-key-file-pass").optional().apply(Apply::Tls);
            /// Diffie-Hellman parameters; modern TLS needs none.
            dh_params_file: Text = Text::default() =>
                directive("tls-dh-params-file").optional().flags(FILE).no_effect().apply(Apply::Tls);
            /// Who may sign certificates: a file.
            ca_cert_file: Text = Text::default() =>
                directive("tls-ca-cert-file").optional().flags(FILE).apply(Apply::Tls);
            /// Who may sign certificates: a directory.
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
