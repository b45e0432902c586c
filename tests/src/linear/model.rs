//! A Redis for one client at a time: a few keys of fixed types, obviously right.

use crate::{Reply, Rng};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Keys of each type; few, so that clients meet.
pub const KEYS: usize = 3;

/// A call. Keys are numbers within their type; values are small numbers.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Op {
    Get(usize),
    Set(usize, u32),
    Incr(usize),
    Append(usize, u32),
    MSet(Vec<usize>, u32),
    MGet(Vec<usize>),
    Rename(usize, usize),
    LPush(usize, u32),
    LMove(usize, usize),
    LRange(usize),
    /// BLPOP with a short timeout.
    BLPop(Vec<usize>),
    /// BLMOVE with a short timeout.
    BLMove(usize, usize),
    SAdd(usize, u32),
    SInterStore(usize, usize, usize),
    SMembers(usize),
    XAdd(u32),
    XRange,
    XGroupCreate,
    XReadGroup,
    /// XREADGROUP with BLOCK.
    XReadGroupWaiting,
    FlushDb,
    /// MULTI, these calls, EXEC.
    Exec(Vec<Op>),
    /// WATCH, GET, MULTI, SET, EXEC; the reply is the pair of the replies of GET and EXEC.
    CompareAndSet(usize, u32),
    /// A walk over all keys takes its time: it begins ...
    WalkBegins,
    /// ... and ends with the names it found.
    WalkEnds(Walk),
}

/// Commands that look at one key after the other.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum Walk {
    /// From cursor 0 until it is 0 again.
    Scan,
    Keys,
    DbSize,
    RandomKey,
}

fn string(key: usize) -> String {
    format!("string:{key}")
}

fn list(key: usize) -> String {
    format!("list:{key}")
}

fn set(key: usize) -> String {
    format!("set:{key}")
}

impl Op {
    /// A call at random.
    pub fn random(rng: &mut Rng) -> Op {
        match rng.below(100) {
            0..4 => Op::FlushDb,
            4..16 => Op::Exec((0..rng.range(1, 3)).map(|_| Op::simple(rng)).collect()),
            16..24 => Op::CompareAndSet(rng.below(KEYS), value(rng)),
            24..30 => Op::BLPop((0..rng.range(1, 2)).map(|_| rng.below(KEYS)).collect()),
            30..33 => Op::BLMove(rng.below(KEYS), rng.below(KEYS)),
            33..35 => Op::XReadGroupWaiting,
            35..38 => {
                Op::WalkEnds(*rng.pick(&[Walk::Scan, Walk::Scan, Walk::Keys, Walk::DbSize, Walk::RandomKey]))
            }
            _ => Op::simple(rng),
        }
    }

    fn simple(rng: &mut Rng) -> Op {
        let (a, b, c) = (rng.below(KEYS), rng.below(KEYS), rng.below(KEYS));
        match rng.below(20) {
            0..2 => Op::Get(a),
            2 => Op::Set(a, value(rng)),
            3 => Op::Incr(a),
            4 => Op::Append(a, value(rng)),
            5 => Op::MSet(vec![a, b], value(rng)),
            6 => Op::MGet(vec![a, b, c]),
            7 => Op::Rename(a, b),
            8..10 => Op::LPush(a, value(rng)),
            10 => Op::LMove(a, b),
            11..14 => Op::SAdd(a, value(rng) % 4),
            14..17 => Op::SInterStore(a, b, c),
            17 => Op::SMembers(a),
            18 => [Op::XAdd(value(rng)), Op::XGroupCreate][rng.below(2)].clone(),
            _ => Op::XReadGroup,
        }
    }

