//! What an event of the poll is about, and the number that stands for it there.
//!
//! The poll knows endpoints by one word. Its low bits hold the kind, the others which one of that kind:
//! ```text
//!  usize::BITS                KIND_BITS    0
//!  +---------------------------+-----------+
//!  | number, 0 if there is one |   kind    |
//!  +---------------------------+-----------+
//! ```
//! Kinds have separate ranges this way, each as large as memory allows. A word that no endpoint packs into is
//! not an endpoint.

use mio::Token;

/// Bits of a token that hold the kind.
const KIND_BITS: u32 = 3;

const WAKER: usize = 0;
const SIGNALS: usize = 1;
const LISTENER: usize = 2;
const CLIENT: usize = 3;

/// Something that reports to the poll of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Other workers, which left something to do.
    Waker,
    /// The pipe that signals write to; only the first worker has it.
    Signals,
    /// The listening socket of this number.
    Listener(usize),
    /// The client at this place of the worker.
    Client(usize),
}

impl Endpoint {
    /// The endpoint that packs into this token, if there is one.
    #[inline]
    pub fn unpack(token: Token) -> Option<Endpoint> {
        let number = token.0 >> KIND_BITS;
        match token.0 & ((1 << KIND_BITS) - 1) {
            CLIENT => Some(Endpoint::Client(number)),
            LISTENER => Some(Endpoint::Listener(number)),
            WAKER if number == 0 => Some(Endpoint::Waker),
            SIGNALS if number == 0 => Some(Endpoint::Signals),
            _ => None,
        }
    }

    /// The poll's name of it.
    #[inline]
    pub fn token(self) -> Token {
        let (kind, number) = match self {
            Endpoint::Waker => (WAKER, 0),
            Endpoint::Signals => (SIGNALS, 0),
            Endpoint::Listener(number) => (LISTENER, number),
            Endpoint::Client(place) => (CLIENT, place),
        };
        debug_assert!(number <= usize::MAX >> KIND_BITS, "{self:?} does not fit into a token");
        Token(number << KIND_BITS | kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn some_endpoint() -> impl Strategy<Value = Endpoint> {
        let number = || prop_oneof![0..100_usize, 0..=usize::MAX >> KIND_BITS];
        prop_oneof![
            Just(Endpoint::Waker),
            Just(Endpoint::Signals),
            number().prop_map(Endpoint::Listener),
            number().prop_map(Endpoint::Client),
        ]
    }

    proptest! {
        #[test]
        fn endpoints_come_back_from_their_tokens(endpoint in some_endpoint()) {
            prop_assert_eq!(Endpoint::unpack(endpoint.token()), Some(endpoint));
        }

        #[test]
        fn tokens_are_unknown_or_those_of_their_endpoint(word in prop_oneof![0..1000_usize, any::<usize>()]) {
            if let Some(endpoint) = Endpoint::unpack(Token(word)) {
                prop_assert_eq!(endpoint.token(), Token(word));
            }
        }
    }

    #[test]
    fn no_two_endpoints_share_a_token() {
        let single = [Endpoint::Waker, Endpoint::Signals].into_iter();
        let many = (0..200).flat_map(|number| [Endpoint::Listener(number), Endpoint::Client(number)]);
        let tokens: HashSet<Token> = single.chain(many).map(Endpoint::token).collect();
        assert_eq!(tokens.len(), 402);
    }

    #[test]
    fn kinds_that_do_not_exist_and_second_wakers_are_unknown() {
        let unused = Token(CLIENT + 1);
        let second = Token(1 << KIND_BITS | WAKER);
        assert_eq!([unused, second, Token(usize::MAX)].map(Endpoint::unpack), [None; 3]);
    }
}
