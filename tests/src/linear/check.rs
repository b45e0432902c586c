//! The search for an order of calls that explains a history.

use super::model::{Op, State};
use crate::Reply;
use std::collections::HashSet;

/// One call of a history.
#[derive(Debug, Clone)]
pub struct Call {
    /// The client.
    pub client: usize,
    /// The number of the call among those of the client.
    pub number: usize,
    /// The request.
    pub op: Op,
    /// The reply.
    pub reply: Reply,
    /// The time at which it was sent, on a clock that all clients share.
    pub sent: u64,
    /// The time at which the reply had come.
    pub answered: u64,
}

/// The state behind an order of all calls (at most 128) that explains the history; `None` if there is none.
///
/// Of the calls that are not in the order yet, one may come next if it was sent before any other of them was answered,
/// and if all earlier calls of its client are in the order: clients send several at once. The calls of a client are in
/// the order in which it sent them.
pub fn explains(start: &State, history: &[Call]) -> Option<State> {
    assert!(history.len() <= 128, "a history of at most 128 calls");
    // Calls that were answered first are tried first, which is the right order in most cases.
    let mut calls: Vec<&Call> = history.iter().collect();
    calls.sort_by_key(|call| (call.answered, call.sent));
    let earlier: Vec<u128> = calls.iter().map(|call| earlier_of_client(&calls, call)).collect();
    let all = (0..calls.len()).fold(0u128, |all, at| all | 1 << at);
    let mut tried = HashSet::new();
    let mut open = vec![(0u128, start.clone())];
    while let Some((placed, state)) = open.pop() {
        if placed == all {
            return Some(state);
        }
        if !tried.insert((placed, state.clone())) {
            continue;
        }
        let rest = || calls.iter().enumerate().filter(|(at, _)| placed >> at & 1 == 0);
        let first_answer = rest().map(|(_, call)| call.answered).min().unwrap_or(u64::MAX);
        for (at, call) in rest().rev().filter(|(_, call)| call.sent <= first_answer) {
            if earlier[at] & !placed == 0
                && let Some(next) = state.after(&call.op, &call.reply)
            {
                open.push((placed | 1 << at, next));
            }
        }
    }
    None
}

/// The calls that have to come before this one, because its client sent them before.
fn earlier_of_client(calls: &[&Call], call: &Call) -> u128 {
    let is_earlier = |other: &Call| other.client == call.client && other.number < call.number;
    let bits = calls.iter().enumerate().filter(|(_, other)| is_earlier(other)).map(|(at, _)| 1u128 << at);
    bits.fold(0, |all, bit| all | bit)
}

#[cfg(test)]
mod tests {
    use super::super::model::Walk;
    use super::*;

    fn call(client: usize, op: Op, reply: Reply, sent: u64, answered: u64) -> Call {
        Call { client, number: 0, op, reply, sent, answered }
    }

    fn value(text: &str) -> Reply {
        Reply::Bulk(text.as_bytes().to_vec())
    }

    fn ok() -> Reply {
        Reply::Simple("OK".into())
    }

    #[test]
    fn calls_at_the_same_time_may_have_any_order() {
        let history = [
            call(0, Op::Set(0, 1), ok(), 1, 10),
            call(1, Op::Get(0), Reply::NilBulk, 2, 3),
            call(2, Op::Get(0), value("1"), 4, 5),
        ];
        assert!(explains(&State::default(), &history).is_some());
    }

    #[test]
    fn a_value_that_was_seen_cannot_be_unseen() {
        let history = [
            call(0, Op::Set(0, 1), ok(), 1, 10),
            call(1, Op::Get(0), value("1"), 2, 3),
            call(2, Op::Get(0), Reply::NilBulk, 4, 5),
        ];
        assert!(explains(&State::default(), &history).is_none());
    }

    #[test]
    fn a_transaction_takes_effect_as_a_whole() {
        let both = Reply::Array(vec![ok(), ok()]);
        let torn = Reply::Array(vec![value("1"), Reply::NilBulk]);
        let history = [
            call(0, Op::Exec(vec![Op::Set(0, 1), Op::Set(1, 1)]), both, 1, 10),
            call(1, Op::MGet(vec![0, 1]), torn, 2, 3),
        ];
        assert!(explains(&State::default(), &history).is_none());
    }

    #[test]
    fn an_increment_cannot_get_lost() {
        let history =
            [call(0, Op::Incr(0), Reply::Integer(1), 1, 10), call(1, Op::Incr(0), Reply::Integer(1), 1, 10)];
        assert!(explains(&State::default(), &history).is_none());
    }

    #[test]
    fn calls_of_one_client_keep_their_order() {
        let set = |number, value| Call { number, ..call(0, Op::Set(0, value), ok(), 1, 10) };
        let seen = |text| call(1, Op::Get(0), value(text), 20, 21);
        assert!(explains(&State::default(), &[set(0, 1), set(1, 2), seen("2")]).is_some());
        assert!(explains(&State::default(), &[set(0, 1), set(1, 2), seen("1")]).is_none());
    }

    fn names(names: &[&str]) -> Reply {
        Reply::Array(names.iter().map(|name| value(name)).collect())
    }

    /// The beginning and the end of a walk.
    fn walk(found: &[&str]) -> [Call; 2] {
        let begin = call(0, Op::WalkBegins, ok(), 1, 20);
        [begin, Call { number: 1, ..call(0, Op::WalkEnds(Walk::Scan), names(found), 1, 20) }]
    }

    #[test]
    fn a_walk_finds_what_was_always_there_and_nothing_that_never_was() {
        let start = State::default().after(&Op::MSet(vec![0, 1], 1), &ok()).unwrap();
        let history = |found: &[&str]| {
            let renamed = call(1, Op::Rename(1, 2), ok(), 2, 10);
            let [begin, end] = walk(found);
            [begin, renamed, end]
        };
        for possible in [vec!["string:0"], vec!["string:2", "string:0"], vec!["string:1", "string:0"]] {
            assert!(explains(&start, &history(&possible)).is_some(), "{possible:?}");
        }
        for impossible in [vec!["string:1"], vec!["string:0", "list:0"]] {
            assert!(explains(&start, &history(&impossible)).is_none(), "{impossible:?}");
        }
    }
}
