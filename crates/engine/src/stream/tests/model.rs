//! Random sequences of stream operations against a plain ordered map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Add { ms: u64, seq: u64, shape: u8, value: i32 },
    Delete(u64, u64),
    Trim(Trim),
    Range(StreamId, StreamId),
}

fn an_id() -> impl Strategy<Value = StreamId> {
    (0u64..60, 0u64..4).prop_map(|(ms, seq)| id(ms, seq))
}

fn a_step() -> impl Strategy<Value = Step> {
    let trim =
        (an_id(), any::<bool>(), any::<bool>(), 0u64..40).prop_map(|(least, by_id, approximate, n)| {
            let by = if by_id { TrimBy::MinId(least) } else { TrimBy::MaxLen(n) };
            let limit = if approximate { n / 2 } else { 0 };
            Step::Trim(Trim { by, approximate, limit })
        });
    prop_oneof![
        12 => (0u64..3, 0u64..3, 0u8..4, any::<i32>())
            .prop_map(|(ms, seq, shape, value)| Step::Add { ms, seq, shape, value }),
        4 => (0u64..60, 0u64..4).prop_map(|(ms, seq)| Step::Delete(ms, seq)),
        1 => trim,
        3 => (an_id(), an_id()).prop_map(|(start, end)| Step::Range(start, end)),
    ]
}

fn fields(shape: u8, value: i32) -> Pairs {
    let text = value.to_string().into_bytes();
    match shape {
        0 | 1 => vec![(b"f".to_vec(), text)],
        2 => vec![(b"f".to_vec(), text), (b"12".to_vec(), vec![b'x'; 80])],
        _ => (0..9).map(|n| (vec![b'a' + n], text.clone())).collect(),
    }
}

/// The stream next to its model; the model keeps live entries only.
struct Twins {
    log: StreamLog,
    model: BTreeMap<StreamId, Pairs>,
    limits: NodeLimits,
    added: u64,
}

impl Twins {
    fn apply(&mut self, step: Step) {
        match step {
            Step::Add { ms, seq, shape, value } => self.add(ms, seq, shape, value),
            Step::Delete(ms, seq) => {
                let removed = self.model.remove(&id(ms, seq)).is_some();
                assert_eq!(self.log.delete(id(ms, seq)), removed);
            }
            Step::Trim(trim) => self.trim(trim),
            Step::Range(start, end) => self.check_range(start, end),
        }
    }

    fn add(&mut self, ms: u64, seq: u64, shape: u8, value: i32) {
        let last = self.log.last_id();
        let new = id(last.ms + ms, seq);
        let pairs = fields(shape, value);
        let texts: Vec<&[u8]> = pairs.iter().flat_map(|(f, v)| [&f[..], &v[..]]).collect();
        assert_eq!(add(&mut self.log, new, &texts, self.limits), new > last);
        if new > last {
            self.model.insert(new, pairs);
            self.added += 1;
        }
    }

    fn trim(&mut self, trim: Trim) {
        let before = self.model.len();
        let removed = self.log.trim(trim) as usize;
        let doomed = match trim.by {
            TrimBy::MaxLen(most) => before.saturating_sub(most as usize),
            TrimBy::MinId(least) => self.model.range(..least).count(),
        };
        if trim.approximate {
            assert!(removed <= doomed);
            assert!(trim.limit == 0 || removed as u64 <= trim.limit);
        } else {
            assert_eq!(removed, doomed);
        }
        for _ in 0..removed {
            self.model.pop_first();
        }
    }

    fn check_range(&self, start: StreamId, end: StreamId) {
        let expected: Vec<_> = if start <= end {
            self.model.range(start..=end).map(|(id, fields)| (*id, fields.clone())).collect()
        } else {
            Vec::new()
        };
        let up: Vec<_> = self.log.range(start, end).map(read).collect();
        assert_eq!(up, expected);
        let mut down: Vec<_> = self.log.range_rev(start, end).map(read).collect();
        down.reverse();
        assert_eq!(down, expected);
        assert_eq!(
            self.log.get(start).map(|entry| entry.id()),
            self.model.contains_key(&start).then_some(start)
        );
    }

