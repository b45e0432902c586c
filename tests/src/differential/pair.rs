//! The two servers under comparison, and an episode on them.

use std::io;
use std::path::PathBuf;

use super::events::{self, Events};
use super::{Call, compare, name_of, printed, state};
use crate::server::is_reference;
use crate::{Client, Reply, Rng, Server, ServerOptions};

/// Starting conditions of an episode, the same for both servers.
#[derive(Debug, Clone)]
pub struct Setup {
    /// 2 or 3.
    pub protocol: u8,
    /// Directives for CONFIG SET.
    pub config: Vec<(&'static str, &'static str)>,
}

/// A difference found.
#[derive(Debug, Clone)]
pub struct Mismatch {
    /// Number of calls that led to it.
    pub after: usize,
    /// The command whose reply differs, or "state".
    pub what: String,
    /// Both replies, printed.
    pub details: String,
}

/// A running server with a connection for calls and one for looking at its state.
struct Side {
    binary: PathBuf,
    server: Server,
    calls: Client,
    state: Client,
    events: Events,
}

/// The tested server and the reference.
pub struct Pair {
    subject: Side,
    reference: Side,
}

impl Setup {
    /// Thresholds low enough to be crossed often, in half of the cases.
    pub fn random(rng: &mut Rng) -> Self {
        const CHOICES: &[(&str, &[&str])] = &[
            ("hash-max-listpack-entries", &["4", "8", "128"]),
            ("hash-max-listpack-value", &["8", "64"]),
            ("zset-max-listpack-entries", &["4", "8", "128"]),
            ("zset-max-listpack-value", &["8", "64"]),
            ("set-max-intset-entries", &["4", "512"]),
            ("list-max-listpack-size", &["2", "4", "-1", "-2"]),
            ("list-compress-depth", &["0", "1"]),
            ("stream-node-max-entries", &["3", "100"]),
            ("hll-sparse-max-bytes", &["100", "3000"]),
        ];
        let config = CHOICES.iter().map(|(name, values)| (*name, *rng.pick(values))).collect();
        Self { protocol: if rng.chance(50) { 2 } else { 3 }, config }
    }

    /// The setup as calls.
    fn calls(&self) -> Vec<Call> {
        let mut lines =
            vec!["DISCARD".to_owned(), "UNWATCH".to_owned(), "SELECT 0".to_owned(), "FLUSHALL".to_owned()];
        lines.extend(self.config.iter().map(|(name, value)| format!("CONFIG SET {name} {value}")));
        lines.push(format!("HELLO {}", self.protocol));
        lines.iter().map(|l| l.split(' ').map(|w| w.as_bytes().to_vec()).collect()).collect()
    }

    /// The part of the setup somebody has to type before replaying a sequence.
    pub fn printed(&self) -> String {
        self.calls()[3..].iter().map(printed).collect::<Vec<_>>().join("; ")
    }
}

impl Side {
    fn start(binary: PathBuf) -> Self {
        let args: &[&str] = if is_reference(&binary) { &[] } else { &["--compat-version", "7.0"] };
        let server = Server::start_with(ServerOptions {
            binary: binary.clone(),
            args: args.iter().map(|&a| a.to_owned()).collect(),
            ..ServerOptions::default()
        });
        let (calls, state) = (server.connect(), server.connect());
        let events = Events::subscribe(&server);
        Self { binary, server, calls, state, events }
    }

    fn restart(&mut self) {
        *self = Self::start(self.binary.clone());
    }
}

impl Pair {
    /// Starts both.
    pub fn start(subject: PathBuf, reference: PathBuf) -> Self {
        Self { subject: Side::start(subject), reference: Side::start(reference) }
    }

    /// A new connection to the tested server.
    pub fn connect_subject(&self) -> Client {
        self.subject.server.connect()
    }

    /// A new connection to the reference.
    pub fn connect_reference(&self) -> Client {
        self.reference.server.connect()
    }

    /// Empties both servers and makes them ready for an episode.
    pub fn prepare(&mut self, setup: &Setup) {
        for side in [&mut self.subject, &mut self.reference] {
            let replies = side.calls.pipeline(&setup.calls());
            if replies.is_err() || side.events.take().is_err() {
                side.restart();
                side.calls.pipeline(&setup.calls()).expect("a fresh server answers");
                side.events.take().expect("a fresh server publishes");
            }
        }
    }

    /// Sends `calls` to both as pipelines and compares reply by reply. `earlier` counts the calls
    /// of the episode before these; `queued` the calls an open transaction holds.
    pub fn run(&mut self, calls: &[Call], earlier: usize, queued: &mut Vec<Call>) -> Option<Mismatch> {
        let expected = self.reference.calls.pipeline(calls).expect("the reference answers");
        let actual = match self.subject.calls.pipeline(calls) {
            Ok(replies) => replies,
            Err(e) => return Some(self.lost(&e, earlier + calls.len())),
        };
        let mismatch = |i: usize, what: String| Mismatch {
            after: earlier + i + 1,
            what,
            details: format!(
                "{}\n  subject   {:?}\n  reference {:?}",
                printed(&calls[i]),
                actual[i],
                expected[i]
            ),
        };
        let different = (0..calls.len()).find_map(|i| {
            (!alike(&calls[i], &actual[i], &expected[i], queued)).then(|| mismatch(i, name_of(&calls[i])))
        });
        different.or_else(|| self.compare_events(earlier + calls.len()))
    }

    /// Compares the events published since the last comparison.
    fn compare_events(&mut self, after: usize) -> Option<Mismatch> {
        let expected = self.reference.events.take().expect("the reference publishes");
        match self.subject.events.take() {
            Ok(actual) => events::difference(&actual, &expected).map(|details| Mismatch {
                after,
                what: "events".to_owned(),
                details,
            }),
            Err(e) => Some(self.lost(&e, after)),
        }
    }

    /// Compares all keys of both.
    pub fn compare_state(&mut self, after: usize) -> Option<Mismatch> {
        match state::difference(&mut self.subject.state, &mut self.reference.state) {
            Ok(found) => found.map(|details| Mismatch { after, what: "state".to_owned(), details }),
            Err(e) => Some(self.lost(&e, after)),
        }
    }

    fn lost(&mut self, error: &io::Error, after: usize) -> Mismatch {
        let gone = !self.subject.server.is_running();
        let log = self.subject.server.log();
        let tail: Vec<&str> = log.lines().rev().take(30).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        self.subject.restart();
        let fate = if gone { "the server is gone" } else { "the connection is lost" };
        Mismatch { after, what: "crash".to_owned(), details: format!("{fate}: {error}\n{}", tail.join("\n")) }
    }
}

/// Compares one pair of replies; those of EXEC each with the rules of the call it belongs to.
fn alike(call: &Call, a: &Reply, b: &Reply, queued: &mut Vec<Call>) -> bool {
    if matches!(b, Reply::Simple(s) if s == "QUEUED") {
        queued.push(call.clone());
        return a == b;
    }
    match name_of(call).as_str() {
        "EXEC" => {
            let calls = std::mem::take(queued);
            let (x, y) = (a.items(), b.items());
            a == b
                || x.len() == y.len()
                    && x.len() == calls.len()
                    && calls.iter().zip(x.iter().zip(y)).all(|(call, (a, b))| compare::same(call, a, b))
        }
        "DISCARD" | "MULTI" if !b.is_error() => {
            queued.clear();
            a == b
        }
        _ => compare::same(call, a, b),
    }
}
