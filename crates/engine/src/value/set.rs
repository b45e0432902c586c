//! Sets: integers in an intset, few short members in a listpack, others in a table.
//!
//! ```text
//!   first member an integer          first member a text
//!            |                               |
//!            v     text, and small           v
//!         intset --------------------> listpack
//!            |  \                            |  more than set-max-listpack-entries,
//!            |   \ text, and not small       |  or one longer than set-max-listpack-value
//!            |    `---------------------.    |
//!            | more than                 v   v
//!            `- set-max-intset-entries -> table
//! ```
//! A set only goes back by being made anew (SINTERSTORE, SPOP of nearly all). Below level 7.2 there are no
//! listpack sets: their limit counts as 0.

use super::collection::collection;
use super::either::Either;
use crate::encoding::intset::Intset;
use crate::encoding::listpack::{Item, Listpack};
use crate::settings::Settings;
use crate::table::{MemberTable, Seed, picker};
use crate::text::integer::{len_i64, parse_i64};
use rand::{Rng, RngCore};

/// A set.
#[derive(Clone)]
pub enum Set {
    /// Integers only.
    Ints(Intset),
    /// Few and short members.
    Packed(Listpack),
    /// A table of members: for all other sets.
    Table(Box<MemberTable>),
}

collection!(Set,
    fresh |_| Set::Ints(Intset::new()),
    empty |set| set.is_empty(),
    Ints(Intset) = SetInt,
    Packed(Listpack) = SetPacked,
    Table(Box<MemberTable>) = SetTable,
);

/// What decides about the encoding of sets.
#[derive(Clone, Copy)]
pub struct SetLimits {
    ints: usize,
    packed: usize,
    text: usize,
    /// The number of members to come decides beforehand (since Redis 7.2).
    foresees: bool,
    seed: Seed,
}

impl SetLimits {
    /// The limits of the settings; tables hash with `seed`.
    #[inline]
    pub fn new(settings: &Settings, seed: Seed) -> Self {
        let foresees = settings.level.has_listpack_sets();
        Self {
            ints: settings.set_max_intset_entries.min(1 << 30),
            packed: if foresees { settings.set_max_listpack_entries } else { 0 },
            text: settings.set_max_listpack_value,
            foresees,
            seed,
        }
    }

    /// Does this number of members suggest a table?
    fn foresee(&self, members: usize, limit: usize) -> bool {
        self.foresees && members > limit
    }
}

impl Set {
    /// A set of checked integers, in the encoding that suits their number.
    pub fn from_intset(ints: Intset, limits: &SetLimits) -> Set {
        let mut set = Set::Ints(ints);
        if set.len() > limits.ints {
            set.make_table(limits.seed);
        }
        set
    }

    /// A set of checked members, in the encoding that suits their number. `None` if one is there
    /// twice, which is only noticed if they become a table.
    pub fn from_listpack(pack: Listpack, limits: &SetLimits) -> Option<Set> {
        let (members, mut set) = (pack.len(), Set::Packed(pack));
        if members > limits.packed {
            set.make_table(limits.seed);
        }
        (set.len() == members).then_some(set)
    }

    /// An empty set for `members` members, with room for `room` of them if they need a table.
    pub fn for_members(members: u64, room: usize, limits: &SetLimits) -> Set {
        if members <= limits.ints as u64 {
            return Set::ints();
        }
        let mut table = Box::new(MemberTable::new(limits.seed));
        table.reserve(room);
        Set::Table(table)
    }

    /// An empty set in the encoding that suits its first member, about `expected` will follow.
    pub fn beginning_with(first: &[u8], expected: usize, limits: &SetLimits) -> Set {
        if parse_i64(first).is_some() && !limits.foresee(expected, limits.ints) {
            Set::Ints(Intset::new())
        } else if expected <= limits.packed {
            Set::Packed(Listpack::new())
        } else {
            Set::Table(Box::new(MemberTable::new(limits.seed)))
        }
    }

    /// An empty intset.
    pub fn ints() -> Set {
        Set::Ints(Intset::new())
    }

