//! New connections.

use super::{Worker, poll_token};
use crate::client::{Client, Flags};
use crate::net::Socket;
use std::io::{self, IoSlice};

/// Connections accepted per event, so that a flood of them does not starve the others.
const MAX_ACCEPTS: usize = 1000;

impl Worker {
    pub(super) fn accept(&mut self, number: usize) {
        for _ in 0..MAX_ACCEPTS {
            let keepalive = u64::from(self.server.config.network.tcp_keepalive.unsigned_abs());
            // The socket may have been closed since it reported.
            let Some(listener) = self.server.listening.get(number) else { return };
            match listener.accept(keepalive) {
                Ok(socket) => self.admit(socket),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => return,
            }
        }
    }

    fn admit(&mut self, mut socket: Socket) {
        if self.server.clients.len() >= self.server.config.network.maxclients as usize {
            let _ = socket.write_slices(&[IoSlice::new(b"-ERR max number of clients reached\r\n")]);
            self.server.stats.connections_rejected += 1;
            return;
        }
        let token = self.server.clients.reserve();
        if socket.register(self.poll.registry(), poll_token(token)).is_err() {
            return;
        }
        let id = self.server.new_client_id();
        let path = self.server.config.network.unix_socket.lossy().into_owned();
        let (address, local) = (socket.peer_text(&path), socket.local_text(&path));
        let is_unix = matches!(socket, Socket::Unix(_));
        let mut client = Box::new(Client::new(id, token, Some(socket), self.server.now()));
        client.address = address.into();
        client.local_address = local.into();
        client.flags.set(Flags::UNIX, is_unix);
        client.flags.set(Flags::UNAUTHENTICATED, !self.server.config.network.requirepass.is_empty());
        self.server.stats.connections_received += 1;
        self.server.clients.insert(client);
    }
}
