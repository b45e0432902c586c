//! The registry of topics with their subscribers, in the order of subscription.

use super::Kind;
use crate::client::Token;
use ochre_engine::keyspace::ClientId;
use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

/// A client with subscriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscriber {
    /// The id of the client.
    pub id: ClientId,
    /// The address of the client.
    pub token: Token,
}

/// Subscribers of all topics.
#[derive(Debug, Default)]
pub struct Registry {
    channels: HashMap<Box<[u8]>, Vec<Subscriber>>,
    shard_channels: HashMap<Box<[u8]>, Vec<Subscriber>>,
    /// Every publication is matched with all patterns, always in the same order.
    patterns: BTreeMap<Box<[u8]>, Vec<Subscriber>>,
}

impl Registry {
    /// Adds a subscriber, who is not subscribed to the topic yet.
    pub fn add(&mut self, kind: Kind, topic: &[u8], client: Subscriber) {
        let clients = match kind {
            Kind::Channel => self.channels.entry(topic.into()).or_default(),
            Kind::Shard => self.shard_channels.entry(topic.into()).or_default(),
            Kind::Pattern => self.patterns.entry(topic.into()).or_default(),
        };
        clients.push(client);
    }

    /// Removes a subscriber of the topic.
    pub fn remove(&mut self, kind: Kind, topic: &[u8], client: ClientId) {
        let clients = match kind {
            Kind::Channel => self.channels.get_mut(topic),
            Kind::Shard => self.shard_channels.get_mut(topic),
            Kind::Pattern => self.patterns.get_mut(topic),
        };
        let Some(clients) = clients else { return };
        clients.retain(|other| other.id != client);
        if clients.is_empty() {
            match kind {
                Kind::Channel => drop(self.channels.remove(topic)),
                Kind::Shard => drop(self.shard_channels.remove(topic)),
                Kind::Pattern => drop(self.patterns.remove(topic)),
            }
        }
    }

    /// The subscribers of a topic.
    pub fn subscribers(&self, kind: Kind, topic: &[u8]) -> &[Subscriber] {
        let clients = match kind {
            Kind::Channel => self.channels.get(topic),
            Kind::Shard => self.shard_channels.get(topic),
            Kind::Pattern => self.patterns.get(topic),
        };
        clients.map_or(&[], Vec::as_slice)
    }

    /// All patterns with their subscribers.
    pub fn patterns(&self) -> impl Iterator<Item = (&[u8], &[Subscriber])> {
        self.patterns.iter().map(|(pattern, clients)| (&**pattern, clients.as_slice()))
    }

    /// Names of all topics of a kind.
    pub fn topics(&self, kind: Kind) -> Box<dyn Iterator<Item = &[u8]> + '_> {
        match kind {
            Kind::Channel => Box::new(self.channels.keys().map(|topic| &**topic)),
            Kind::Shard => Box::new(self.shard_channels.keys().map(|topic| &**topic)),
            Kind::Pattern => Box::new(self.patterns.keys().map(|topic| &**topic)),
        }
    }

    /// Number of topics of a kind that have subscribers.
    pub fn len(&self, kind: Kind) -> usize {
        match kind {
            Kind::Channel => self.channels.len(),
            Kind::Shard => self.shard_channels.len(),
            Kind::Pattern => self.patterns.len(),
        }
    }

    /// True if there are no subscribers of channels or patterns.
    pub fn is_silent(&self) -> bool {
        self.channels.is_empty() && self.patterns.is_empty()
    }
}

/// The registry for all workers. Messages are sent under its lock, so that all subscribers get the messages of
/// a topic in the same order.
#[derive(Debug, Default)]
pub struct Exchange {
    registry: Mutex<Registry>,
    /// Whether a channel or a pattern has a subscriber. Read for each keyspace event.
    is_heard: AtomicBool,
}

impl Exchange {
    /// The registry, to look at and to publish through.
    pub fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock()
    }

    /// Changes the registry under its lock.
    pub fn change<R>(&self, change: impl FnOnce(&mut Registry) -> R) -> R {
        let mut registry = self.registry.lock();
        let done = change(&mut registry);
        self.is_heard.store(!registry.is_silent(), Ordering::Release);
        done
    }

    /// Whether a channel or a pattern has a subscriber.
    #[inline]
    pub fn is_heard(&self) -> bool {
        self.is_heard.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscriber(id: u64) -> Subscriber {
        Subscriber { id: ClientId(id), token: Token::NOWHERE }
    }

    #[test]
    fn a_topic_lives_as_long_as_its_subscribers() {
        let mut registry = Registry::default();
        for kind in Kind::ALL {
            registry.add(kind, b"news", subscriber(1));
            registry.add(kind, b"news", subscriber(2));
            registry.remove(kind, b"news", ClientId(1));
            registry.remove(kind, b"none", ClientId(1));
            assert_eq!(registry.subscribers(kind, b"news"), [subscriber(2)]);
            assert_eq!(registry.topics(kind).count(), 1);
            registry.remove(kind, b"news", ClientId(2));
            assert!(registry.subscribers(kind, b"news").is_empty());
        }
        assert!(Kind::ALL.iter().all(|kind| registry.len(*kind) == 0));
    }

    #[test]
    fn shard_channels_are_not_where_events_are_heard() {
        let exchange = Exchange::default();
        exchange.change(|registry| registry.add(Kind::Shard, b"a", subscriber(1)));
        assert!(!exchange.is_heard());
        exchange.change(|registry| registry.add(Kind::Pattern, b"a", subscriber(1)));
        assert!(exchange.is_heard());
        exchange.change(|registry| registry.remove(Kind::Pattern, b"a", ClientId(1)));
        assert!(!exchange.is_heard());
    }
}
