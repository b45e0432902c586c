//! Closing connections from outside: CLIENT KILL, limits, eviction.

use super::Flags;
use crate::server::Server;
use ochre_engine::keyspace::ClientId;
use ochre_resp::reply::Output;

impl Server {
    /// Closes a client that is not the one in hand. It is unknown to everybody at once; its socket
    /// is closed before the event loop waits again.
    pub fn kill(&mut self, id: ClientId) {
        let Some(token) = self.clients.token_of(id) else { return };
        let Some(mut client) = self.clients.take(token) else { return };
        client.flags.insert(Flags::CLOSE_ASAP);
        client.output = Output::new();
        self.release(&mut client);
        self.account(&mut client);
        self.clients.hide(id);
        self.clients.owe_close(token);
        self.clients.put_back(client);
    }

    /// Unties a client from everything that it waits for, watches or listens to.
    pub fn release(&mut self, client: &mut super::Client) {
        self.unblock_client(client);
        self.unwatch_all(client);
        self.unsubscribe_all(client);
        self.remove_monitor(client);
    }
}
