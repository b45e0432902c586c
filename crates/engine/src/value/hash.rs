//! Hashes: few short fields in a listpack, others in a table.
//!
//! A hash begins as a listpack and becomes a table, for good, when it has more than
//! `hash-max-listpack-entries` fields or a text longer than `hash-max-listpack-value`.

use super::collection::collection;
use super::either::Either;
use crate::encoding::listpack::{Item, Listpack};
use crate::level::Level;
use crate::settings::Settings;
use crate::table::{FieldTable, Seed, picker};
use rand::{Rng, RngCore};

/// A hash.
#[derive(Clone)]
pub enum Hash {
    /// Few and short fields: field, value, field, value ...
    Packed(Listpack),
    /// A table of fields: for all other hashes.
    Table(Box<FieldTable>),
}

collection!(Hash,
    fresh |_| Hash::Packed(Listpack::new()),
    empty |hash| hash.is_empty(),
    Packed(Listpack) = HashPacked,
    Table(Box<FieldTable>) = HashTable,
);

/// A field with its value.
pub type Pair<'a> = (Item<'a>, Item<'a>);

/// What decides about the encoding of hashes.
#[derive(Clone, Copy)]
pub struct HashLimits {
    fields: usize,
    text: usize,
    /// Many fields at once make a table beforehand (since Redis 7.2).
    foresees: bool,
    seed: Seed,
}

impl HashLimits {
    /// The limits of the settings; tables hash with `seed`.
    #[inline]
    pub fn new(settings: &Settings, seed: Seed) -> Self {
        Self {
            fields: settings.hash_max_listpack_entries,
            text: settings.hash_max_listpack_value,
            foresees: settings.level >= Level::V7_2,
            seed,
        }
    }
}

impl Hash {
    /// A hash of checked pairs, in the encoding that suits their number. `None` if a field is there
    /// twice, which is only noticed if they become a table.
    pub fn from_listpack(pack: Listpack, limits: &HashLimits) -> Option<Hash> {
        let (fields, mut hash) = (pack.len() / 2, Hash::Packed(pack));
        if fields > limits.fields {
            hash.make_table(limits.seed);
        }
        (hash.len() == fields).then_some(hash)
    }

    /// An empty hash for `fields` fields, with room for `room` of them if they need a table.
    pub fn for_fields(fields: u64, room: usize, limits: &HashLimits) -> Hash {
        if fields <= limits.fields as u64 {
            return Hash::Packed(Listpack::new());
        }
        let mut table = Box::new(FieldTable::new(limits.seed));
        table.reserve(room);
        Hash::Table(table)
    }

