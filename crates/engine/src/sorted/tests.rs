//! The tree against a sorted list.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::node::{Inner, Leaf, Node};
use super::*;
use crate::table::Thin;

/// Elements of a large tree; nodes are smaller under Miri, so that the tree is as high.
const MANY: u64 = if cfg!(miri) { 60 } else { 30_000 };

/// Longest run of insertions.
const RUN: u32 = if cfg!(miri) { 30 } else { 400 };

/// Ranks that one check looks up.
const PROBES: usize = if cfg!(miri) { 4 } else { 50 };

/// The tree beside an ordered model that owns the members.
#[derive(Default)]
struct Pair {
    tree: ScoreTree,
    /// Scores are small integers here, so that they order as keys.
    model: BTreeMap<(i64, Vec<u8>), ScoredMember>,
}

impl Pair {
    fn insert(&mut self, score: i64, member: &[u8]) {
        if self.model.contains_key(&(score, member.to_vec())) {
            return;
        }
        let owned = ScoredMember::new(score as f64, member);
        // SAFETY: the model keeps the member while the tree holds it.
        unsafe { self.tree.insert(score as f64, owned.as_ref()) };
        self.model.insert((score, member.to_vec()), owned);
    }

    fn push(&mut self, score: i64, member: &[u8]) {
        let owned = ScoredMember::new(score as f64, member);
        // SAFETY: the model keeps the member while the tree holds it.
        unsafe { self.tree.push(score as f64, owned.as_ref()) };
        self.model.insert((score, member.to_vec()), owned);
    }

    fn remove(&mut self, score: i64, member: &[u8]) {
        let removed = self.tree.remove(score as f64, member);
        let expected = self.model.remove(&(score, member.to_vec()));
        assert_eq!(removed.map(MemberRef::address), expected.map(|owned| owned.as_ref().address()));
    }

    fn rescore(&mut self, rank: usize, new: i64) {
        let Some((score, member)) = self.model.keys().nth(rank).cloned() else { return };
        if score == new || self.model.contains_key(&(new, member.clone())) {
            return;
        }
        let owned = self.model.remove(&(score, member.clone())).unwrap();
        // SAFETY: the model keeps the member while the tree holds it.
        unsafe { self.tree.rescore(score as f64, new as f64, owned.as_ref()) };
        self.model.insert((new, member), owned);
    }

    fn remove_ranks(&mut self, rank: usize, count: usize) {
        let keys: Vec<_> = self.model.keys().skip(rank).take(count).cloned().collect();
        let mut at = 0;
        let model = &mut self.model;
        self.tree.remove_ranks(rank as u64, count as u64, |score, member| {
            assert_eq!((score as i64, member.bytes()), (keys[at].0, &keys[at].1[..]));
            drop(model.remove(&keys[at]));
            at += 1;
        });
        assert_eq!(at, keys.len());
    }

    fn check(&self) {
        let keys: Vec<_> = self.model.keys().map(|(score, member)| (*score as f64, &member[..])).collect();
        assert_eq!(self.tree.len(), keys.len() as u64);
        assert!(self.tree.forward(0).eq(keys.iter().copied()));
        assert!(self.tree.backward(u64::MAX).eq(keys.iter().rev().copied()));
        for (rank, (score, member)) in keys.iter().enumerate().step_by(keys.len() / PROBES + 1) {
            assert_eq!(self.tree.rank_of(*score, member), Some(rank as u64));
            assert_eq!(self.tree.get(rank as u64), Some((*score, *member)));
            assert_eq!(self.tree.forward(rank as u64).count(), keys.len() - rank);
            assert_eq!(self.tree.backward(rank as u64).count(), rank + 1);
        }
        let (leaves, inners) = self.check_node(self.tree.root, self.tree.height);
        assert_eq!((leaves, inners), (self.tree.leaves, self.tree.inners));
    }

