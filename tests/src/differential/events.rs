//! The keyspace events two servers publish for the same calls, compared in order.

use std::io;

use crate::{Client, Server};

/// A channel that the pattern covers and no key can have.
const MARK: &str = "__keyend__:mark";

/// A subscriber to all keyspace events of one server.
#[derive(Debug)]
pub struct Events {
    subscriber: Client,
    publisher: Client,
}

impl Events {
    /// Turns all classes of events on and subscribes.
    pub fn subscribe(server: &Server) -> Self {
        let (mut subscriber, mut publisher) = (server.connect(), server.connect());
        publisher.run("CONFIG SET notify-keyspace-events KEAn");
        subscriber.run("PSUBSCRIBE __key*__:*");
        Self { subscriber, publisher }
    }

    /// The events published since the last time, as `channel message`.
    pub fn take(&mut self) -> io::Result<Vec<String>> {
        self.publisher.pipeline(&[vec!["PUBLISH", MARK, "."]])?;
        let mut events = Vec::new();
        loop {
            let message = self.subscriber.read()?;
            let [_, _, channel, text] = message.items() else { continue };
            if channel.bytes() == Some(MARK.as_bytes()) {
                return Ok(events);
            }
            events.push(format!("{channel:?} {text:?}"));
        }
    }
}

/// The first event that differs, with the two before it.
pub fn difference(subject: &[String], reference: &[String]) -> Option<String> {
    let same = subject.iter().zip(reference).take_while(|(a, b)| a == b).count();
    if same == subject.len() && same == reference.len() {
        return None;
    }
    let shown = |events: &[String]| {
        let from = same.saturating_sub(2);
        events.iter().skip(from).take(6).cloned().collect::<Vec<_>>().join(", ")
    };
    Some(format!("events:\n  subject   {}\n  reference {}", shown(subject), shown(reference)))
}
