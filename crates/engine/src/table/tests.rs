//! The table against a `HashMap`, with good hashes and with terrible ones.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::segment_word::SPLIT_STEP;
use super::*;
use crate::size_class::class_size;

/// A key with a value, which counts itself out when it is dropped.
#[repr(transparent)]
struct Item(u64);

struct Inner {
    key: Vec<u8>,
    value: u64,
    live: Rc<Cell<isize>>,
}

const FLAG: u64 = 1;

/// Keys of the random operations; Miri has no patience for many.
const KEYS: u64 = if cfg!(miri) { 40 } else { 900 };

/// Most random operations in a row.
const STEPS: usize = if cfg!(miri) { 16 } else { 60 };

/// Entries of a large table. Segments are small under Miri, so that these make many, too.
const MANY: u64 = if cfg!(miri) { 640 } else { 40_000 };

/// Checks while a large table shrinks.
const CHECKS: u64 = if cfg!(miri) { 4 } else { 16 };

/// Leading bits that are the same in all hashes of a test, and so many of these hashes.
const AGREEING: (u32, u64) = if cfg!(miri) { (3, MANY / 4) } else { (14, MANY / 8) };

/// Random picks for each entry.
const PICKS: u64 = if cfg!(miri) { 10 } else { 200 };

/// Most operations in a row on fields or members.
const OPS: usize = if cfg!(miri) { 40 } else { 400 };

impl Item {
    fn new(key: u64, value: u64, live: &Rc<Cell<isize>>) -> Self {
        live.set(live.get() + 1);
        let inner = Inner { key: text(key), value, live: Rc::clone(live) };
        Self(Box::into_raw(Box::new(inner)).expose_provenance() as u64)
    }

    fn pointer(&self) -> *mut Inner {
        std::ptr::with_exposed_provenance_mut((self.0 & WORD_MASK & !7) as usize)
    }

    fn inner(&self) -> &Inner {
        // SAFETY: `new` made it, and `&self` keeps it.
        unsafe { &*self.pointer() }
    }

    fn set_value(&mut self, value: u64) {
        // SAFETY: `new` made it, and `&mut self` makes it ours.
        unsafe { (*self.pointer()).value = value }
    }

    fn set_flag(&mut self, flag: bool) {
        self.0 = self.0 & !FLAG | u64::from(flag);
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        // SAFETY: `new` made it, and `self` owns it.
        let inner = unsafe { Box::from_raw(self.pointer()) };
        inner.live.set(inner.live.get() - 1);
    }
}

// SAFETY: transparent, masked, keys never change.
unsafe impl Thin for Item {
    const COUNTED: u64 = FLAG;

    fn into_word(self) -> u64 {
        std::mem::ManuallyDrop::new(self).0
    }

    unsafe fn from_word(word: u64) -> Self {
        Self(word)
    }

    fn with_key<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        read(&self.inner().key)
    }
}

fn text(key: u64) -> Vec<u8> {
    format!("key:{key}").into_bytes()
}

/// Hashes that keep these bits only: all, none, few that choose segments, few that choose buckets,
/// tags, and a mixture.
const MASKS: [u64; 6] = [!0, 0, 0xf << 60, 0x3f << 50, 0xff, 0x8001_0003_0000_0001];

/// A table and its model.
struct Pair {
    table: Table<Item>,
    model: HashMap<u64, (u64, bool)>,
    live: Rc<Cell<isize>>,
}

#[derive(Clone, Debug)]
enum Op {
    Put(u64, u64),
    Flag(u64, bool),
    Remove(u64),
    /// Puts a run of keys, to grow by more than a few.
    Fill(u64, u64),
    /// Removes a run of keys.
    Erase(u64, u64),
    Retain(u64),
    ShrinkToFit,
    Clear,
}

impl Pair {
    fn new(mask: u64) -> Self {
        Self { table: Table::new(Seed::weak(mask)), model: HashMap::new(), live: Rc::default() }
    }

    fn put(&mut self, key: u64, value: u64) {
        let hash = self.table.hash(&text(key));
        let make = || Item::new(key, 0, &self.live);
        let (mut item, is_new) = self.table.get_mut_or_insert(hash, &text(key), make).expect("made");
        assert_eq!(is_new, !self.model.contains_key(&key));
        item.set_value(value);
        drop(item);
        self.model.entry(key).or_insert((value, false)).0 = value;
    }

    fn remove(&mut self, key: u64) {
        let removed = self.table.remove(self.table.hash(&text(key)), &text(key));
        assert_eq!(removed.map(|item| item.inner().value), self.model.remove(&key).map(|(value, _)| value));
    }

