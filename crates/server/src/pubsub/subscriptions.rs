//! The subscriptions of one client.

use std::collections::BTreeSet;

/// The three kinds of topics; each has a count and messages of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A channel by its exact name.
    Channel,
    /// All channels whose names match.
    Pattern,
    /// A channel that belongs to the shard of the cluster that has the slot of its name.
    Shard,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 3] = [Kind::Channel, Kind::Pattern, Kind::Shard];

    /// First word of the answer to a subscription.
    pub fn subscribed(self) -> &'static str {
        match self {
            Kind::Channel => "subscribe",
            Kind::Pattern => "psubscribe",
            Kind::Shard => "ssubscribe",
        }
    }

    /// First word of the answer to the end of a subscription.
    pub fn unsubscribed(self) -> &'static str {
        match self {
            Kind::Channel => "unsubscribe",
            Kind::Pattern => "punsubscribe",
            Kind::Shard => "sunsubscribe",
        }
    }

    /// First word of a message.
    pub fn message(self) -> &'static str {
        match self {
            Kind::Channel => "message",
            Kind::Pattern => "pmessage",
            Kind::Shard => "smessage",
        }
    }
}

/// Topics of one client by kind, in the order of their names.
#[derive(Debug, Default)]
pub struct Subscriptions {
    topics: [BTreeSet<Box<[u8]>>; 3],
    bytes: usize,
}

/// Bytes that a topic costs besides its name, here and in the registry.
const PLACE: usize = 64;

impl Subscriptions {
    /// Adds a topic; false if it was there.
    pub fn add(&mut self, kind: Kind, topic: &[u8]) -> bool {
        let topics = &mut self.topics[kind as usize];
        let is_new = !topics.contains(topic) && topics.insert(topic.into());
        if is_new {
            self.bytes += topic.len() + PLACE;
        }
        is_new
    }

    /// Removes a topic; false if it was not there.
    pub fn remove(&mut self, kind: Kind, topic: &[u8]) -> bool {
        let was_there = self.topics[kind as usize].remove(topic);
        if was_there {
            self.bytes -= topic.len() + PLACE;
        }
        was_there
    }

    /// The topics of a kind.
    pub fn topics(&self, kind: Kind) -> impl ExactSizeIterator<Item = &[u8]> {
        self.topics[kind as usize].iter().map(|topic| &**topic)
    }

    /// Number of topics of a kind.
    pub fn len(&self, kind: Kind) -> usize {
        self.topics[kind as usize].len()
    }

    /// The number in the confirmation of a change: channels and patterns are counted together, shard channels alone.
    pub fn shown(&self, kind: Kind) -> usize {
        match kind {
            Kind::Shard => self.len(Kind::Shard),
            Kind::Channel | Kind::Pattern => self.len(Kind::Channel) + self.len(Kind::Pattern),
        }
    }

    /// True if there are no subscriptions.
    pub fn is_empty(&self) -> bool {
        self.topics.iter().all(BTreeSet::is_empty)
    }

    /// Bytes of memory that the topics cost.
    pub fn memory(&self) -> usize {
        size_of::<Subscriptions>() + self.bytes
    }
}