    /// The commands to send.
    pub fn commands(&self) -> Vec<Vec<String>> {
        let words = |line: String| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let names = |keys: &[usize], name: fn(usize) -> String| -> String {
            keys.iter().map(|key| format!(" {}", name(*key))).collect()
        };
        vec![words(match self {
            Op::Get(key) => format!("GET {}", string(*key)),
            Op::Set(key, value) => format!("SET {} {value}", string(*key)),
            Op::Incr(key) => format!("INCR {}", string(*key)),
            Op::Append(key, value) => format!("APPEND {} {value}", string(*key)),
            Op::MSet(keys, value) => {
                let pairs: String = keys.iter().map(|key| format!(" {} {value}", string(*key))).collect();
                format!("MSET{pairs}")
            }
            Op::MGet(keys) => format!("MGET{}", names(keys, string)),
            Op::Rename(from, to) => format!("RENAME {} {}", string(*from), string(*to)),
            Op::LPush(key, value) => format!("LPUSH {} {value}", list(*key)),
            Op::LMove(from, to) => format!("LMOVE {} {} RIGHT LEFT", list(*from), list(*to)),
            Op::LRange(key) => format!("LRANGE {} 0 -1", list(*key)),
            Op::XRange => "XRANGE stream - +".to_owned(),
            Op::BLPop(keys) => format!("BLPOP{} 0.02", names(keys, list)),
            Op::BLMove(from, to) => format!("BLMOVE {} {} RIGHT LEFT 0.02", list(*from), list(*to)),
            Op::SAdd(key, value) => format!("SADD {} {value}", set(*key)),
            Op::SInterStore(to, a, b) => format!("SINTERSTORE {} {} {}", set(*to), set(*a), set(*b)),
            Op::SMembers(key) => format!("SMEMBERS {}", set(*key)),
            Op::XAdd(value) => format!("XADD stream * field {value}"),
            Op::XGroupCreate => "XGROUP CREATE stream group 0 MKSTREAM".to_owned(),
            Op::XReadGroup => "XREADGROUP GROUP group consumer COUNT 1 STREAMS stream >".to_owned(),
            Op::XReadGroupWaiting => {
                "XREADGROUP GROUP group consumer COUNT 1 BLOCK 20 STREAMS stream >".to_owned()
            }
            Op::FlushDb => "FLUSHDB".to_owned(),
            Op::WalkBegins | Op::WalkEnds(Walk::Keys) => "KEYS *".to_owned(),
            Op::WalkEnds(Walk::Scan) => "SCAN 0 COUNT 3".to_owned(),
            Op::WalkEnds(Walk::DbSize) => "DBSIZE".to_owned(),
            Op::WalkEnds(Walk::RandomKey) => "RANDOMKEY".to_owned(),
            Op::Exec(ops) => {
                let inner = ops.iter().flat_map(Op::commands);
                let lines = [words("MULTI".into())].into_iter().chain(inner);
                return lines.chain([words("EXEC".into())]).collect();
            }
            Op::CompareAndSet(key, value) => {
                let lines = [format!("WATCH {}", string(*key)), format!("GET {}", string(*key))];
                let rest = ["MULTI".into(), format!("SET {} {value}", string(*key)), "EXEC".into()];
                return lines.into_iter().chain(rest).map(words).collect();
            }
        })]
    }
}

fn value(rng: &mut Rng) -> u32 {
    rng.below(1000) as u32
}

/// A stream with at most one group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Stream {
    ids: Vec<(u64, u64)>,
    /// Entries that the group was given.
    delivered: Option<usize>,
}

/// The content of all keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct State {
    strings: BTreeMap<usize, String>,
    lists: BTreeMap<usize, VecDeque<u32>>,
    sets: BTreeMap<usize, BTreeSet<u32>>,
    stream: Option<Stream>,
    walks: Walks,
}

/// The names that walks under way have to find, and those that they may find.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Walks {
    /// The number of walks under way.
    running: usize,
    /// Keys that were there all the time since the first of them began.
    always: BTreeSet<String>,
    /// Keys that were there at some time.
    ever: BTreeSet<String>,
}

impl Walks {
    fn explain(&self, walk: Walk, reply: &Reply) -> bool {
        match (walk, reply) {
            (Walk::Scan | Walk::Keys, Reply::Array(found)) => {
                let found: BTreeSet<String> = found.iter().map(Reply::text).collect();
                self.always.is_subset(&found) && found.is_subset(&self.ever)
            }
            (Walk::DbSize, Reply::Integer(keys)) => {
                (self.always.len()..=self.ever.len()).contains(&(*keys as usize))
            }
            (Walk::RandomKey, Reply::NilBulk) => self.always.is_empty(),
            (Walk::RandomKey, Reply::Bulk(_)) => self.ever.contains(&reply.text()),
            _ => false,
        }
    }
}

fn bulk(value: Option<&String>) -> Reply {
    value.map_or(Reply::NilBulk, |text| Reply::Bulk(text.clone().into_bytes()))
}

fn number(value: u32) -> Reply {
    Reply::Bulk(value.to_string().into_bytes())
}

fn ok() -> Reply {
    Reply::Simple("OK".into())
}

