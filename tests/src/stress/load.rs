//! The paced clients.

use super::cpu::Usage;
use super::report::{Latencies, Report};
use crate::{Client, Reply, Rng, Server};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{ScopedJoinHandle, scope, sleep};
use std::time::{Duration, Instant};

/// The number of clients of each kind. [`super`] describes their work, `Kind::period` how often they call.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Load {
    pub multi: usize,
    pub batches: usize,
    pub exclusive: usize,
    pub measure: usize,
}

impl Load {
    /// The load that latencies are measured under: at most 4,000 multi-key calls, 12,800 MGETs in batches, 800
    /// exclusive calls and 2,000 simple ones a second.
    pub fn usual() -> Load {
        Load { multi: 12, batches: 2, exclusive: 4, measure: 2 }
    }

    /// The usual load without exclusive commands, for comparison.
    pub fn without_exclusive() -> Load {
        Load { exclusive: 0, ..Load::usual() }
    }

    fn kinds(self) -> Vec<Kind> {
        [
            vec![Kind::Multi; self.multi],
            vec![Kind::Batches; self.batches],
            vec![Kind::Exclusive; self.exclusive],
            vec![Kind::Measure; self.measure],
        ]
        .concat()
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Multi,
    Batches,
    Exclusive,
    Measure,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Multi => "multi",
            Kind::Batches => "batches",
            Kind::Exclusive => "exclusive",
            Kind::Measure => "measure",
        }
    }

    /// The time from one call to the next.
    fn period(self) -> Duration {
        match self {
            Kind::Multi => Duration::from_millis(3),
            Kind::Batches => Duration::from_millis(10),
            Kind::Exclusive => Duration::from_millis(5),
            Kind::Measure => Duration::from_millis(1),
        }
    }
}

/// Groups of keys that are set and read as a whole.
const GROUPS: usize = 16;
const GROUP: usize = 8;
/// Lists that elements move between, and how many elements there are.
const LISTS: usize = 4;
const ELEMENTS: usize = 64;

/// Runs the load on an empty server for some time.
pub fn run(server: &Server, load: Load, time: Duration, seed: u64) -> Report {
    let mut control = server.connect();
    control.run("FLUSHALL");
    prepare(&mut control);
    let (over, before, turns) = (AtomicBool::new(false), Usage::now(server.pid()), turns(&mut control));
    let started = Instant::now();
    let players = scope(|scope| {
        let play = |(number, kind): (usize, Kind)| -> ScopedJoinHandle<'_, Player> {
            let mut player = Player::new(server, number, kind, seed);
            let over = &over;
            scope.spawn(move || {
                player.play(over);
                player
            })
        };
        let running: Vec<_> = load.kinds().into_iter().enumerate().map(play).collect();
        sleep(time);
        over.store(true, Ordering::Relaxed);
        running
            .into_iter()
            .map(|player| player.join().expect("every client gets its replies"))
            .collect::<Vec<_>>()
    });
    let seconds = started.elapsed().as_secs_f64();
    let busy = Usage::now(server.pid()).since(&before);
    let turns = self::turns(&mut control).saturating_sub(turns);
    let left: usize = (0..LISTS).map(|list| length(&mut control, list)).sum();
    assert_eq!(left, ELEMENTS, "elements that moved between lists");
    Report {
        latencies: Latencies::new(players.iter().flat_map(|player| player.times.iter().copied()).collect()),
        lateness: Latencies::new(players.iter().flat_map(|player| player.late.iter().copied()).collect()),
        calls: players.iter().map(|player| (player.kind.name(), player.calls)).collect(),
        busy,
        exclusive_per_second: turns as f64 / seconds,
    }
}

fn prepare(control: &mut Client) {
    for group in 0..GROUPS {
        control.call(&set_group(group, "first"));
    }
    for element in 0..ELEMENTS {
        control.run(&format!("RPUSH list:{} {element}", element % LISTS));
        control.run(&format!("SADD set:{} {element} {}", element % 3, element / 3));
    }
}

fn length(client: &mut Client, list: usize) -> usize {
    client.run(&format!("LLEN list:{list}")).integer().expect("a length") as usize
}

/// Times that the exclusive mode was entered so far.
fn turns(control: &mut Client) -> u64 {
    let info = control.run("INFO workers").text();
    let turns = info.lines().find_map(|line| line.strip_prefix("exclusive_turns:"));
    turns.and_then(|turns| turns.trim().parse().ok()).unwrap_or(0)
}

fn set_group(group: usize, value: &str) -> Vec<String> {
    let pairs = (0..GROUP).flat_map(|key| [format!("group:{group}:{key}"), value.to_owned()]);
    std::iter::once("MSET".to_owned()).chain(pairs).collect()
}

fn get_group(group: usize) -> Vec<String> {
    let keys = (0..GROUP).map(|key| format!("group:{group}:{key}"));
    std::iter::once("MGET".to_owned()).chain(keys).collect()
}