    /// Number of fields.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Hash::Packed(pack) => pack.len() / 2,
            Hash::Table(table) => table.len(),
        }
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a field.
    #[inline]
    pub fn get(&self, field: &[u8]) -> Option<Item<'_>> {
        match self {
            Hash::Packed(pack) => Some(pack.get(pack.next(pack.find(field, 1)?)?)),
            Hash::Table(table) => table.get(field).map(Item::Str),
        }
    }

    /// Is there such a field?
    #[inline]
    pub fn contains(&self, field: &[u8]) -> bool {
        match self {
            Hash::Packed(pack) => pack.find(field, 1).is_some(),
            Hash::Table(table) => table.contains(field),
        }
    }

    /// Becomes a table if these fields and values will not do in a listpack: asked before a command
    /// stores them one by one. Only the length of the texts counts, and since 7.2 their number.
    #[inline]
    pub fn expect<'t>(&mut self, texts: impl ExactSizeIterator<Item = &'t [u8]>, limits: &HashLimits) {
        let Hash::Packed(pack) = self else { return };
        let too_many = limits.foresees && texts.len() / 2 > limits.fields;
        let mut sum = 0;
        let too_long = texts.into_iter().any(|text| {
            sum += text.len();
            text.len() > limits.text
        });
        if too_many || too_long || !pack.safe_to_add(sum) {
            self.make_table(limits.seed);
        }
    }

    /// Sets a field; true if it is new.
    #[inline]
    pub fn set(&mut self, field: &[u8], value: &[u8], limits: &HashLimits) -> bool {
        if let Hash::Packed(_) = self
            && (field.len() > limits.text || value.len() > limits.text)
        {
            self.make_table(limits.seed);
        }
        let pack = match self {
            Hash::Packed(pack) => pack,
            Hash::Table(table) => return table.set(field, value),
        };
        if let Some(at) = pack.find(field, 1).and_then(|at| pack.next(at)) {
            pack.replace(at, value);
            return false;
        }
        pack.push_back_pair(field, value);
        if pack.len() / 2 > limits.fields {
            self.make_table(limits.seed);
        }
        true
    }

    /// Removes a field; true if there was one.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        match self {
            Hash::Packed(pack) => {
                let found = pack.find(field, 1);
                found.into_iter().for_each(|at| _ = pack.delete_from(at, 2));
                found.is_some()
            }
            Hash::Table(table) => table.remove(field),
        }
    }

    /// All fields with their values.
    pub fn iter(&self) -> impl Iterator<Item = Pair<'_>> {
        match self {
            Hash::Packed(pack) => Either::Left(pairs(pack)),
            Hash::Table(table) => {
                Either::Right(table.iter().map(|(field, value)| (Item::Str(field), Item::Str(value))))
            }
        }
    }

    /// Emits `n` fields at random, the same perhaps more than once.
    pub fn random<R: RngCore + ?Sized>(&self, rng: &mut R, n: usize, mut emit: impl FnMut(Pair<'_>)) {
        match self {
            Hash::Packed(pack) if n == 1 => {
                pairs(pack).nth(rng.random_range(0..self.len().max(1))).into_iter().for_each(emit);
            }
            Hash::Packed(pack) => {
                let all: Vec<_> = pairs(pack).collect();
                (0..n).for_each(|_| emit(all[rng.random_range(0..all.len())]));
            }
            Hash::Table(table) => {
                for (field, value) in (0..n).filter_map(|_| table.random(rng)) {
                    emit((Item::Str(field), Item::Str(value)));
                }
            }
        }
    }

    /// Emits `n` different fields at random; all if there are no more.
    pub fn random_distinct<R: RngCore + ?Sized>(
        &self,
        rng: &mut R,
        n: usize,
        mut emit: impl FnMut(Pair<'_>),
    ) {
        match self {
            Hash::Packed(pack) => {
                let mut pick = picker(rng, self.len(), n.min(self.len()));
                pairs(pack).filter(|_| pick()).for_each(emit);
            }
            Hash::Table(table) => {
                table.random_distinct(rng, n, |field, value| emit((Item::Str(field), Item::Str(value))));
            }
        }
    }

    /// One step of a scan from a cursor; returns the next cursor, 0 at the end. A listpack is one step.
    pub fn scan<'a>(&'a self, cursor: u64, mut emit: impl FnMut(Pair<'a>)) -> u64 {
        match self {
            Hash::Packed(pack) => {
                pairs(pack).for_each(emit);
                0
            }
            Hash::Table(table) => {
                table.scan(cursor, |field, value| emit((Item::Str(field), Item::Str(value))))
            }
        }
    }

    /// Bytes of memory beside the entry.
    pub fn bytes(&self) -> usize {
        match self {
            Hash::Packed(pack) => pack.allocated_bytes(),
            Hash::Table(table) => size_of::<FieldTable>() + table.bytes(),
        }
    }

    #[cold]
    fn make_table(&mut self, seed: Seed) {
        let mut table = Box::new(FieldTable::new(seed));
        table.reserve(self.len());
        let (mut room, mut other) = (itoa::Buffer::new(), itoa::Buffer::new());
        for (field, value) in self.iter() {
            table.set(field.text(&mut room), value.text(&mut other));
        }
        *self = Hash::Table(table);
    }
}

/// The fields and values of a listpack.
fn pairs(pack: &Listpack) -> impl Iterator<Item = Pair<'_>> {
    let mut items = pack.iter();
    std::iter::from_fn(move || Some((items.next()?, items.next()?)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn limits() -> HashLimits {
        HashLimits { fields: 8, text: 6, foresees: true, seed: Seed::new(1, 2) }
    }

    /// Sequences, and operations in one; each operation is followed by a look at all fields.
    const STEPS: (u32, usize) = if cfg!(miri) { (2, 24) } else { (64, 60) };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(STEPS.0))]

        #[test]
        fn behaves_like_a_map_in_both_encodings(
            ops in prop::collection::vec((any::<bool>(), "[a-d1-3]{0,2}", "[a-z0-9]{0,7}"), 1..STEPS.1),
        ) {
            let (mut hash, mut model) = (Hash::Packed(Listpack::new()), BTreeMap::new());
            for (put, field, value) in ops {
                if put {
                    let new = hash.set(field.as_bytes(), value.as_bytes(), &limits());
                    prop_assert_eq!(new, model.insert(field, value).is_none());
                } else {
                    prop_assert_eq!(hash.remove(field.as_bytes()), model.remove(&field).is_some());
                }
                let text = |item: Item<'_>| String::from_utf8_lossy(&item.to_vec()).into_owned();
                let seen: BTreeMap<_, _> = hash.iter().map(|(f, v)| (text(f), text(v))).collect();
                prop_assert_eq!(&seen, &model);
                prop_assert_eq!(hash.len(), model.len());
            }
        }
    }
}