impl State {
    /// The state after a call, if it can be answered like that here.
    pub fn after(&self, op: &Op, reply: &Reply) -> Option<State> {
        let mut next = self.clone();
        let fits = next.answers(op, reply);
        if fits && next.walks.running > 0 {
            next.note_for_walks();
        }
        fits.then_some(next)
    }

    /// Carries out a call. False if `reply` is not its reply.
    fn answers(&mut self, op: &Op, reply: &Reply) -> bool {
        match op {
            Op::Exec(ops) => {
                let Reply::Array(replies) = reply else { return false };
                ops.len() == replies.len()
                    && ops.iter().zip(replies).all(|(op, reply)| self.answers(op, reply))
            }
            Op::CompareAndSet(key, value) => self.compare_and_set(*key, *value, reply),
            Op::XAdd(_) | Op::XRange | Op::XGroupCreate | Op::XReadGroup | Op::XReadGroupWaiting => {
                self.answers_on_stream(op, reply)
            }
            Op::WalkBegins => {
                self.begin_walk();
                true
            }
            Op::WalkEnds(walk) => self.end_walk(*walk, reply),
            Op::SMembers(key) => {
                let Reply::Array(members) = reply else { return false };
                let seen: BTreeSet<u32> = members.iter().filter_map(|m| m.text().parse().ok()).collect();
                seen.len() == members.len() && seen == self.sets.get(key).cloned().unwrap_or_default()
            }
            _ => self.run(op) == *reply,
        }
    }

    /// Begins a walk. Walks at the same time are treated as one, which is less strict; there are few of them.
    fn begin_walk(&mut self) {
        if self.walks.running == 0 {
            self.walks.always = self.names();
        }
        self.walks.running += 1;
        self.note_for_walks();
    }

    fn note_for_walks(&mut self) {
        let here = self.names();
        self.walks.always.retain(|name| here.contains(name));
        self.walks.ever.extend(here);
    }

    fn end_walk(&mut self, walk: Walk, reply: &Reply) -> bool {
        let fits = self.walks.explain(walk, reply);
        self.walks.running -= 1;
        if self.walks.running == 0 {
            self.walks = Walks::default();
        }
        fits
    }

    /// The names of all keys.
    fn names(&self) -> BTreeSet<String> {
        let strings = self.strings.keys().map(|key| string(*key));
        let lists = self.lists.keys().map(|key| list(*key));
        let sets = self.sets.keys().map(|key| set(*key));
        strings.chain(lists).chain(sets).chain(self.stream.iter().map(|_| "stream".to_owned())).collect()
    }

    fn run(&mut self, op: &Op) -> Reply {
        match op {
            Op::Get(key) => bulk(self.strings.get(key)),
            Op::Set(key, value) => self.store(*key, value.to_string()),
            Op::Incr(key) => self.increment(*key),
            Op::Append(key, value) => {
                let text = self.strings.entry(*key).or_default();
                text.push_str(&value.to_string());
                Reply::Integer(text.len() as i64)
            }
            Op::MSet(keys, value) => {
                keys.iter().for_each(|key| drop(self.store(*key, value.to_string())));
                ok()
            }
            Op::MGet(keys) => Reply::Array(keys.iter().map(|key| bulk(self.strings.get(key))).collect()),
            Op::Rename(from, to) => match self.strings.remove(from) {
                Some(text) => self.store(*to, text),
                None => Reply::Error("ERR no such key".into()),
            },
            Op::LPush(key, value) => {
                let list = self.lists.entry(*key).or_default();
                list.push_front(*value);
                Reply::Integer(list.len() as i64)
            }
            Op::LMove(from, to) => self.move_last(*from, *to).unwrap_or(Reply::NilBulk),
            Op::BLMove(from, to) => self.move_last(*from, *to).unwrap_or(Reply::NilArray),
            Op::LRange(key) => {
                Reply::Array(self.lists.get(key).into_iter().flatten().copied().map(number).collect())
            }
            Op::BLPop(keys) => keys
                .iter()
                .find_map(|key| Some((key, self.pop(*key, VecDeque::pop_front)?)))
                .map_or(Reply::NilArray, |(key, value)| {
                    Reply::Array(vec![Reply::Bulk(list(*key).into_bytes()), number(value)])
                }),
            Op::SAdd(key, value) => {
                Reply::Integer(i64::from(self.sets.entry(*key).or_default().insert(*value)))
            }
            Op::SInterStore(to, a, b) => {
                let (a, b) = (self.sets.get(a).cloned(), self.sets.get(b).cloned());
                let both: BTreeSet<u32> = &a.unwrap_or_default() & &b.unwrap_or_default();
                let len = both.len();
                self.sets.remove(to);
                if len > 0 {
                    self.sets.insert(*to, both);
                }
                Reply::Integer(len as i64)
            }
            Op::FlushDb => {
                *self = State { walks: std::mem::take(&mut self.walks), ..State::default() };
                ok()
            }
            other => unreachable!("{other:?} has an arm of its own"),
        }
    }

