//! Messages on their way to subscribers: publications and keyspace events.
//!
//! A message is spelled once per protocol, however many clients get it; a large one is not even
//! copied into their outputs. What a client publishes to itself arrives behind the reply to its
//! command, and behind EXEC as a whole (networking.c: _addReplyToBufferOrList; since 7.2).

use super::{Kind, Subscriptions};
use crate::client::{Client, Flags, ReplyMode};
use crate::server::Server;
use bytes::Bytes;
use ochre_engine::command::EventClasses;
use ochre_engine::command::effects::Event;
use ochre_engine::keyspace::ClientId;
use ochre_engine::level::Level;
use ochre_engine::text::glob_match;
use ochre_resp::reply::{Output, Protocol, Reply};

/// Words of a push, spelled when the first client needs them.
struct Message<'a> {
    words: &'a [&'a [u8]],
    spelled: [Option<Bytes>; 2],
}

impl<'a> Message<'a> {
    fn new(words: &'a [&'a [u8]]) -> Message<'a> {
        Message { words, spelled: [None, None] }
    }

    fn in_protocol(&mut self, protocol: Protocol) -> &Bytes {
        self.spelled[protocol as usize].get_or_insert_with(|| {
            let mut out = Output::new();
            let mut reply = Reply::new(&mut out, protocol);
            reply.push(self.words.len());
            self.words.iter().for_each(|word| reply.bulk(word));
            out.to_vec().into()
        })
    }

    fn append_to(&mut self, out: &mut Output, protocol: Protocol) {
        let bytes = self.in_protocol(protocol);
        if bytes.len() < Output::SHARED_FROM { out.append(bytes) } else { out.append_shared(bytes.clone()) }
    }
}

impl Server {
    /// Sends a message to all who listen to a channel, and returns how many got it. `current` is
    /// the client in hand.
    pub fn publish(&mut self, current: &mut Client, kind: Kind, channel: &[u8], text: &[u8]) -> usize {
        let words = [kind.message().as_bytes(), channel, text];
        let direct = self.pubsub.subscribers(kind, channel).to_vec();
        let mut receivers = self.deliver(current, &direct, &mut Message::new(&words));
        if kind == Kind::Channel && self.pubsub.len(Kind::Pattern) > 0 {
            let matching: Vec<(Box<[u8]>, Vec<ClientId>)> = self
                .pubsub
                .patterns()
                .filter(|(pattern, _)| glob_match(pattern, channel))
                .map(|(pattern, clients)| (pattern.into(), clients.to_vec()))
                .collect();
            for (pattern, clients) in matching {
                let words = [Kind::Pattern.message().as_bytes(), &pattern, channel, text];
                receivers += self.deliver(current, &clients, &mut Message::new(&words));
            }
        }
        receivers
    }

    /// Lets commands report the classes of events that are switched on, if they are published anywhere.
    pub fn listen_to_events(&mut self) {
        let classes = self.settings.notify_keyspace_events;
        let channels = EventClasses::KEYSPACE | EventClasses::KEYEVENT;
        self.lane.fx.wanted_events =
            if classes.intersects(channels) { classes - channels } else { EventClasses::empty() };
    }

    /// Publishes an event on a key on the channels that are switched on.
    pub fn publish_event(&mut self, current: &mut Client, event: &Event) {
        if self.pubsub.len(Kind::Channel) + self.pubsub.len(Kind::Pattern) == 0 {
            return;
        }
        let wanted = self.settings.notify_keyspace_events;
        let channel = |space: &str, what: &[u8]| {
            let mut name = format!("__{space}@{}__:", event.db.0).into_bytes();
            name.extend_from_slice(what);
            name
        };
        if wanted.contains(EventClasses::KEYSPACE) {
            let channel = channel("keyspace", &event.key);
            self.publish(current, Kind::Channel, &channel, event.name.as_bytes());
        }
        if wanted.contains(EventClasses::KEYEVENT) {
            let channel = channel("keyevent", event.name.as_bytes());
            self.publish(current, Kind::Channel, &channel, &event.key);
        }
    }

    fn deliver(&mut self, current: &mut Client, to: &[ClientId], message: &mut Message<'_>) -> usize {
        for id in to {
            if *id == current.id {
                self.deliver_to_current(current, message);
                continue;
            }
            let Some(token) = self.clients.token_of(*id) else { continue };
            let Some(mut client) = self.clients.take(token) else { continue };
            if !client.flags.intersects(Flags::CLOSE_AFTER_REPLY | Flags::CLOSE_ASAP) {
                let protocol = client.protocol;
                message.append_to(&mut client.output, protocol);
                self.pushed(&mut client);
            }
            self.clients.put_back(client);
        }
        to.len()
    }

    fn deliver_to_current(&mut self, current: &mut Client, message: &mut Message<'_>) {
        let protocol = current.protocol;
        if self.settings.level < Level::V7_2 && current.reply_mode == ReplyMode::On {
            message.append_to(&mut current.output, protocol);
        } else {
            current.late_pushes.extend_from_slice(message.in_protocol(protocol));
        }
    }

    /// Adds a subscription and confirms it.
    pub fn subscribe(&mut self, client: &mut Client, kind: Kind, topic: &[u8]) {
        let subscriptions = client.subscriptions.get_or_insert_default();
        if subscriptions.add(kind, topic) {
            self.pubsub.add(kind, topic, client.id);
        }
        client.flags.insert(Flags::PUBSUB);
        confirm(client, kind.subscribed(), kind, Some(topic));
    }

    /// Ends a subscription, whether it exists or not, and confirms it.
    pub fn unsubscribe(&mut self, client: &mut Client, kind: Kind, topic: &[u8]) {
        self.remove_subscription(client, kind, topic);
        confirm(client, kind.unsubscribed(), kind, Some(topic));
        self.forget_subscriber(client);
    }

    /// Ends all subscriptions of a kind and confirms each; with none, confirms just that.
    pub fn unsubscribe_kind(&mut self, client: &mut Client, kind: Kind) {
        let topics = topics_of(client, kind);
        for topic in &topics {
            self.remove_subscription(client, kind, topic);
            confirm(client, kind.unsubscribed(), kind, Some(topic));
        }
        if topics.is_empty() {
            confirm(client, kind.unsubscribed(), kind, None);
        }
        self.forget_subscriber(client);
    }

    /// Ends all subscriptions without a word.
    pub fn unsubscribe_all(&mut self, client: &mut Client) {
        for kind in Kind::ALL {
            for topic in topics_of(client, kind) {
                self.pubsub.remove(kind, &topic, client.id);
            }
        }
        client.subscriptions = None;
        client.flags.remove(Flags::PUBSUB);
    }

    fn remove_subscription(&mut self, client: &mut Client, kind: Kind, topic: &[u8]) {
        let Some(subscriptions) = &mut client.subscriptions else { return };
        if subscriptions.remove(kind, topic) {
            self.pubsub.remove(kind, topic, client.id);
        }
    }

    /// A client without subscriptions is an ordinary one again.
    fn forget_subscriber(&mut self, client: &mut Client) {
        if client.subscriptions.as_ref().is_none_or(|subscriptions| subscriptions.is_empty()) {
            client.subscriptions = None;
            client.flags.remove(Flags::PUBSUB);
        }
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
        // A client that wants no replies gets these, as they are messages.
        client.late_pushes.extend_from_slice(&silent.to_vec());
    }
}
