//! A message on its way to subscribers.
//!
//! A message is encoded once per protocol, at the first need, however many clients get it. A large one is not even
//! copied into their outputs.

use bytes::Bytes;
use ochre_resp::reply::{Output, Protocol, Reply};
use std::sync::OnceLock;

/// A message: the words of a push, and their encodings.
pub struct Publication {
    words: Vec<Box<[u8]>>,
    spelled: [OnceLock<Bytes>; 2],
}

impl Publication {
    /// The message with these words.
    pub fn new(words: &[&[u8]]) -> Publication {
        Publication {
            words: words.iter().map(|word| Box::from(*word)).collect(),
            spelled: Default::default(),
        }
    }

    /// Bytes of the words.
    pub fn bytes(&self) -> usize {
        self.words.iter().map(|word| word.len()).sum()
    }

    /// The encoded message.
    pub fn in_protocol(&self, protocol: Protocol) -> &Bytes {
        self.spelled[protocol as usize].get_or_init(|| {
            let mut out = Output::new();
            let mut reply = Reply::new(&mut out, protocol);
            reply.push(self.words.len());
            self.words.iter().for_each(|word| reply.bulk(word));
            out.to_vec().into()
        })
    }

    /// Adds the message to the output of a client.
    pub fn append_to(&self, out: &mut Output, protocol: Protocol) {
        let bytes = self.in_protocol(protocol);
        if bytes.len() < Output::SHARED_FROM { out.append(bytes) } else { out.append_shared(bytes.clone()) }
    }
}