    /// An empty set for members that may be texts: a listpack where the level has those.
    pub fn texts(limits: &SetLimits) -> Set {
        if limits.foresees { Set::Packed(Listpack::new()) } else { Set::ints() }
    }

    /// Number of members.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Set::Ints(ints) => ints.len(),
            Set::Packed(pack) => pack.len(),
            Set::Table(table) => table.len(),
        }
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Is this a member?
    #[inline]
    pub fn contains(&self, member: &[u8]) -> bool {
        match self {
            Set::Ints(ints) => parse_i64(member).is_some_and(|value| ints.contains(value)),
            Set::Packed(pack) => pack.find(member, 0).is_some(),
            Set::Table(table) => table.contains(member),
        }
    }

    /// Is this item, of another set perhaps, a member?
    #[inline]
    pub fn contains_item(&self, item: Item<'_>) -> bool {
        match (self, item) {
            (Set::Ints(ints), Item::Int(value)) => ints.contains(value),
            _ => self.contains(item.text(&mut itoa::Buffer::new())),
        }
    }

    /// Becomes a table if `more` members at once suggest it.
    pub fn expect(&mut self, more: usize, limits: &SetLimits) {
        let limit = match self {
            Set::Ints(_) => limits.ints,
            Set::Packed(_) => limits.packed,
            Set::Table(_) => return,
        };
        if limits.foresee(more, limit) {
            self.make_table(limits.seed);
        }
    }

    /// Adds a member; true if it is new.
    #[inline]
    pub fn add(&mut self, member: &[u8], limits: &SetLimits) -> bool {
        match self {
            Set::Table(table) => table.insert(member),
            Set::Packed(pack) => {
                if pack.find(member, 0).is_some() {
                    return false;
                }
                let fits = pack.len() < limits.packed && member.len() <= limits.text;
                if fits && pack.safe_to_add(member.len()) {
                    pack.push_back(member);
                    return true;
                }
                self.make_table(limits.seed);
                self.add(member, limits)
            }
            Set::Ints(_) => match parse_i64(member) {
                Some(value) => self.add_int(value, limits),
                None => {
                    self.leave_ints(member.len(), limits);
                    self.add(member, limits)
                }
            },
        }
    }

    /// Adds an item, of another set perhaps; true if it is new.
    #[inline]
    pub fn add_item(&mut self, item: Item<'_>, limits: &SetLimits) -> bool {
        match (&self, item) {
            (Set::Ints(_), Item::Int(value)) => self.add_int(value, limits),
            _ => self.add(item.text(&mut itoa::Buffer::new()), limits),
        }
    }

    fn add_int(&mut self, value: i64, limits: &SetLimits) -> bool {
        let Set::Ints(ints) = self else { return self.add_item(Item::Int(value), limits) };
        let new = ints.insert(value);
        if new && ints.len() > limits.ints {
            self.make_table(limits.seed);
        }
        new
    }

    /// An intset makes room for a text of this length.
    #[cold]
    fn leave_ints(&mut self, length: usize, limits: &SetLimits) {
        let Set::Ints(ints) = self else { return };
        let longest = [ints.min(), ints.max()].into_iter().flatten().map(len_i64).max().unwrap_or(0);
        if ints.len() >= limits.packed || length.max(longest) > limits.text {
            return self.make_table(limits.seed);
        }
        let mut pack = Listpack::new();
        ints.iter().for_each(|value| pack.push_back(value));
        *self = Set::Packed(pack);
    }

    /// Becomes an intset if it may: the caller knows that all members are integers.
    pub fn become_ints(&mut self, limits: &SetLimits) {
        if matches!(self, Set::Ints(_)) || self.len() > limits.ints {
            return;
        }
        let mut ints = Intset::new();
        self.iter().filter_map(Item::as_integer).for_each(|value| _ = ints.insert(value));
        *self = Set::Ints(ints);
    }

    /// Removes a member; true if it was one.
    #[inline]
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match self {
            Set::Ints(ints) => parse_i64(member).is_some_and(|value| ints.remove(value)),
            Set::Packed(pack) => {
                let found = pack.find(member, 0);
                found.into_iter().for_each(|at| _ = pack.delete(at));
                found.is_some()
            }
            Set::Table(table) => table.remove(member),
        }
    }

    /// Removes an item, of another set perhaps; true if it was a member.
    pub fn remove_item(&mut self, item: Item<'_>) -> bool {
        self.remove(item.text(&mut itoa::Buffer::new()))
    }

    /// All members; those of an intset in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = Item<'_>> {
        match self {
            Set::Ints(ints) => Either::Left(ints.iter().map(Item::Int)),
            Set::Packed(pack) => Either::Right(Either::Left(pack.iter())),
            Set::Table(table) => Either::Right(Either::Right(table.iter())),
        }
    }

    /// A random member.
    pub fn random<R: RngCore + ?Sized>(&self, rng: &mut R) -> Option<Item<'_>> {
        match self {
            Set::Ints(ints) => ints.get(rng.random_range(0..ints.len().max(1))).map(Item::Int),
            Set::Packed(pack) => {
                pack.seek(rng.random_range(0..pack.len().max(1)) as i64).map(|at| pack.get(at))
            }
            Set::Table(table) => table.random(rng),
        }
    }

    /// Emits `n` different members at random; all if there are no more.
    pub fn random_distinct<R: RngCore + ?Sized>(&self, rng: &mut R, n: usize, emit: impl FnMut(Item<'_>)) {
        if let Set::Table(table) = self {
            return table.random_distinct(rng, n, emit);
        }
        let mut pick = picker(rng, self.len(), n.min(self.len()));
        self.iter().filter(|_| pick()).for_each(emit);
    }

    /// One step of a scan from a cursor; returns the next cursor, 0 at the end. What is no table is one step.
    pub fn scan<'a>(&'a self, cursor: u64, emit: impl FnMut(Item<'a>)) -> u64 {
        if let Set::Table(table) = self {
            return table.scan(cursor, emit);
        }
        self.iter().for_each(emit);
        0
    }

    /// Bytes of memory beside the entry.
    pub fn bytes(&self) -> usize {
        match self {
            Set::Ints(ints) => ints.allocated_bytes(),
            Set::Packed(pack) => pack.allocated_bytes(),
            Set::Table(table) => size_of::<MemberTable>() + table.bytes(),
        }
    }

    #[cold]
    fn make_table(&mut self, seed: Seed) {
        let mut table = Box::new(MemberTable::new(seed));
        table.reserve(self.len());
        self.iter().for_each(|item| _ = table.insert(item.text(&mut itoa::Buffer::new())));
        *self = Set::Table(table);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Sequences, and operations in one; each operation is followed by a look at all members.
    const STEPS: (u32, usize) = if cfg!(miri) { (2, 14) } else { (96, 80) };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(STEPS.0))]

        #[test]
        fn behaves_like_a_set_in_all_encodings(
            ops in prop::collection::vec((0..4u8, "[0-9]{1,2}|[ab1-3]{0,2}|-?[1-9]{5,7}"), 1..STEPS.1),
            packed in 0..12usize,
        ) {
            let limits = SetLimits { ints: 10, packed, text: 6, foresees: packed > 0, seed: Seed::new(1, 2) };
            let (mut set, mut model) = (Set::ints(), BTreeSet::new());
            for (kind, member) in ops {
                if kind > 0 {
                    prop_assert_eq!(set.add(member.as_bytes(), &limits), model.insert(member));
                } else {
                    prop_assert_eq!(set.remove(member.as_bytes()), model.remove(&member));
                }
                let text = |item: Item<'_>| String::from_utf8_lossy(&item.to_vec()).into_owned();
                prop_assert_eq!(&set.iter().map(text).collect::<BTreeSet<_>>(), &model);
                prop_assert!(model.iter().all(|member| set.contains(member.as_bytes())));
                prop_assert!(set.iter().all(|item| set.contains_item(item)));
                prop_assert_eq!(set.len(), model.len());
            }
        }
    }
}
