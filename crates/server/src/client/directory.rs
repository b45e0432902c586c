//! All clients of a worker by token, and by id.
//!
//! A client is boxed and taken out of its place while its commands run: handlers then hold
//! `&mut Client` beside `&mut Server`. Whoever walks over all clients meanwhile has to include the
//! one in hand.

use super::Client;
use ochre_engine::keyspace::ClientId;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Place of a client in the directory; also its token in the poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub usize);

/// The directory.
#[derive(Default)]
pub struct Clients {
    places: Vec<Option<Box<Client>>>,
    free: Vec<usize>,
    by_id: BTreeMap<ClientId, Token>,
}

impl Clients {
    /// A place for a new client.
    pub fn reserve(&mut self) -> Token {
        Token(self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        }))
    }

    /// A new client comes in.
    pub fn insert(&mut self, client: Box<Client>) {
        self.by_id.insert(client.id, client.token);
        let at = client.token.0;
        self.places[at] = Some(client);
    }

    /// Takes a client out to run its commands; it keeps its place.
    #[inline]
    pub fn take(&mut self, token: Token) -> Option<Box<Client>> {
        self.places.get_mut(token.0)?.take()
    }

    /// Puts a client back that was taken out.
    #[inline]
    pub fn put_back(&mut self, client: Box<Client>) {
        let at = client.token.0;
        self.places[at] = Some(client);
    }

    /// A client that was taken out is gone for good.
    pub fn forget(&mut self, client: &Client) {
        self.by_id.remove(&client.id);
        self.places[client.token.0] = None;
        self.free.push(client.token.0);
    }

    /// The client in a place.
    #[inline]
    pub fn get_mut(&mut self, token: Token) -> Option<&mut Client> {
        self.places.get_mut(token.0)?.as_deref_mut()
    }

    /// The client in a place, to look at.
    #[inline]
    pub fn get(&self, token: Token) -> Option<&Client> {
        self.places.get(token.0)?.as_deref()
    }

    /// The place of a client.
    pub fn token_of(&self, id: ClientId) -> Option<Token> {
        self.by_id.get(&id).copied()
    }

    /// A client is about to be closed: nobody finds it by its id any more.
    pub fn hide(&mut self, id: ClientId) {
        self.by_id.remove(&id);
    }

    /// The client of this id, unless it is taken out.
    pub fn by_id(&self, id: ClientId) -> Option<&Client> {
        self.places[self.token_of(id)?.0].as_deref()
    }

    /// The client of this id, unless it is taken out.
    pub fn by_id_mut(&mut self, id: ClientId) -> Option<&mut Client> {
        let token = self.token_of(id)?;
        self.get_mut(token)
    }

    /// All clients but the one that is taken out, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Client> {
        self.by_id.values().filter_map(|token| self.places[token.0].as_deref())
    }

    /// Ids of all clients, the one that is taken out included, in order.
    pub fn ids(&self) -> Vec<ClientId> {
        self.by_id.keys().copied().collect()
    }

    /// Ids of up to `count` clients, in order, from the one after `last` on and around the end.
    pub fn ids_after(&self, last: ClientId, count: usize) -> Vec<ClientId> {
        let behind = self.by_id.range((Bound::Excluded(last), Bound::Unbounded));
        let around = self.by_id.range(..=last);
        behind.chain(around).map(|(id, _)| *id).take(count).collect()
    }

    /// Number of clients, the one that is taken out included.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }
}
