//! All clients, by token and by id, in one set per worker.
//!
//! A client is boxed, and it is taken out of its set while its commands run, so that handlers hold
//! `&mut Client` beside `&mut Server`. Code that walks over all clients meanwhile does not find the client in
//! hand and has to include it.
//!
//! In the shared mode a worker reaches its own [`ClientSet`] and no other. [`Clients`] is the sets of all workers, for
//! the exclusive mode. Work that a command leaves for clients of other workers is noted in their sets, and
//! [`Clients::take_stirred`] tells which workers have to wake up for it.

use super::counts::{ClientCount, ClientCounts};
use super::{Client, Flags, Token};
use crate::in_hand::InHand;
use ochre_engine::keyspace::ClientId;
use ochre_sync::Own;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// The clients of one worker, and the work that waits for them.
#[derive(Default)]
pub struct ClientSet {
    worker: usize,
    count: Arc<ClientCount>,
    places: Vec<Option<Box<Client>>>,
    free: Vec<usize>,
    by_id: BTreeMap<ClientId, Token>,
    /// The client that the periodic work reached last.
    looked_after: Option<ClientId>,
    /// Clients with replies to send.
    pub pending_writes: Vec<Token>,
    /// Clients to be closed.
    pub to_close: Vec<Token>,
    /// Clients that may go on after they waited.
    pub unblocked: Vec<Token>,
}

impl ClientSet {
    /// Reserves an entry for a new client.
    pub fn reserve(&mut self) -> Token {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        Token::new(self.worker, place)
    }

    /// Adds a new client, which is counted already.
    pub fn insert(&mut self, mut client: Box<Client>) {
        self.count.account(&mut client);
        self.by_id.insert(client.id, client.token);
        self.put_back(client);
    }

    /// Takes a client out, so that its commands can run. Its entry stays reserved.
    #[inline]
    pub fn take(&mut self, token: Token) -> Option<Box<Client>> {
        self.places.get_mut(token.place())?.take()
    }

    /// Puts a client back that was taken out.
    #[inline]
    pub fn put_back(&mut self, client: Box<Client>) {
        let place = client.token.place();
        self.places[place] = Some(client);
    }

    /// Puts a client back, unless it is elsewhere.
    #[inline]
    pub fn put_back_in_hand(&mut self, mut client: InHand<Client>) {
        client.take().into_iter().for_each(|client| self.put_back(client));
    }

    /// Forgets a client that was taken out and is gone for good.
    pub fn forget(&mut self, client: &mut Client) {
        self.count.charge(client, 0);
        self.hide(client.id);
        self.places[client.token.place()] = None;
        self.free.push(client.token.place());
    }

    /// Hides a client that is about to be closed: lookups by id do not find it any more.
    pub fn hide(&mut self, id: ClientId) {
        if self.by_id.remove(&id).is_some() {
            self.count.leaves();
        }
    }

    /// Has a client closed before the event loop waits again.
    pub fn close(&mut self, client: &mut Client) {
        client.flags.insert(Flags::CLOSE_ASAP);
        self.to_close.push(client.token);
    }

    /// The client with this token, unless it is taken out.
    #[inline]
    pub fn get_mut(&mut self, token: Token) -> Option<&mut Client> {
        self.places.get_mut(token.place())?.as_deref_mut()
    }

    /// The client with this token, to look at, unless it is taken out.
    #[inline]
    pub fn get(&self, token: Token) -> Option<&Client> {
        self.places.get(token.place())?.as_deref()
    }

    /// The client with this id, if it belongs to the set and is not taken out.
    fn by_id(&self, id: ClientId) -> Option<&Client> {
        self.get(*self.by_id.get(&id)?)
    }

    /// Number of clients, the one that is taken out included.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// The number of clients and their memory, which all workers may read.
    pub fn count(&self) -> &ClientCount {
        &self.count
    }

    /// The next `count` clients for the periodic work, or fewer if there are fewer. The order is that of their ids, begins
    /// behind the client that was reached last, and goes on at the lowest id after the highest.
    pub fn next_to_look_after(&mut self, count: usize) -> Vec<Token> {
        let last = self.looked_after.unwrap_or(ClientId(0));
        let behind = self.by_id.range((Bound::Excluded(last), Bound::Unbounded));
        let next: Vec<_> = behind.chain(self.by_id.range(..=last)).take(count).collect();
        self.looked_after = next.last().map(|(id, _)| **id);
        next.into_iter().map(|(_, token)| *token).collect()
    }

    /// True if work waits that has to be done before the worker may sleep.
    pub fn has_work(&self) -> bool {
        !(self.unblocked.is_empty() && self.pending_writes.is_empty() && self.to_close.is_empty())
    }
}

/// The clients of all workers.
pub struct Clients {
    sets: Box<[Own<ClientSet>]>,
    counts: ClientCounts,
    /// The workers, one bit each, whose sets have new work.
    stirred: u128,
}

impl Clients {
    /// An empty set for each worker of `counts`, which are 128 at most.
    pub fn new(counts: ClientCounts) -> Clients {
        let each = counts.by_worker().iter().enumerate();
        let clients = |(worker, count)| {
            Own::new(ClientSet { worker, count: Arc::clone(count), ..ClientSet::default() })
        };
        Clients { sets: each.map(clients).collect(), counts, stirred: 0 }
    }

