//! Replies on their way out, and the end of connections.

use super::Worker;
use super::handle::WorkerView;
use crate::client::{Client, Flags, Token};
use crate::server::Server;
use std::io::{self, IoSlice};

/// Bytes written to one client before others get their turn.
const MAX_WRITE: usize = 1024 * 1024;

impl Server {
    /// Notes that a client has replies to send.
    #[inline]
    pub fn replied(&mut self, client: &mut Client) {
        if client.owes_write() {
            self.clients.owe_write(client.token);
        }
    }
}

impl Worker {
    pub(super) fn write_replies(&mut self) {
        for token in std::mem::take(&mut self.handle.clients().pending_writes) {
            self.write_client(token);
        }
    }

    pub(super) fn write_client(&mut self, token: Token) {
        let WorkerView { clients, state, .. } = self.handle.view();
        let Some(client) = clients.get_mut(token) else { return };
        client.flags.remove(Flags::PENDING_WRITE);
        match send(client) {
            Ok((sent, full)) => {
                client.traffic.1 += sent as u64;
                state.stats.net_output_bytes.add(sent as u64);
                state.stats.writes_processed.add(1);
                if !client.output.is_empty() {
                    if !full {
                        // Its share of this turn is used up; no event will come for a socket with room.
                        client.flags.insert(Flags::PENDING_WRITE);
                        clients.pending_writes.push(token);
                    }
                    return;
                }
                if let Some(buffer) = client.output.take_buffer() {
                    self.scratch.give_output(buffer);
                }
                if client.flags.contains(Flags::CLOSE_AFTER_REPLY) {
                    client.flags.insert(Flags::CLOSE_ASAP);
                    clients.to_close.push(token);
                }
            }
            Err(_) => {
                client.flags.insert(Flags::CLOSE_ASAP);
                clients.to_close.push(token);
            }
        }
    }

    /// Closes the clients whose time has come.
    pub(super) fn close_clients(&mut self) {
        for token in std::mem::take(&mut self.handle.clients().to_close) {
            let Some(mut client) = self.handle.clients().take(token) else { continue };
            if !client.flags.contains(Flags::CLOSE_ASAP) {
                // It was closed already, and another client has its place.
                self.handle.clients().put_back(client);
                continue;
            }
            if let Some(socket) = &mut client.socket {
                let _ = socket.deregister(self.poll.registry());
                if self.handle.shared().has_child() {
                    // A child has the socket, too: without this the other side would not see the end.
                    socket.shut_down();
                }
            }
            self.let_go(client);
        }
    }

    /// Forgets a client whose connection is closed, and everything tied to it.
    fn let_go(&mut self, mut client: Box<Client>) {
        if !self.untie(&mut client) {
            return self.handle.exclusively(|server| server.drop_client(client));
        }
        let WorkerView { shared, clients, .. } = self.handle.view();
        shared.pubsub.unsubscribe_all(&mut client);
        shared.monitors.remove(&mut client);
        clients.forget(&mut client);
    }

    /// Sends what can be sent before the process ends.
    pub(super) fn flush_all(&mut self) {
        self.write_replies();
        self.close_clients();
    }
}

impl Server {
    /// Forgets a client that was taken out of the directory, and everything tied to it.
    pub fn drop_client(&mut self, mut client: Box<Client>) {
        self.release(&mut client);
        client.flags.insert(Flags::CLOSE_ASAP);
        self.clients.forget(&mut client);
    }
}

/// Writes until the output is empty, the socket is full, or enough was written for one turn.
/// Returns the bytes sent and whether the socket is full.
fn send(client: &mut Client) -> io::Result<(usize, bool)> {
    let Some(socket) = &mut client.socket else { return Ok((0, true)) };
    let mut total = 0;
    while !client.output.is_empty() && total < MAX_WRITE {
        let mut slices = [IoSlice::new(&[]); 64];
        let count = client.output.slices(&mut slices);
        match socket.write_slices(&slices[..count]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(sent) => {
                client.output.advance(sent);
                total += sent;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok((total, true)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((total, false))
}
