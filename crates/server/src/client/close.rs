//! Closing connections from outside: CLIENT KILL, limits, eviction.

use super::Flags;
use crate::server::Server;
use ochre_engine::keyspace::ClientId;
use ochre_resp::reply::Output;

impl Server {
    /// Closes a client that is in its set. A client whose command is under way is not found and stays.
    pub fn kill(&mut self, id: ClientId) {
        let Some(token) = self.clients.token_of(id) else { return };
        let Some(mut client) = self.clients.take(token) else { return };
        self.give_up(&mut client);
        self.clients.put_back(client);
    }

    /// Closes a client of any worker that the caller has taken out of its set. No lookup finds the client from now on;
    /// its worker closes the socket before its event loop waits again.
    pub fn give_up(&mut self, client: &mut super::Client) {
        client.flags.insert(Flags::CLOSE_ASAP);
        client.output = Output::new();
        self.release(client);
        self.account(client);
        self.clients.hide(client.id);
        self.clients.owe_close(client.token);
    }

    /// Ends all waits, watches and subscriptions of a client.
    pub fn release(&mut self, client: &mut super::Client) {
        self.unblock_client(client);
        self.shared.pause.forget(client);
        self.context().unwatch_all(client);
        self.shared.pubsub.unsubscribe_all(client);
        self.shared.monitors.remove(client);
    }
}
