//! All clients, by token and by id; each worker's in a part of their own.
//!
//! A client is boxed and taken out of its place while its commands run: handlers then hold
//! `&mut Client` beside `&mut Server`. Whoever walks over all clients meanwhile has to include the
//! one in hand.
//!
//! In the shared mode a worker reaches its own [`ClientSet`] and no other. [`Clients`] is all of them, for
//! the exclusive mode; what it leaves to be done for clients of other workers is noted in their
//! parts, and [`Clients::stirred`] tells who has to wake up for it.

use super::counts::{ClientCount, ClientCounts};
use super::{Client, Flags, Token};
use crate::in_hand::InHand;
use ochre_engine::keyspace::ClientId;
use ochre_sync::Own;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// The clients of one worker, and what is to be done for them.
#[derive(Default)]
pub struct ClientSet {
    worker: usize,
    count: Arc<ClientCount>,
    places: Vec<Option<Box<Client>>>,
    free: Vec<usize>,
    by_id: BTreeMap<ClientId, Token>,
    /// The client that was looked after last.
    looked_after: Option<ClientId>,
    /// Clients with replies to send.
    pub pending_writes: Vec<Token>,
    /// Clients to be closed.
    pub to_close: Vec<Token>,
    /// Clients that may go on after they waited.
    pub unblocked: Vec<Token>,
}

impl ClientSet {
    /// A place for a new client.
    pub fn reserve(&mut self) -> Token {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        Token::new(self.worker, place)
    }

    /// A new client comes in, which is counted already.
    pub fn insert(&mut self, mut client: Box<Client>) {
        self.count.account(&mut client);
        self.by_id.insert(client.id, client.token);
        self.put_back(client);
    }

    /// Takes a client out to run its commands; it keeps its place.
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

    /// Puts a client back that was in hand.
    #[inline]
    pub fn put_back_in_hand(&mut self, mut client: InHand<Client>) {
        client.take().into_iter().for_each(|client| self.put_back(client));
    }

    /// A client that was taken out is gone for good.
    pub fn forget(&mut self, client: &mut Client) {
        self.count.charge(client, 0);
        self.hide(client.id);
        self.places[client.token.place()] = None;
        self.free.push(client.token.place());
    }

    /// A client is about to be closed: nobody finds it by its id any more.
    pub fn hide(&mut self, id: ClientId) {
        if self.by_id.remove(&id).is_some() {
            self.count.leaves();
        }
    }

    /// Closes a client before the event loop waits again.
    pub fn close(&mut self, client: &mut Client) {
        client.flags.insert(Flags::CLOSE_ASAP);
        self.to_close.push(client.token);
    }

    /// The client in a place.
    #[inline]
    pub fn get_mut(&mut self, token: Token) -> Option<&mut Client> {
        self.places.get_mut(token.place())?.as_deref_mut()
    }

    /// The client in a place, to look at.
    #[inline]
    pub fn get(&self, token: Token) -> Option<&Client> {
        self.places.get(token.place())?.as_deref()
    }

    /// The client of this id, if it is one of these, unless it is taken out.
    fn by_id(&self, id: ClientId) -> Option<&Client> {
        self.get(*self.by_id.get(&id)?)
    }

    /// Number of clients, the one that is taken out included.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// How many clients it has, and what they cost, for everybody to know.
    pub fn count(&self) -> &ClientCount {
        &self.count
    }

    /// Up to `count` clients, in the order of their ids, from the one that was looked after last on and around the
    /// end; they count as looked after.
    pub fn next_to_look_after(&mut self, count: usize) -> Vec<Token> {
        let last = self.looked_after.unwrap_or(ClientId(0));
        let behind = self.by_id.range((Bound::Excluded(last), Bound::Unbounded));
        let next: Vec<_> = behind.chain(self.by_id.range(..=last)).take(count).collect();
        self.looked_after = next.last().map(|(id, _)| **id);
        next.into_iter().map(|(_, token)| *token).collect()
    }

    /// True if something is to be done before the worker may sleep.
    pub fn has_work(&self) -> bool {
        !(self.unblocked.is_empty() && self.pending_writes.is_empty() && self.to_close.is_empty())
    }
}

/// The clients of all workers.
pub struct Clients {
    sets: Box<[Own<ClientSet>]>,
    counts: ClientCounts,
    /// Workers, one bit each, for whose clients something was left to do.
    stirred: u128,
}

impl Clients {
    /// No clients yet; there is a count for each worker (up to 128 of them).
    pub fn new(counts: ClientCounts) -> Clients {
        let each = counts.by_worker().iter().enumerate();
        let clients = |(worker, count)| {
            Own::new(ClientSet { worker, count: Arc::clone(count), ..ClientSet::default() })
        };
        Clients { sets: each.map(clients).collect(), counts, stirred: 0 }
    }

    /// The part of a worker, for the worker itself.
    pub fn sets(&self) -> &[Own<ClientSet>] {
        &self.sets
    }

    /// The part that a place belongs to.
    #[inline]
    fn set_mut(&mut self, token: Token) -> Option<&mut ClientSet> {
        self.sets.get_mut(token.worker()).map(Own::get_mut)
    }

    /// All of them, to look at. Only `&mut` tells that the mode is the exclusive one, where no worker changes its own.
    fn all(&mut self) -> impl Iterator<Item = &ClientSet> {
        self.sets.iter_mut().map(|clients| &*clients.get_mut())
    }

    /// The clients of a worker, which is going to hear that there is something to do for them.
    pub fn set_of(&mut self, worker: usize) -> &mut ClientSet {
        self.stirred |= 1 << worker;
        self.sets[worker].get_mut()
    }

    /// Takes a client out to run its commands; it keeps its place.
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

    /// A client that was taken out is gone for good.
    pub fn forget(&mut self, client: &mut Client) {
        if let Some(clients) = self.set_mut(client.token) {
            clients.forget(client);
        }
    }

    /// The client in a place.
    #[inline]
    pub fn get_mut(&mut self, token: Token) -> Option<&mut Client> {
        self.set_mut(token)?.get_mut(token)
    }

    /// The place of a client.
    pub fn token_of(&mut self, id: ClientId) -> Option<Token> {
        self.all().find_map(|clients| clients.by_id.get(&id).copied())
    }

    /// A client is about to be closed: nobody finds it by its id any more.
    pub fn hide(&mut self, id: ClientId) {
        self.sets.iter_mut().for_each(|clients| clients.get_mut().hide(id));
    }

    /// The client of this id, unless it is taken out.
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

    /// How many there are, and what they cost.
    pub fn counts(&self) -> &ClientCounts {
        &self.counts
    }

    /// The count that a client of this place belongs to.
    pub fn count_of(&self, token: Token) -> Option<&ClientCount> {
        self.counts.by_worker().get(token.worker()).map(|count| &**count)
    }

    /// A client has replies to send.
    #[inline]
    pub fn owe_write(&mut self, token: Token) {
        self.leave(token, |clients| &mut clients.pending_writes);
    }

    /// A client is to be closed.
    pub fn owe_close(&mut self, token: Token) {
        self.leave(token, |clients| &mut clients.to_close);
    }

    /// A client may go on after it waited.
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

    /// The workers, one bit each, for whose clients something was left to do since the last call.
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
