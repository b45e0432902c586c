//! Rounds of calls by several clients on a real server, each with its times.

use super::check::{Call, explains};
use super::model::{KEYS, Op, State, Walk};
use crate::client::encode;
use crate::{Client, Reply, Rng, Server};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Calls of one client in a round.
const CALLS: usize = 7;

/// The most calls that a client sends at once.
const BURST: usize = 3;

/// Plays rounds until the time is up, and returns how many. Panics with the history that nothing explains.
pub fn play(server: &Server, clients: usize, time: Duration, seed: u64) -> usize {
    assert!(clients * CALLS * 2 + KEYS * 3 + 3 <= 128, "histories have at most 128 calls");
    let mut connections: Vec<Client> = (0..clients).map(|_| server.connect()).collect();
    let (mut reader, started) = (server.connect(), Instant::now());
    reader.run("FLUSHALL");
    let (mut state, mut rounds) = (State::default(), 0);
    while started.elapsed() < time {
        let mut history = round(&mut connections, seed.wrapping_mul(1_000_003).wrapping_add(rounds as u64));
        history.extend(read_all(&mut reader));
        let Some(next) = explains(&state, &history) else {
            history.sort_by_key(|call| call.sent);
            let lines: Vec<String> = history
                .iter()
                .map(|c| {
                    format!("{:4}..{:<4} client {} {:?} -> {:?}", c.sent, c.answered, c.client, c.op, c.reply)
                })
                .collect();
            panic!("round {rounds} of seed {seed}: nothing explains, from {state:?}:\n{}", lines.join("\n"));
        };
        state = next;
        rounds += 1;
    }
    rounds
}

/// The clock of a round: it only has to order events.
static CLOCK: AtomicU64 = AtomicU64::new(0);

fn tick() -> u64 {
    CLOCK.fetch_add(1, Ordering::SeqCst)
}

fn round(connections: &mut [Client], seed: u64) -> Vec<Call> {
    std::thread::scope(|scope| {
        let players: Vec<_> = connections
            .iter_mut()
            .enumerate()
            .map(|(number, client)| {
                let mut rng = Rng::new(seed ^ (number as u64) << 48);
                scope.spawn(move || play_one(number, client, &mut rng))
            })
            .collect();
        players.into_iter().flat_map(|player| player.join().expect("a player only calls")).collect()
    })
}

/// The calls of one client: one at a time, or some at once.
fn play_one(number: usize, client: &mut Client, rng: &mut Rng) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut left = CALLS;
    while left > 0 {
        let count = if rng.chance(70) { 1 } else { rng.range(2, BURST).min(left) };
        let ops: Vec<Op> = (0..count).map(|_| Op::random(rng)).collect();
        left -= count;
        match ops.as_slice() {
            [Op::WalkEnds(walk)] => calls.extend(walk_over(client, *walk)),
            [Op::CompareAndSet(..)] if rng.chance(50) => calls.push(compare_slowly(client, &ops[0])),
            // A walk takes several calls, each after the reply to the one before.
            _ => calls.extend(burst(client, ops.into_iter().filter(|op| !matches!(op, Op::WalkEnds(_))))),
        }
    }
    calls.iter_mut().enumerate().for_each(|(at, call)| (call.client, call.number) = (number, at));
    calls
}

/// Sends calls at once and reads their replies.
fn burst(client: &mut Client, ops: impl Iterator<Item = Op>) -> Vec<Call> {
    let ops: Vec<(Op, usize)> = ops.map(with_length).collect();
    let bytes: Vec<u8> =
        ops.iter().flat_map(|(op, _)| op.commands()).flat_map(|command| encode(&command)).collect();
    let sent = tick();
    client.send(&bytes).expect("the server takes calls");
    let answer = |(op, len): (Op, usize)| {
        let replies: Vec<Reply> = (0..len).map(|_| client.read().expect("the server answers")).collect();
        finished(op, sent, replies)
    };
    ops.into_iter().map(answer).collect()
}

/// A call with the number of its commands.
fn with_length(op: Op) -> (Op, usize) {
    let commands = op.commands().len();
    (op, commands)
}

/// A call with its replies.
fn finished(op: Op, sent: u64, mut replies: Vec<Reply>) -> Call {
    let answered = tick();
    let last = replies.pop().expect("at least one reply");
    let reply = match &op {
        Op::CompareAndSet(..) => Reply::Array(vec![replies[1].clone(), last]),
        _ => last,
    };
    Call { client: 0, number: 0, op, reply, sent, answered }
}

/// Looks at the value before it sends the transaction, as real clients do.
fn compare_slowly(client: &mut Client, op: &Op) -> Call {
    let (sent, commands) = (tick(), op.commands());
    let mut replies = client.pipeline(&commands[..2]).expect("the server answers");
    replies.extend(client.pipeline(&commands[2..]).expect("the server answers"));
    finished(op.clone(), sent, replies)
}

/// Walks over all keys: two calls of the history, the beginning and the end.
fn walk_over(client: &mut Client, walk: Walk) -> [Call; 2] {
    let sent = tick();
    let found = match walk {
        Walk::Scan => scan(client),
        _ => client.call(&Op::WalkEnds(walk).commands()[0]),
    };
    let begin = Call { client: 0, number: 0, op: Op::WalkBegins, reply: Reply::Null, sent, answered: tick() };
    [begin.clone(), Call { op: Op::WalkEnds(walk), reply: found, ..begin }]
}

/// The names that SCAN finds.
fn scan(client: &mut Client) -> Reply {
    let (mut cursor, mut found) = ("0".to_owned(), Vec::new());
    loop {
        let reply = client.run(&format!("SCAN {cursor} COUNT 3"));
        let Reply::Array(parts) = &reply else { return reply };
        found.extend_from_slice(parts[1].items());
        cursor = parts[0].text();
        if cursor == "0" {
            return Reply::Array(found);
        }
    }
}

/// Reads everything, one key after the other, when nobody else is there: only one state explains that.
fn read_all(reader: &mut Client) -> Vec<Call> {
    let keys = (0..KEYS).flat_map(|key| [Op::Get(key), Op::SMembers(key), Op::LRange(key)]);
    // The next entry for the group tells how many it was given.
    let ops = keys.chain([Op::XRange, Op::XGroupCreate, Op::XReadGroup]);
    let calls = ops.map(|op| burst(reader, std::iter::once(op)).remove(0));
    calls.enumerate().map(|(number, call)| Call { client: usize::MAX, number, ..call }).collect()
}
