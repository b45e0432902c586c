//! Rounds of calls by several clients on a real server, each with its times.

use super::check::{Call, explains};
use super::model::{KEYS, Op, State};
use crate::{Client, Reply, Rng, Server};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Calls of one client in a round.
const CALLS: usize = 7;

/// Plays rounds until the time is up, and returns how many. Panics with the history that nothing explains.
pub fn play(server: &Server, clients: usize, time: Duration, seed: u64) -> usize {
    assert!(clients * CALLS + KEYS * 3 + 3 <= 64, "histories have at most 64 calls");
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
                scope.spawn(move || {
                    (0..CALLS).map(|_| call(number, client, Op::random(&mut rng))).collect::<Vec<Call>>()
                })
            })
            .collect();
        players.into_iter().flat_map(|player| player.join().expect("a player only calls")).collect()
    })
}

fn call(number: usize, client: &mut Client, op: Op) -> Call {
    let commands = op.commands();
    let sent = tick();
    let mut replies = client.pipeline(&commands).expect("the server answers");
    let answered = tick();
    let last = replies.pop().expect("at least one reply");
    let reply = match &op {
        Op::CompareAndSet(..) => Reply::Array(vec![replies[1].clone(), last]),
        _ => last,
    };
    Call { client: number, op, reply, sent, answered }
}

/// Reads everything, one key after the other, when nobody else is there: only one state explains that.
fn read_all(reader: &mut Client) -> Vec<Call> {
    let mut history = Vec::new();
    for key in 0..KEYS {
        history.push(call(usize::MAX, reader, Op::Get(key)));
        history.push(call(usize::MAX, reader, Op::SMembers(key)));
        history.push(call(usize::MAX, reader, Op::LRange(key)));
    }
    // The next entry for the group tells how many it was given.
    for op in [Op::XRange, Op::XGroupCreate, Op::XReadGroup] {
        history.push(call(usize::MAX, reader, op));
    }
    history
}