    fn flag(&mut self, key: u64, flag: bool) {
        let hash = self.table.hash(&text(key));
        if let Some(mut item) = self.table.get_mut(hash, &text(key)) {
            item.set_flag(flag);
        }
        self.model.entry(key).and_modify(|entry| entry.1 = flag);
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Put(key, value) => self.put(key, value),
            Op::Flag(key, flag) => self.flag(key, flag),
            Op::Remove(key) => self.remove(key),
            Op::Fill(from, count) => (from..from + count).for_each(|key| self.put(key, key)),
            Op::Erase(from, count) => (from..from + count).for_each(|key| self.remove(key)),
            Op::Retain(modulus) => {
                self.table.retain(|item| item.inner().value % modulus != 0);
                self.model.retain(|_, (value, _)| *value % modulus != 0);
            }
            Op::ShrinkToFit => self.table.shrink_to_fit(),
            Op::Clear => {
                self.table.clear();
                self.model.clear();
            }
        }
    }

    fn check(&self) {
        self.table.check();
        assert_eq!(self.table.len(), self.model.len());
        assert_eq!(self.live.get(), self.model.len() as isize);
        assert_eq!(self.table.counted(), self.model.values().filter(|entry| entry.1).count());
        for (key, (value, _)) in &self.model {
            let item = self.table.get(self.table.hash(&text(*key)), &text(*key)).expect("present");
            assert_eq!(item.inner().value, *value);
        }
        assert_eq!(self.table.iter().count(), self.model.len());
    }
}

impl<T: Thin> Table<T> {
    /// Asserts the invariants of the module's header.
    fn check(&self) {
        assert!(self.directory.is_empty() || self.directory.len() == 1 << self.directory.depth());
        assert_eq!(self.directory.is_empty(), self.len == 0);
        let (mut at, mut entries, mut deepest, mut segments, mut buckets) = (0, 0, 0, 0, 0);
        while at < self.directory.len() {
            let word = self.directory[at];
            let span = self.directory.span(word);
            assert_eq!(at % span, 0, "a segment begins at a multiple of its span");
            let copies = &self.directory[at..at + span];
            assert!(copies.iter().all(|copy| copy.with_count(0) == word.with_count(0)));
            self.directory.at(at).check(word.count());
            entries += word.count();
            deepest += u32::from(word.depth() == self.directory.depth());
            segments += 1;
            buckets += word.buckets();
            at += span;
        }
        assert_eq!((entries, deepest), (self.len, self.directory.deepest));
        assert_eq!((segments, buckets), (self.segments as usize, self.buckets as usize));
    }
}

impl<T> segment::Segment<'_, T> {
    fn check(&self, count: usize) {
        assert_eq!(self.words().count(), count);
        let size = self.buckets.len();
        for (at, bucket) in self.buckets.iter().enumerate() {
            let crossed = (1..size).any(|distance| {
                let other = (at + distance) % size;
                let line = &self.buckets[other];
                line.occupied().any(|slot| {
                    let home = self.home(line.words[slot] >> 48);
                    (other + size - home) % size >= distance
                })
            });
            assert_eq!(bucket.overflows(), crossed, "overflow bit of bucket {at} of {size}");
            assert!(!crossed || bucket.occupied().count() == bucket::SLOTS);
        }
    }
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0..KEYS, any::<u64>()).prop_map(|(key, value)| Op::Put(key, value)),
        4 => (0..KEYS, any::<bool>()).prop_map(|(key, flag)| Op::Flag(key, flag)),
        8 => (0..KEYS).prop_map(Op::Remove),
        3 => (0..KEYS, 1..KEYS / 2).prop_map(|(from, count)| Op::Fill(from, count)),
        3 => (0..KEYS, 1..KEYS / 2).prop_map(|(from, count)| Op::Erase(from, count)),
        1 => (2..5u64).prop_map(Op::Retain),
        1 => Just(Op::ShrinkToFit),
        1 => Just(Op::Clear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 48 }, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_a_map(mask in prop::sample::select(&MASKS[..]), ops in prop::collection::vec(op(), 1..STEPS)) {
        let mut pair = Pair::new(mask);
        for op in &ops {
            pair.apply(op);
            pair.check();
        }
        let live = Rc::clone(&pair.live);
        drop(pair);
        prop_assert_eq!(live.get(), 0);
    }

    #[test]
    fn a_scan_meets_whatever_is_present_throughout(
        mask in prop::sample::select(&MASKS[..]),
        stay in 1..KEYS / 2,
        ops in prop::collection::vec(op(), 0..STEPS),
    ) {
        // Keys from 10,000 on stay; the operations work on others, between the steps of the scan.
        let mut pair = Pair::new(mask);
        (10_000..10_000 + stay).for_each(|key| pair.put(key, 1));
        let ops: Vec<_> = ops.into_iter().filter(|op| !matches!(op, Op::Clear)).collect();
        let mut ops = ops.iter();
        let (mut cursor, mut seen, mut steps) = (0, HashSet::new(), 0);
        loop {
            cursor = pair.table.scan(cursor, |item| { seen.insert(item.inner().key.clone()); });
            prop_assert!(cursor < 1 << 48);
            steps += 1;
            prop_assert!(steps < 10_000, "the scan ends");
            if cursor == 0 {
                break;
            }
            ops.next().inspect(|op| pair.apply(op));
        }
        for key in 10_000..10_000 + stay {
            prop_assert!(seen.contains(&text(key)), "{} was met", key);
        }
    }
}

