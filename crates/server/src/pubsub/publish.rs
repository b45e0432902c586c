//! Sending messages to their subscribers: publications and keyspace events.

use super::{Exchange, Kind, Publication, Registry, Subscriber};
use crate::mailboxes::{ClientMessage, MessageBody};
use ochre_engine::command::EventClasses;
use ochre_engine::command::effects::Event;
use ochre_engine::text::glob_match;
use std::sync::Arc;

impl Registry {
    /// Sends a message to all subscribers of a channel, and returns their number.
    pub fn publish(
        &self,
        kind: Kind,
        channel: &[u8],
        text: &[u8],
        send: &mut dyn FnMut(ClientMessage),
    ) -> usize {
        let words = [kind.message().as_bytes(), channel, text];
        let mut receivers = spread(self.subscribers(kind, channel), &words, send);
        if kind == Kind::Channel {
            for (pattern, clients) in self.patterns() {
                if glob_match(pattern, channel) {
                    let words = [Kind::Pattern.message().as_bytes(), pattern, channel, text];
                    receivers += spread(clients, &words, send);
                }
            }
        }
        receivers
    }
}

fn spread(to: &[Subscriber], words: &[&[u8]], send: &mut dyn FnMut(ClientMessage)) -> usize {
    if !to.is_empty() {
        let publication = Arc::new(Publication::new(words));
        for Subscriber { id, token } in to {
            send(ClientMessage {
                to: *token,
                id: *id,
                body: MessageBody::Publication(Arc::clone(&publication)),
            });
        }
    }
    to.len()
}

impl Exchange {
    /// Publishes keyspace events, on the kinds of channels that `wanted` switches on.
    pub fn publish_events(
        &self,
        wanted: EventClasses,
        events: &[Event],
        send: &mut dyn FnMut(ClientMessage),
    ) {
        if events.is_empty() || !self.is_heard() {
            return;
        }
        let registry = self.registry();
        for event in events {
            let channel = |space: &str, what: &[u8]| {
                let mut name = format!("__{space}@{}__:", event.db.0).into_bytes();
                name.extend_from_slice(what);
                name
            };
            let name = event.name.as_bytes();
            if wanted.contains(EventClasses::KEYSPACE) {
                registry.publish(Kind::Channel, &channel("keyspace", &event.key), name, send);
            }
            if wanted.contains(EventClasses::KEYEVENT) {
                registry.publish(Kind::Channel, &channel("keyevent", name), &event.key, send);
            }
        }
    }
}