    fn move_last(&mut self, from: usize, to: usize) -> Option<Reply> {
        let value = self.pop(from, VecDeque::pop_back)?;
        self.lists.entry(to).or_default().push_front(value);
        Some(number(value))
    }

    fn store(&mut self, key: usize, text: String) -> Reply {
        self.strings.insert(key, text);
        ok()
    }

    fn increment(&mut self, key: usize) -> Reply {
        let text = self.strings.get(&key).map_or("0", String::as_str);
        match text.parse::<i64>().ok().filter(|n| n.to_string() == text && *n < i64::MAX) {
            Some(n) => {
                self.strings.insert(key, (n + 1).to_string());
                Reply::Integer(n + 1)
            }
            None => Reply::Error("ERR value is not an integer or out of range".into()),
        }
    }

    fn pop(&mut self, key: usize, take: fn(&mut VecDeque<u32>) -> Option<u32>) -> Option<u32> {
        let list = self.lists.get_mut(&key)?;
        let value = take(list);
        if list.is_empty() {
            self.lists.remove(&key);
        }
        value
    }

    /// WATCH and EXEC: EXEC may only succeed if the value is still the one that GET returned. It may always fail,
    /// because the key may have changed and changed back.
    fn compare_and_set(&mut self, key: usize, value: u32, reply: &Reply) -> bool {
        let Reply::Array(pair) = reply else { return false };
        match pair.as_slice() {
            [seen, Reply::Array(done)] if *done == [ok()] => {
                let unchanged = *seen == bulk(self.strings.get(&key));
                self.store(key, value.to_string());
                unchanged
            }
            [_, Reply::NilArray] => true,
            _ => false,
        }
    }

    fn answers_on_stream(&mut self, op: &Op, reply: &Reply) -> bool {
        match op {
            Op::XAdd(_) => {
                let stream = self.stream.get_or_insert_default();
                let text = reply.text();
                let Some((ms, seq)) = text.split_once('-') else { return false };
                let (Ok(ms), Ok(seq)) = (ms.parse(), seq.parse()) else { return false };
                let grows = stream.ids.last().is_none_or(|last| *last < (ms, seq));
                stream.ids.push((ms, seq));
                grows
            }
            Op::XRange => {
                let Reply::Array(entries) = reply else { return false };
                let known = self.stream.iter().flat_map(|stream| &stream.ids);
                known.map(|(ms, seq)| Some(format!("{ms}-{seq}"))).eq(entries.iter().map(id_of))
            }
            Op::XGroupCreate => {
                let stream = self.stream.get_or_insert_default();
                let exists = stream.delivered.is_some();
                stream.delivered.get_or_insert(0);
                if exists { reply.text().starts_with("BUSYGROUP") } else { *reply == ok() }
            }
            _ => {
                let Some((stream, at)) =
                    self.stream.as_mut().and_then(|s| Some((s.delivered?, s))).map(|(d, s)| (s, d))
                else {
                    return reply.text().starts_with("NOGROUP");
                };
                let Some((ms, seq)) = stream.ids.get(at).copied() else { return *reply == Reply::NilArray };
                stream.delivered = Some(at + 1);
                first_id(reply) == Some(format!("{ms}-{seq}"))
            }
        }
    }
}

/// The id of the one entry that XREADGROUP answered.
fn first_id(reply: &Reply) -> Option<String> {
    let inside = |reply: &Reply, at: usize| -> Option<Reply> {
        if let Reply::Array(items) = reply { items.get(at).cloned() } else { None }
    };
    id_of(&inside(&inside(&inside(reply, 0)?, 1)?, 0)?)
}

/// The id of an entry.
fn id_of(entry: &Reply) -> Option<String> {
    let Reply::Array(parts) = entry else { return None };
    parts.first().map(Reply::text)
}