    fn check(&self) {
        self.check_range(StreamId::MIN, StreamId::MAX);
        assert_eq!(self.log.len() as usize, self.model.len());
        assert_eq!(self.log.entries_added(), self.added);
        let first = self.model.first_key_value().map(|(id, _)| *id);
        assert_eq!(self.log.first_id(), first.unwrap_or_default());
        assert_eq!(self.log.first_entry_id(), first);
        assert_eq!(self.log.last_entry_id(), self.model.last_key_value().map(|(id, _)| *id));
        let mut copy = StreamLog::new();
        for (master_id, lp) in self.log.nodes() {
            copy.restore_node(master_id, lp.clone()).expect("a node of ours is valid");
        }
        assert_eq!(copy.len(), self.log.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 64 }))]
    #[test]
    fn it_behaves_like_an_ordered_map_of_entries(
        steps in prop::collection::vec(a_step(), 0..200),
        max_entries in 1u64..12,
    ) {
        let limits = NodeLimits { max_entries, max_bytes: 400 };
        let mut twins = Twins { log: StreamLog::new(), model: BTreeMap::new(), limits, added: 0 };
        for step in steps {
            twins.apply(step);
        }
        twins.check();
    }
}

#[test]
fn generated_ids_never_go_back() {
    let mut log = StreamLog::new();
    let none = std::iter::empty::<(&[u8], &[u8])>();
    assert_eq!(log.add(NewId::Auto, 50, none.clone(), LIMITS), Ok(id(50, 0)));
    assert_eq!(log.add(NewId::Auto, 50, none.clone(), LIMITS), Ok(id(50, 1)));
    assert_eq!(log.add(NewId::Auto, 40, none.clone(), LIMITS), Ok(id(50, 2)));
    assert_eq!(log.add(NewId::AutoSeq(50), 0, none.clone(), LIMITS), Ok(id(50, 3)));
    assert_eq!(log.add(NewId::AutoSeq(51), 0, none.clone(), LIMITS), Ok(id(51, 0)));
    assert_eq!(log.add(NewId::AutoSeq(50), 0, none.clone(), LIMITS), Err(AddError::NotAbove));
    let top = NewId::Exact(id(51, u64::MAX));
    assert_eq!(log.add(top, 0, none.clone(), LIMITS), Ok(id(51, u64::MAX)));
    assert_eq!(log.add(NewId::AutoSeq(51), 0, none.clone(), LIMITS), Err(AddError::NotAbove));
    assert_eq!(log.add(NewId::Auto, 0, none.clone(), LIMITS), Ok(id(52, 0)));
    assert_eq!(log.add(NewId::Exact(StreamId::MAX), 0, none.clone(), LIMITS), Ok(StreamId::MAX));
    assert_eq!(log.add(NewId::Auto, 0, none, LIMITS), Err(AddError::NotAbove));
}

#[test]
fn the_first_possible_generated_id_is_above_zero() {
    let mut log = StreamLog::new();
    let none = std::iter::empty::<(&[u8], &[u8])>();
    assert_eq!(log.add(NewId::AutoSeq(0), 0, none.clone(), LIMITS), Ok(id(0, 1)));
    assert_eq!(StreamLog::new().add(NewId::Auto, 0, none, LIMITS), Ok(id(0, 1)));
}

#[test]
fn approximate_trims_take_whole_nodes_within_the_limit() {
    let mut log = StreamLog::new();
    let limits = NodeLimits { max_entries: 10, max_bytes: 0 };
    for n in 1..=55 {
        add(&mut log, id(n, 0), &[b"f", b"v"], limits);
    }
    let trim = |log: &mut StreamLog, by, limit| log.trim(Trim { by, approximate: true, limit });
    assert_eq!(trim(&mut log, TrimBy::MaxLen(46), 0), 0);
    assert_eq!(trim(&mut log, TrimBy::MaxLen(40), 9), 0);
    assert_eq!(trim(&mut log, TrimBy::MaxLen(40), 0), 10);
    assert_eq!(trim(&mut log, TrimBy::MinId(id(41, 0)), 20), 20);
    assert_eq!(trim(&mut log, TrimBy::MinId(id(41, 0)), 0), 10);
    assert_eq!((log.len(), log.first_id(), log.node_count()), (15, id(41, 0), 2));
}

#[test]
fn a_deleted_entry_with_a_higher_id_does_not_end_a_walk() {
    let mut log = StreamLog::new();
    add(&mut log, id(1, 0), &[b"f", b"v"], LIMITS);
    add(&mut log, id(9, 0), &[b"f", b"v"], LIMITS);
    log.delete(id(9, 0));
    log.set_last_id(id(2, 0));
    add(&mut log, id(3, 0), &[b"f", b"v"], LIMITS);
    let ids = |entries: Vec<Entry<'_>>| entries.iter().map(|entry| entry.id().ms).collect::<Vec<_>>();
    assert_eq!(ids(log.range(id(1, 0), id(4, 0)).collect()), [1, 3]);
    assert_eq!(ids(log.range_rev(id(1, 0), id(4, 0)).collect()), [3, 1]);
    assert!(log.delete(id(3, 0)));
}