#[test]
fn growing_to_many_segments_and_back_keeps_every_invariant() {
    let mut pair = Pair::new(!0);
    for key in 0..MANY {
        pair.put(key, key);
    }
    pair.check();
    assert!(pair.table.stats().segments > 10);
    for key in 0..MANY {
        pair.remove(key);
        if key % (MANY / CHECKS) == 0 {
            pair.check();
        }
    }
    pair.check();
    assert_eq!(pair.table.bytes(), 0, "the empty table owns nothing");
}

#[test]
fn a_scan_over_a_table_that_shrinks_to_a_tenth_misses_nothing() {
    let (mut pair, all) = (Pair::new(!0), MANY / 2);
    (0..all).for_each(|key| pair.put(key, key));
    let (mut cursor, mut seen, mut gone) = (0, HashSet::new(), 0);
    loop {
        cursor = pair.table.scan(cursor, |item| {
            seen.insert(item.inner().value);
        });
        for _ in 0..12 {
            gone += 1;
            if gone < all && gone % 10 != 0 {
                pair.remove(gone);
            }
        }
        if cursor == 0 {
            break;
        }
    }
    assert!((0..all).step_by(10).all(|key| seen.contains(&key)));
}

#[test]
#[cfg_attr(miri, ignore = "leaks on purpose: `make test-miri` runs it alone, where that is allowed")]
fn a_forgotten_guard_leaks_its_entry_and_nothing_worse() {
    let (some, all) = (MANY / 20, MANY / 4);
    let mut pair = Pair::new(!0);
    (0..some).for_each(|key| pair.put(key, key));
    let hash = pair.table.hash(&text(7));
    std::mem::forget(pair.table.get_mut(hash, &text(7)));
    assert!(pair.table.get(hash, &text(7)).is_none());
    (some..all).for_each(|key| pair.put(key, key));
    assert_eq!(pair.table.iter().count() as u64, all - 1);
    let mut rng = StdRng::seed_from_u64(1);
    assert!((0..100).all(|_| pair.table.random(&mut rng).is_some()));
    pair.model.remove(&7);
    (0..all).for_each(|key| pair.remove(key));
    assert_eq!(pair.live.get(), 1);
}

#[test]
fn random_picks_are_even() {
    for count in [1, 5, 100, MANY / 13] {
        let mut pair = Pair::new(!0);
        (0..count).for_each(|key| pair.put(key, key));
        let mut rng = StdRng::seed_from_u64(5);
        let mut hits = vec![0u32; count as usize];
        for _ in 0..count * PICKS {
            hits[pair.table.random(&mut rng).expect("not empty").inner().value as usize] += 1;
        }
        let (least, most) = (hits.iter().min(), hits.iter().max());
        // Five standard deviations and a little more either way.
        let (mean, slack) = (PICKS as u32, 5 * PICKS.isqrt() as u32 + 5);
        let usual = mean.saturating_sub(slack)..=mean + slack;
        assert!([least, most].iter().all(|hits| usual.contains(hits.expect("counted"))), "{count}: {hits:?}");
    }
}

