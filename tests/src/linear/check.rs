//! The search for an order of calls that explains a history.

use super::model::{Op, State};
use crate::Reply;
use std::collections::HashSet;

/// One call of a history.
#[derive(Debug, Clone)]
pub struct Call {
    /// The client.
    pub client: usize,
    /// What was asked.
    pub op: Op,
    /// What was answered.
    pub reply: Reply,
    /// When it was sent, on a clock that all clients share.
    pub sent: u64,
    /// When the answer was there.
    pub answered: u64,
}

/// The state behind an order of all calls (at most 64) that explains the history; `None` if there is none.
///
/// Of the calls not placed yet, one may come next if it was sent before any other of them was answered.
pub fn explains(start: &State, history: &[Call]) -> Option<State> {
    assert!(history.len() <= 64, "a history of at most 64 calls");
    let all = if history.len() == 64 { u64::MAX } else { (1 << history.len()) - 1 };
    let mut tried = HashSet::new();
    let mut open = vec![(0u64, start.clone())];
    while let Some((placed, state)) = open.pop() {
        if placed == all {
            return Some(state);
        }
        if !tried.insert((placed, state.clone())) {
            continue;
        }
        let rest = || history.iter().enumerate().filter(|(at, _)| placed >> at & 1 == 0);
        let first_answer = rest().map(|(_, call)| call.answered).min().unwrap_or(u64::MAX);
        for (at, call) in rest().filter(|(_, call)| call.sent <= first_answer) {
            if let Some(next) = state.after(&call.op, &call.reply) {
                open.push((placed | 1 << at, next));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(client: usize, op: Op, reply: Reply, sent: u64, answered: u64) -> Call {
        Call { client, op, reply, sent, answered }
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
}
