//! Beginning and ending subscriptions, with their confirmations.

use super::{Exchange, Kind, Subscriber, Subscriptions};
use crate::client::{Client, Flags, ReplyMode};
use ochre_resp::reply::{Output, Reply};

impl Exchange {
    /// Adds a subscription and confirms it.
    pub fn subscribe(&self, client: &mut Client, kind: Kind, topic: &[u8]) {
        let subscriptions = client.subscriptions.get_or_insert_default();
        if subscriptions.add(kind, topic) {
            let subscriber = Subscriber { id: client.id, token: client.token };
            self.change(|registry| registry.add(kind, topic, subscriber));
        }
        client.flags.insert(Flags::PUBSUB);
        confirm(client, kind.subscribed(), kind, Some(topic));
    }

    /// Ends subscriptions, whether they exist or not, and confirms each. `settle` delivers the messages that were on their
    /// way, so that they come before the confirmation.
    pub fn unsubscribe(
        &self,
        client: &mut Client,
        kind: Kind,
        topics: &[&[u8]],
        settle: impl FnOnce(&mut Client),
    ) {
        if client.subscriptions.is_some() {
            self.change(|registry| topics.iter().for_each(|topic| registry.remove(kind, topic, client.id)));
            settle(client);
        }
        for topic in topics {
            if let Some(subscriptions) = &mut client.subscriptions {
                subscriptions.remove(kind, topic);
            }
            confirm(client, kind.unsubscribed(), kind, Some(topic));
        }
        forget_subscriber(client);
    }

    /// Ends all subscriptions of a kind and confirms each. Without any it sends one confirmation without a topic.
    pub fn unsubscribe_kind(&self, client: &mut Client, kind: Kind, settle: impl FnOnce(&mut Client)) {
        let topics = topics_of(client, kind);
        let topics: Vec<&[u8]> = topics.iter().map(|topic| &**topic).collect();
        self.unsubscribe(client, kind, &topics, settle);
        if topics.is_empty() {
            confirm(client, kind.unsubscribed(), kind, None);
        }
    }

    /// Ends all subscriptions without confirmations.
    pub fn unsubscribe_all(&self, client: &mut Client) {
        if client.subscriptions.is_some() {
            self.change(|registry| {
                for kind in Kind::ALL {
                    topics_of(client, kind).iter().for_each(|topic| registry.remove(kind, topic, client.id));
                }
            });
        }
        client.subscriptions = None;
        client.flags.remove(Flags::PUBSUB);
    }
}

/// Makes a client without subscriptions an ordinary one again.
fn forget_subscriber(client: &mut Client) {
    if client.subscriptions.as_ref().is_none_or(|subscriptions| subscriptions.is_empty()) {
        client.subscriptions = None;
        client.flags.remove(Flags::PUBSUB);
    }
}

fn topics_of(client: &Client, kind: Kind) -> Vec<Box<[u8]>> {
    let subscriptions = client.subscriptions.as_deref();
    subscriptions.map_or_else(Vec::new, |subs: &Subscriptions| subs.topics(kind).map(Box::from).collect())
}

fn confirm(client: &mut Client, what: &str, kind: Kind, topic: Option<&[u8]>) {
    let count = client.subscriptions.as_ref().map_or(0, |subscriptions| subscriptions.shown(kind));
    let mut silent = Output::new();
    let is_silent = client.reply_mode != ReplyMode::On;
    let out = if is_silent { &mut silent } else { &mut client.output };
    let mut reply = Reply::new(out, client.protocol);
    reply.push(3);
    reply.bulk(what);
    match topic {
        Some(topic) => reply.bulk(topic),
        None => reply.null(),
    }
    reply.count(count);
    if is_silent {
        // Confirmations are messages, so a client that wants no replies gets them, too.
        client.late_pushes.extend_from_slice(&silent.to_vec());
    }
}
