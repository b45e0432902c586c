//! Publish and subscribe: who listens to which channel.

use crate::client::Client;
use crate::server::Server;
use ochre_engine::command::effects::Event;
use ochre_engine::keyspace::ClientId;
use std::collections::{BTreeSet, HashMap};

/// Channels and patterns of one client.
#[derive(Debug, Default)]
pub struct Subscriptions {
    /// SUBSCRIBE.
    pub channels: BTreeSet<Box<[u8]>>,
    /// PSUBSCRIBE.
    pub patterns: BTreeSet<Box<[u8]>>,
    /// SSUBSCRIBE.
    pub shard_channels: BTreeSet<Box<[u8]>>,
}

impl Subscriptions {
    /// Bytes of memory, roughly.
    pub fn memory(&self) -> usize {
        [&self.channels, &self.patterns, &self.shard_channels]
            .into_iter()
            .flatten()
            .map(|name| name.len() + 2 * size_of::<Box<[u8]>>())
            .sum()
    }
}

/// Listeners of all channels and patterns, in the order of subscription.
#[derive(Debug, Default)]
pub struct PubSub {
    /// By channel.
    pub channels: HashMap<Box<[u8]>, Vec<ClientId>>,
    /// By pattern.
    pub patterns: HashMap<Box<[u8]>, Vec<ClientId>>,
    /// By shard channel.
    pub shard_channels: HashMap<Box<[u8]>, Vec<ClientId>>,
}

impl Server {
    /// A client listens to nothing any more.
    pub fn unsubscribe_all(&mut self, client: &mut Client) {
        client.subscriptions = None;
    }

    /// Publishes a keyspace event.
    pub fn publish_event(&mut self, _current: &mut Client, _event: &Event) {}
}