    /// The sets of all workers. Each worker uses its own.
    pub fn sets(&self) -> &[Own<ClientSet>] {
        &self.sets
    }

    /// The set that a token belongs to.
    #[inline]
    fn set_mut(&mut self, token: Token) -> Option<&mut ClientSet> {
        self.sets.get_mut(token.worker()).map(Own::get_mut)
    }

    /// All sets, to look at. It takes `&mut`, because workers change their sets in the shared mode.
    fn all(&mut self) -> impl Iterator<Item = &ClientSet> {
        self.sets.iter_mut().map(|clients| &*clients.get_mut())
    }

    /// The set of a worker, which is going to be told that there is work for it.
    pub fn set_of(&mut self, worker: usize) -> &mut ClientSet {
        self.stirred |= 1 << worker;
        self.sets[worker].get_mut()
    }

    /// Takes a client out, so that its commands can run. Its entry stays reserved.
    #[inline]
    pub fn take(&mut self, token: Token) -> Option<Box<Client>> {
        self.set_mut(token)?.take(token)
    }

    /// Puts a client back that was taken out.
    #[inline]
    pub fn put_back(&mut self, client: Box<Client>) {
        if let Some(clients) = self.set_mut(client.token) {
            clients.put_back(client);
        }
    }

    /// Forgets a client that was taken out and is gone for good.
    pub fn forget(&mut self, client: &mut Client) {
        if let Some(clients) = self.set_mut(client.token) {
            clients.forget(client);
        }
    }

    /// The client with this token, unless it is taken out.
    #[inline]
    pub fn get_mut(&mut self, token: Token) -> Option<&mut Client> {
        self.set_mut(token)?.get_mut(token)
    }

    /// The token of the client with this id.
    pub fn token_of(&mut self, id: ClientId) -> Option<Token> {
        self.all().find_map(|clients| clients.by_id.get(&id).copied())
    }

    /// Hides a client that is about to be closed: lookups by id do not find it any more.
    pub fn hide(&mut self, id: ClientId) {
        self.sets.iter_mut().for_each(|clients| clients.get_mut().hide(id));
    }

    /// The client with this id, unless it is taken out.
    pub fn by_id(&mut self, id: ClientId) -> Option<&Client> {
        self.all().find_map(|clients| clients.by_id(id))
    }

    /// All clients but the one that is taken out, in the order of their ids.
    pub fn iter(&mut self) -> impl Iterator<Item = &Client> {
        let ids = self.ids();
        let sets: Vec<&ClientSet> = self.all().collect();
        ids.into_iter().filter_map(move |id| sets.iter().find_map(|clients| clients.by_id(id)))
    }

    /// Ids of all clients, the one that is taken out included, in order.
    pub fn ids(&mut self) -> Vec<ClientId> {
        let mut ids: Vec<_> = self.all().flat_map(|clients| clients.by_id.keys().copied()).collect();
        if self.sets.len() > 1 {
            ids.sort_unstable();
        }
        ids
    }

    /// Number of clients, the one that is taken out included.
    pub fn len(&self) -> usize {
        self.counts.clients()
    }

    /// The number of clients and their memory, by worker.
    pub fn counts(&self) -> &ClientCounts {
        &self.counts
    }

    /// The count of the worker that a token belongs to.
    pub fn count_of(&self, token: Token) -> Option<&ClientCount> {
        self.counts.by_worker().get(token.worker()).map(|count| &**count)
    }

    /// Notes that a client has replies to send.
    #[inline]
    pub fn owe_write(&mut self, token: Token) {
        self.leave(token, |clients| &mut clients.pending_writes);
    }

    /// Notes that a client has to be closed.
    pub fn owe_close(&mut self, token: Token) {
        self.leave(token, |clients| &mut clients.to_close);
    }

    /// Notes that a client may go on after a wait.
    pub fn owe_resumption(&mut self, token: Token) {
        self.leave(token, |clients| &mut clients.unblocked);
    }

    #[inline]
    fn leave(&mut self, token: Token, list: impl FnOnce(&mut ClientSet) -> &mut Vec<Token>) {
        if let Some(clients) = self.set_mut(token) {
            list(clients).push(token);
            self.stirred |= 1 << token.worker();
        }
    }

    /// The workers, one bit each, whose sets have got work since the last call.
    pub fn take_stirred(&mut self) -> u128 {
        std::mem::take(&mut self.stirred)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Tick;

    #[test]
    fn every_client_has_its_turn_to_be_looked_after() {
        let counts = ClientCounts::new(1);
        let mut clients = ClientSet { count: Arc::clone(&counts.by_worker()[0]), ..ClientSet::default() };
        for id in [3, 5, 9, 12, 20] {
            counts.expect_one();
            let token = clients.reserve();
            clients.insert(Box::new(Client::new(ClientId(id), token, None, Tick::default())));
        }
        let turn = |clients: &mut ClientSet| -> Vec<usize> {
            clients.next_to_look_after(2).into_iter().map(Token::place).collect()
        };
        assert_eq!([turn(&mut clients), turn(&mut clients), turn(&mut clients)], [[0, 1], [2, 3], [4, 0]]);
        clients.hide(ClientId(3));
        clients.hide(ClientId(5));
        assert_eq!([turn(&mut clients), turn(&mut clients)], [[2, 3], [4, 2]]);
        assert_eq!(clients.next_to_look_after(9).len(), 3, "nobody has two turns");
        assert_eq!(counts.clients(), 3);
    }
}