    /// Counts, keys and digests of a subtree; returns its leaves and inner nodes.
    fn check_node(&self, node: Node, height: usize) -> (usize, usize) {
        if height == 0 {
            // SAFETY: a live leaf.
            unsafe { &*node.cast::<Leaf>() }.keys.check();
            return (1, 0);
        }
        // SAFETY: a live inner node.
        let inner = unsafe { &*node.cast::<Inner>() };
        inner.keys.check();
        let (mut leaves, mut inners) = (0, 1);
        for at in 0..inner.keys.len() {
            let (count, min) = if height == 1 {
                // SAFETY: a live leaf.
                let keys = unsafe { &(*inner.kids[at].cast::<Leaf>()).keys };
                (keys.len() as u64, keys.member(0))
            } else {
                // SAFETY: a live inner node.
                let child = unsafe { &*inner.kids[at].cast::<Inner>() };
                (child.count(), child.keys.member(0))
            };
            assert_eq!(inner.counts[at], count);
            assert!(inner.keys.member(at) == min);
            let below = self.check_node(inner.kids[at], height - 1);
            (leaves, inners) = (leaves + below.0, inners + below.1);
        }
        (leaves, inners)
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(i64, Vec<u8>),
    InsertRun(i64, u32, u32),
    Remove(usize),
    RemoveRanks(usize, usize),
    Rescore(usize, i64),
}

fn step() -> impl Strategy<Value = Step> {
    let member = prop_oneof![
        prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(b'a'), Just(255)], 0..6),
        (0u32..5000).prop_map(|n| format!("element:{n:08}").into_bytes()),
    ];
    prop_oneof![
        8 => (0i64..4, member).prop_map(|(score, member)| Step::Insert(score, member)),
        4 => (0i64..4, 0u32..3000, 1u32..RUN).prop_map(|(s, from, n)| Step::InsertRun(s, from, n)),
        4 => (0usize..2000).prop_map(Step::Remove),
        2 => (0usize..2000, 0usize..500).prop_map(|(at, n)| Step::RemoveRanks(at, n)),
        4 => (0usize..2000, 0i64..4).prop_map(|(at, score)| Step::Rescore(at, score)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 48 }))]

    #[test]
    fn any_steps_agree_with_the_model(steps in prop::collection::vec(step(), 1..if cfg!(miri) { 12 } else { 120 })) {
        let mut pair = Pair::default();
        for step in steps {
            match step {
                Step::Insert(score, member) => pair.insert(score, &member),
                Step::InsertRun(score, from, count) => {
                    // A stride that is coprime to the length visits all in a scattered order.
                    for at in 0..count {
                        pair.insert(score, format!("element:{:08}", from + at * 397 % count).as_bytes());
                    }
                }
                Step::Remove(rank) => {
                    if let Some((score, member)) = pair.model.keys().nth(rank).cloned() {
                        pair.remove(score, &member);
                    }
                }
                Step::RemoveRanks(rank, count) => pair.remove_ranks(rank, count),
                Step::Rescore(rank, score) => pair.rescore(rank, score),
            }
        }
        pair.check();
        let half = pair.model.len() / 2;
        pair.remove_ranks(half, usize::MAX);
        pair.check();
        pair.remove_ranks(0, usize::MAX);
        pair.check();
    }

    #[test]
    fn ranges_agree_with_a_filter(
        members in prop::collection::btree_set((0i64..6, "[a-c]{0,4}"), 0..if cfg!(miri) { 40 } else { 300 }),
        (min, max) in (-1i64..7, -1i64..7), (lower, upper) in ("[a-c]{0,4}", "[a-c]{0,4}"),
        (min_exclusive, max_exclusive) in (any::<bool>(), any::<bool>()),
    ) {
        let mut pair = Pair::default();
        for (score, member) in &members {
            pair.push(*score, member.as_bytes());
        }
        let range = ScoreRange { min: min as f64, max: max as f64, min_exclusive, max_exclusive };
        let ranks = pair.tree.ranks_by_score(&range);
        let inside = |score: i64| range.above_min(score as f64) && range.below_max(score as f64);
        let expected: Vec<_> = members.iter().filter(|(score, _)| inside(*score)).collect();
        prop_assert_eq!(ranks.end - ranks.start, expected.len() as u64);
        for (rank, (score, member)) in ranks.zip(expected) {
            prop_assert_eq!(pair.tree.get(rank), Some((*score as f64, member.as_bytes())));
        }

        let mut flat = Pair::default();
        for (_, member) in &members {
            flat.insert(0, member.as_bytes());
        }
        fn bound(text: &str, exclusive: bool) -> LexBound<'_> {
            if exclusive { LexBound::Excl(text.as_bytes()) } else { LexBound::Incl(text.as_bytes()) }
        }
        let range = LexRange { min: bound(&lower, min_exclusive), max: bound(&upper, max_exclusive) };
        let ranks = flat.tree.ranks_by_lex(&range);
        let inside = |member: &[u8]| range.above_min(member) && range.below_max(member);
        let expected: Vec<_> = flat.model.keys().filter(|(_, member)| inside(member)).collect();
        prop_assert_eq!(ranks.end - ranks.start, expected.len() as u64);
        for (rank, (_, member)) in ranks.zip(expected) {
            prop_assert_eq!(flat.tree.get(rank).map(|item| item.1), Some(&member[..]));
        }
    }
}

