//! New connections.
//!
//! The first worker accepts them and makes a client of each, counts it, so that `maxclients` is exact, and
//! sends it to the worker with the fewest, which gives it a place and hears of its socket from then on.

use super::Worker;
use super::handle::WorkerView;
use crate::client::{Client, ClientSet, Flags, Token};
use crate::net::{Endpoint, Socket};
use crate::server::Server;
use mio::Registry;
use std::io::IoSlice;

/// Connections accepted per event, so that a flood of them does not starve the others.
const MAX_ACCEPTS: usize = 1000;

/// The answer to a client beyond `maxclients`.
const TOO_MANY: &[u8] = b"-ERR max number of clients reached\r\n";

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

impl Worker {
    pub(super) fn accept(&mut self, number: usize) {
        for _ in 0..MAX_ACCEPTS {
            if !self.accept_one(number) {
                return;
            }
        }
    }

    /// Accepts one connection. False if there is none.
    fn accept_one(&mut self, number: usize) -> bool {
        let shared = self.handle.shared();
        let keepalive = u64::from(shared.config.network.tcp_keepalive.unsigned_abs());
        // The socket may have been closed since it reported.
        let Some(listener) = shared.listening.get(number) else { return false };
        let Ok(socket) = listener.accept(keepalive) else { return false };
        if let Some(client) = self.admit(socket) {
            self.place(client);
        }
        true
    }

    /// Makes a client of a connection, unless there is a reason to refuse it.
    fn admit(&mut self, mut socket: Socket) -> Option<Box<Client>> {
        let WorkerView { shared, state, .. } = self.handle.view();
        let network = &shared.config.network;
        let refusal = if shared.counts.clients() >= network.maxclients as usize {
            Some(TOO_MANY)
        } else {
            // In protected mode nobody set a password, so only clients on this machine are let in.
            let refuses_strangers = network.protected_mode && shared.setup().password().is_none();
            (refuses_strangers && !socket.is_local()).then_some(DENIED)
        };
        if let Some(text) = refusal {
            // Who does not read the reason does without.
            let _ = socket.write_slices(&[IoSlice::new(text)]);
            state.stats.connections_rejected.add(1);
            return None;
        }
        let path = network.unix_socket.lossy().into_owned();
        let (address, local) = (socket.peer_text(&path), socket.local_text(&path));
        let is_unix = matches!(socket, Socket::Unix(_));
        let now = state.tick;
        let mut client = Box::new(Client::new(shared.new_client_id(), Token::NOWHERE, Some(socket), now));
        client.address = address.into();
        client.local_address = local.into();
        client.flags.set(Flags::UNIX, is_unix);
        client.flags.set(Flags::UNAUTHENTICATED, shared.setup().password().is_some());
        state.stats.connections_received.add(1);
        Some(client)
    }

    /// Gives a new client to the worker with the fewest.
    fn place(&mut self, client: Box<Client>) {
        let shared = self.handle.shared();
        let worker = shared.counts.expect_one();
        if worker == self.handle.me() {
            self.welcome(client);
        } else {
            shared.mailboxes.introduce(worker, client);
        }
    }

    /// A new client of this worker comes in.
    pub(super) fn welcome(&mut self, client: Box<Client>) {
        self.handle.clients().welcome(client, self.poll.registry());
    }
}

impl Server {
    /// A new client of a worker comes in.
    pub fn welcome(&mut self, worker: usize, client: Box<Client>) {
        if let Some(registry) = self.registries.get(worker) {
            self.clients.set_of(worker).welcome(client, registry);
        }
    }
}

impl ClientSet {
    /// Gives a new client, which is counted already, a place, and has its socket report there.
    fn welcome(&mut self, mut client: Box<Client>, registry: &Registry) {
        let token = self.reserve();
        client.token = token;
        let endpoint = Endpoint::Client(token.place());
        let reports = client.socket.as_mut().is_some_and(|s| s.register(registry, endpoint).is_ok());
        if !reports {
            self.close(&mut client);
        }
        self.insert(client);
    }
}
