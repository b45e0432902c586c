//! New connections.

use super::{Worker, poll_token};
use crate::client::{Client, Flags};
use crate::net::Socket;
use crate::server::Server;
use std::io::IoSlice;

/// Connections accepted per event, so that a flood of them does not starve the others.
const MAX_ACCEPTS: usize = 1000;

/// The answer to a client from elsewhere in protected mode.
const DENIED: &[u8] = b"-DENIED Redis is running in protected mode because protected mode is enabled and no \
password is set for the default user. In this mode connections are only accepted from the loopback interface. \
If you want to connect from external computers to Redis you may adopt one of the following solutions: \
1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface \
by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly \
accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. \
2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting \
the protected mode option to 'no', and then restarting the server. \
3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. \
4) Set up an authentication password for the default user. NOTE: You only need to do one of the above things in \
order for the server to start accepting connections from the outside.\r\n";

impl Server {
    /// True in protected mode: nobody set a password, so only clients on this machine are let in.
    fn refuses_strangers(&self) -> bool {
        self.config.network.protected_mode && self.setup().password().is_none()
    }
}

impl Worker {
    pub(super) fn accept(&mut self, number: usize) {
        for _ in 0..MAX_ACCEPTS {
            if !self.seat.exclusively(|server| server.accept(number)) {
                return;
            }
        }
    }
}

impl Server {
    /// Accepts one connection. False if there is none.
    fn accept(&mut self, number: usize) -> bool {
        let keepalive = u64::from(self.config.network.tcp_keepalive.unsigned_abs());
        // The socket may have been closed since it reported.
        let Some(listener) = self.listening.get(number) else { return false };
        let accepted = listener.accept(keepalive);
        accepted.map(|socket| self.admit(socket)).is_ok()
    }

    fn admit(&mut self, mut socket: Socket) {
        if self.clients.len() >= self.config.network.maxclients as usize {
            let _ = socket.write_slices(&[IoSlice::new(b"-ERR max number of clients reached\r\n")]);
            self.stats.connections_rejected += 1;
            return;
        }
        if self.refuses_strangers() && !socket.is_local() {
            let _ = socket.write_slices(&[IoSlice::new(DENIED)]);
            self.stats.connections_rejected += 1;
            return;
        }
        let worker = self.clients.least_busy();
        let token = self.clients.reserve(worker);
        let id = self.new_client_id();
        let path = self.config.network.unix_socket.lossy().into_owned();
        let (address, local) = (socket.peer_text(&path), socket.local_text(&path));
        let is_unix = matches!(socket, Socket::Unix(_));
        let mut client = Box::new(Client::new(id, token, Some(socket), self.now()));
        client.address = address.into();
        client.local_address = local.into();
        client.flags.set(Flags::UNIX, is_unix);
        client.flags.set(Flags::UNAUTHENTICATED, !self.config.network.requirepass.is_empty());
        self.stats.connections_received += 1;
        self.introduce(client);
    }

    /// Makes a new client known to the event loop of its worker.
    fn introduce(&mut self, mut client: Box<Client>) {
        let token = client.token;
        let Some(registry) = self.registries.get(token.worker()) else { return };
        let is_known =
            client.socket.as_mut().is_some_and(|s| s.register(registry, poll_token(token)).is_ok());
        client.flags.set(Flags::CLOSE_ASAP, !is_known);
        self.clients.insert(client);
        if !is_known {
            self.clients.owe_close(token);
        }
    }
}