/// Numbers below `count` in an order that looks random.
fn scattered(count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |at| at.wrapping_mul(2_654_435_761) % count)
}

#[test]
fn ascending_insertion_leaves_full_leaves() {
    let mut pair = Pair::default();
    for at in 0..MANY {
        pair.insert(at as i64, format!("m{at}").as_bytes());
    }
    pair.check();
    let bytes = pair.tree.bytes() as f64 / MANY as f64;
    assert!(cfg!(miri) || bytes < 19.2, "{bytes} bytes an element");
}

#[test]
fn descending_insertion_leaves_full_leaves() {
    let mut pair = Pair::default();
    for at in (0..MANY).rev() {
        pair.insert(0, format!("element:{at:012}").as_bytes());
    }
    pair.check();
    let bytes = pair.tree.bytes() as f64 / MANY as f64;
    assert!(cfg!(miri) || bytes < 19.8, "{bytes} bytes an element");
}

#[test]
fn scattered_insertion_keeps_leaves_four_fifths_full() {
    let mut pair = Pair::default();
    for at in scattered(MANY) {
        pair.insert(0, format!("element:{at:012}").as_bytes());
    }
    pair.check();
    let bytes = pair.tree.bytes() as f64 / MANY as f64;
    assert!(cfg!(miri) || bytes < 23.5, "{bytes} bytes an element");
}

#[test]
fn a_drained_tree_is_as_good_as_new() {
    let mut pair = Pair::default();
    for round in 0..2 {
        for at in scattered(MANY) {
            pair.insert((at % 7) as i64, format!("element:{at:012}").as_bytes());
        }
        for at in scattered(MANY) {
            pair.remove((at % 7) as i64, format!("element:{at:012}").as_bytes());
            if at % (MANY / 4) == round {
                pair.check();
            }
        }
        pair.check();
        assert_eq!(pair.tree.bytes(), ScoreTree::new().bytes());
    }
}

#[test]
fn popping_from_both_ends_empties_the_tree() {
    let mut pair = Pair::default();
    for at in 0..MANY {
        pair.push(at as i64 / 5, format!("m{at:08}").as_bytes());
    }
    for at in 0..MANY as usize {
        let rank = if at % 2 == 0 { 0 } else { pair.model.len() - 1 };
        pair.remove_ranks(rank, 1);
    }
    pair.check();
}

#[test]
fn zeros_of_both_signs_are_one_score() {
    let (plus, minus) = (ScoredMember::new(0.0, b"b"), ScoredMember::new(-0.0, b"a"));
    let mut tree = ScoreTree::new();
    // SAFETY: the members outlive the tree's use of them.
    unsafe {
        tree.insert(0.0, plus.as_ref());
        tree.insert(-0.0, minus.as_ref());
    }
    assert_eq!(tree.rank_of(0.0, b"a"), Some(0));
    assert_eq!(tree.rank_of(-0.0, b"b"), Some(1));
}

#[test]
fn members_of_every_length_keep_their_bytes() {
    for len in [0, 1, 7, 8, 254, 255, 256, 70_000] {
        let text = "0123456789abcdef".repeat(len / 16 + 1).into_bytes();
        let text = &text[..len];
        let mut member = ScoredMember::new(1.5, text);
        member.set_score(-2.0);
        assert_eq!((member.score(), member.key()), (-2.0, text));
        // SAFETY: the word is taken back once.
        let member = unsafe { ScoredMember::from_word(member.into_word()) };
        assert_eq!(member.as_ref().bytes(), text);
    }
    assert_eq!(ScoredMember::new(0.0, b"m999999").bytes(), 16);
}