fn check_group(reply: &Reply) {
    let items = reply.items();
    assert!(items.len() == GROUP && items.iter().all(|item| *item == items[0]), "a torn group: {reply:?}");
}

/// A client with a connection of its own.
struct Player {
    kind: Kind,
    client: Client,
    rng: Rng,
    number: usize,
    calls: usize,
    times: Vec<u64>,
    late: Vec<u64>,
}

impl Player {
    fn new(server: &Server, number: usize, kind: Kind, seed: u64) -> Player {
        let (client, rng) = (server.connect(), Rng::new(seed ^ (number as u64) << 32));
        Player { kind, client, rng, number, calls: 0, times: Vec::new(), late: Vec::new() }
    }

    /// Calls until `over` is set, at least once. Missed calls are not made up for.
    fn play(&mut self, over: &AtomicBool) {
        let period = self.kind.period();
        let mut next = Instant::now() + period.mul_f64(self.rng.below(1000) as f64 / 1000.0);
        while self.calls == 0 || !over.load(Ordering::Relaxed) {
            sleep(next.saturating_duration_since(Instant::now()));
            self.step(next);
            self.calls += 1;
            next = (next + period).max(Instant::now());
        }
    }

    fn step(&mut self, wanted: Instant) {
        match self.kind {
            Kind::Multi => self.multi(),
            Kind::Batches => self.batch(),
            Kind::Exclusive => exclusive(&mut self.client, self.calls),
            Kind::Measure => self.measure(wanted),
        }
    }

    fn multi(&mut self) {
        let (group, number) = (self.rng.below(GROUPS), self.number);
        let (a, b) = (self.rng.below(LISTS), self.rng.below(LISTS));
        match self.rng.below(6) {
            0 => assert!(self.client.call(&set_group(group, &self.calls.to_string())).is_ok()),
            1 => check_group(&self.client.call(&get_group(group))),
            2 => {
                self.client.run(&format!("SET own:{number} {}", self.calls));
                assert!(self.client.run(&format!("RENAME own:{number} other:{number}")).is_ok());
                assert_eq!(self.client.run(&format!("GET other:{number}")).text(), self.calls.to_string());
            }
            3 => {
                let reply = self.client.run(&format!("LMOVE list:{a} list:{b} LEFT RIGHT"));
                assert!(!reply.is_error(), "{reply:?}");
            }
            4 => {
                let reply = self.client.run(&format!("SINTERSTORE both:{number} set:0 set:1 set:2"));
                assert!(reply.integer().is_some_and(|len| len > 0), "{reply:?}");
            }
            _ => {
                let (set, get) = (set_group(group, "known"), get_group(group));
                let calls = [vec!["MULTI".to_owned()], set, get, vec!["EXEC".to_owned()]];
                let replies = self.client.pipeline(&calls).expect("the server answers");
                check_group(&replies[3].items()[1]);
            }
        }
    }

    fn batch(&mut self) {
        let calls: Vec<Vec<String>> = (0..64).map(|_| get_group(self.rng.below(GROUPS))).collect();
        self.client.pipeline(&calls).expect("the server answers").iter().for_each(check_group);
    }

    fn measure(&mut self, wanted: Instant) {
        let number = self.number;
        let line = match self.calls % 4 {
            0 => format!("SET simple:{number} {}", self.calls),
            1 | 2 => format!("GET simple:{number}"),
            _ => format!("INCR simple:{number}"),
        };
        let sent = Instant::now();
        let reply = self.client.run(&line);
        self.times.push(sent.elapsed().as_micros() as u64);
        self.late.push(sent.saturating_duration_since(wanted).as_micros() as u64);
        assert!(!reply.is_error(), "{reply:?}");
    }
}

/// Commands that have the whole server to themselves, in turn.
pub(super) fn exclusive(client: &mut Client, turn: usize) {
    let lines: &[&str] = match turn % 9 {
        0 => &["SELECT 9", "MSET a 1 b 2 c 3", "FLUSHDB", "SELECT 0"],
        1 => &["CONFIG SET slowlog-max-len 128"],
        2 => &["MULTI", "SORT list:0 BY weight:* GET other:*", "RANDOMKEY", "EXEC"],
        3 => &["CLIENT LIST"],
        4 => &["INFO"],
        5 => &["SUBSCRIBE news", "UNSUBSCRIBE news"],
        6 => &["PUBLISH news text"],
        7 => &["SWAPDB 7 8"],
        _ => &["COMMAND COUNT"],
    };
    let calls: Vec<Vec<&str>> = lines.iter().map(|line| line.split(' ').collect()).collect();
    let replies = client.pipeline(&calls).expect("the server answers");
    assert!(replies.iter().all(|reply| !reply.is_error()), "{lines:?}: {replies:?}");
}
