//! Nobody starves: some clients call without pause until all the others have got on.
//!
//! No time is asserted, only that it ends; a reply that takes 30 seconds ends the test (see [`Client`]).

use super::load::exclusive;
use crate::{Client, Reply, Server};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

/// The outcome of a run.
#[derive(Debug)]
pub struct Progress {
    /// The time until the last of the observed clients was done.
    pub elapsed: Duration,
    /// The time at which each of the observed clients was done.
    pub done: Vec<Duration>,
    /// Rounds of the clients that called without pause meanwhile.
    pub rounds: usize,
}

/// The work of a client in a round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Work {
    /// One simple command.
    Simple,
    /// 64 simple commands at once.
    Pipeline,
    /// One call that needs the whole server.
    Exclusive,
    /// 50 such calls at once.
    Exclusives,
}

impl Work {
    fn round(self, client: &mut Client, number: usize, turn: usize) {
        let count = match self {
            Work::Simple => 1,
            Work::Pipeline => 64,
            Work::Exclusive => return exclusive(client, turn),
            Work::Exclusives => 50,
        };
        let call = |at: usize| match self {
            Work::Exclusives => vec!["CLIENT".to_owned(), "NO-EVICT".to_owned(), "OFF".to_owned()],
            _ if at.is_multiple_of(2) => {
                vec!["SET".to_owned(), format!("key:{number}:{at}"), turn.to_string()]
            }
            _ => vec!["GET".to_owned(), format!("key:{number}:{}", at - 1)],
        };
        let calls: Vec<Vec<String>> = (0..count).map(call).collect();
        let replies: Vec<Reply> = client.pipeline(&calls).expect("the server answers");
        assert!(replies.iter().all(|reply| !reply.is_error()), "{replies:?}");
    }
}

/// Lets `observed` clients (number, work, rounds of each) run, while `others` work without pause until those are done.
pub fn contend(server: &Server, observed: (usize, Work, usize), others: (usize, Work)) -> Progress {
    let (over, started) = (AtomicBool::new(false), Instant::now());
    scope(|scope| {
        let pressing: Vec<_> = (0..others.0)
            .map(|number| {
                let (mut client, over) = (server.connect(), &over);
                scope.spawn(move || {
                    let mut turn = 0;
                    while !over.load(Ordering::Relaxed) {
                        others.1.round(&mut client, number, turn);
                        turn += 1;
                    }
                    turn
                })
            })
            .collect();
        let observed: Vec<_> = (0..observed.0)
            .map(|number| {
                let mut client = server.connect();
                scope.spawn(move || {
                    (0..observed.2).for_each(|turn| observed.1.round(&mut client, 1000 + number, turn));
                    started.elapsed()
                })
            })
            .collect();
        let done: Vec<_> = observed.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        // The others end in any case, so that a failure is reported.
        over.store(true, Ordering::Relaxed);
        let done: Vec<Duration> =
            done.into_iter().map(|done| done.expect("every client gets its replies")).collect();
        let rounds = pressing.into_iter().map(|one| one.join().expect("they get theirs, too"));
        Progress { elapsed: started.elapsed(), rounds: rounds.sum(), done }
    })
}
