//! Closing connections from outside: CLIENT KILL, limits, eviction.

use super::Flags;
use crate::server::Server;
use ochre_engine::keyspace::ClientId;
use ochre_resp::reply::Output;

impl Server {
    /// Closes a client that is not the one in hand.
    pub fn kill(&mut self, id: ClientId) {
        let Some(token) = self.clients.token_of(id) else { return };
        let Some(mut client) = self.clients.take(token) else { return };
        self.give_up(&mut client);
        self.clients.put_back(client);
    }

    /// Closes a client that is taken out of its place. It is unknown to everybody at once, whichever worker's it
    /// is; its socket is closed before the event loop waits again.
    pub fn give_up(&mut self, client: &mut super::Client) {
        client.flags.insert(Flags::CLOSE_ASAP);
        client.output = Output::new();
        self.release(client);
        self.account(client);
        self.clients.hide(client.id);
        self.clients.owe_close(client.token);
    }

    /// Unties a client from everything that it waits for, watches or listens to.
    pub fn release(&mut self, client: &mut super::Client) {
        self.unblock_client(client);
        self.shared.pause.forget(client);
        self.context().unwatch_all(client);
        self.shared.pubsub.unsubscribe_all(client);
        self.shared.monitors.remove(client);
    }
}