#[test]
fn flagged_entries_are_found_among_many() {
    let (mut pair, count) = (Pair::new(!0), MANY / 8);
    (0..count).for_each(|key| pair.put(key, key));
    let mut rng = StdRng::seed_from_u64(5);
    assert!(pair.table.random_flagged(&mut rng, FLAG).is_none());
    assert_eq!(pair.table.scan_flagged(0, FLAG, 10, |_| panic!("none has the flag")), 0);
    pair.flag(25, true);
    assert_eq!(pair.table.random_flagged(&mut rng, FLAG).map(|item| item.inner().value), Some(25));
    (0..count).step_by(4).for_each(|key| pair.flag(key, true));
    let (mut cursor, mut seen) = (0, HashSet::new());
    loop {
        cursor = pair.table.scan_flagged(cursor, FLAG, 7, |item| {
            seen.insert(item.inner().value);
        });
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(seen.len() as u64, count / 4 + 1);
    let mut sampled = HashSet::new();
    pair.table.sample(&mut rng, FLAG, 20, 1_000, |item| {
        sampled.insert(item.inner().value);
    });
    assert!(sampled.len() == 20 && sampled.is_subset(&seen));
    let mut all = HashSet::new();
    pair.table.sample(&mut rng, 0, count as usize, usize::MAX, |item| {
        all.insert(item.inner().value);
    });
    assert_eq!(all.len() as u64, count);
}

#[test]
fn draining_gives_every_entry_once() {
    let (mut pair, count, some) = (Pair::new(!0), MANY / 32, MANY / 40);
    (0..count).for_each(|key| pair.put(key, key));
    let mut drained = pair.table.drain();
    let values: HashSet<u64> = drained.by_ref().take(some as usize).map(|item| item.inner().value).collect();
    assert_eq!(values.len() as u64, some);
    assert_eq!(pair.live.get() as u64, count - some);
    drop(drained);
    assert_eq!(pair.live.get(), 0);
    assert!(pair.table.is_empty());
}

#[test]
fn no_good_hash_makes_a_segment_larger_than_256_buckets() {
    let mut pair = Pair::new(!0);
    (0..MANY).for_each(|key| pair.put(key, key));
    assert!(pair.table.directory.iter().all(|word| word.step() <= SPLIT_STEP));
}

#[test]
fn hashes_that_agree_in_many_leading_bits_are_separated() {
    // What the first keys look like that come in hash order, as when a huge set is copied.
    let mut pair = Pair::new(!0 >> AGREEING.0);
    (0..AGREEING.1).for_each(|key| pair.put(key, key));
    pair.check();
    assert!(pair.table.directory.iter().all(|word| word.step() <= SPLIT_STEP));
}

fn small_text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..4),
        (-200i64..200).prop_map(|value| value.to_string().into_bytes()),
        prop::sample::select(vec!["-0", "00", "-", "17592186044416", "-17592186044416", "17592186044415"])
            .prop_map(|text| text.as_bytes().to_vec()),
        (250..260usize).prop_map(|length| vec![b'x'; length]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 48 }, ..ProptestConfig::default() })]

    #[test]
    fn fields_behave_like_a_map(
        ops in prop::collection::vec((0..4u8, small_text(), small_text()), 1..OPS),
    ) {
        let (mut table, mut model) = (FieldTable::new(Seed::new(3, 4)), HashMap::new());
        for (kind, field, value) in &ops {
            if *kind == 0 {
                prop_assert_eq!(table.remove(field), model.remove(field).is_some());
            } else {
                prop_assert_eq!(table.set(field, value), model.insert(field.clone(), value.clone()).is_none());
            }
            prop_assert_eq!(table.get(field), model.get(field).map(Vec::as_slice));
        }
        let seen: HashMap<_, _> = table.iter().map(|(field, value)| (field.to_vec(), value.to_vec())).collect();
        prop_assert_eq!(&seen, &model);
        let entries: usize = table.iter().map(|(field, value)| {
            class_size(packed::length_size(field.len()) + packed::length_size(value.len()) + field.len() + value.len())
        }).sum();
        prop_assert_eq!(table.entry_bytes(), entries);
    }

    #[test]
    fn members_behave_like_a_set(ops in prop::collection::vec((0..3u8, small_text()), 1..OPS)) {
        let (mut table, mut model) = (MemberTable::new(Seed::new(3, 4)), HashSet::new());
        for (kind, member) in &ops {
            if *kind == 0 {
                prop_assert_eq!(table.remove(member), model.remove(member));
            } else {
                prop_assert_eq!(table.insert(member), model.insert(member.clone()));
            }
            prop_assert_eq!(table.contains(member), model.contains(member));
        }
        let seen: HashSet<_> = table.iter().map(|member| member.to_vec()).collect();
        prop_assert_eq!(&seen, &model);
        prop_assert_eq!(table.len(), model.len());
    }
}
