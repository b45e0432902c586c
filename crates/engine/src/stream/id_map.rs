//! An ordered map from stream ids, made for keys that arrive in ascending order.
//!
//! It is the index of a stream's nodes, the list of a group's pending entries and each consumer's
//! share of it. A map is a row of chunks, each a sorted ring of up to [`CHUNK`] pairs:
//!
//! ```text
//! chunks: [ 1-0 .. 9-3 ] [ 9-4 .. 20-0 ] [ 21-0 .. ]     binary search over first ids,
//!                                                         then within the chunk
//! ```
//!
//! Appending fills the last chunk to the brim (a B-tree would leave its leaves half full), trimming
//! and acknowledging at the front pop from a ring, and anything else moves at most half a chunk.
//!
//! Invariants: no chunk is empty; ids ascend strictly within a chunk and from chunk to chunk.

use std::collections::VecDeque;

use super::StreamId;

/// Pairs in a full chunk.
const CHUNK: usize = 128;
/// A chunk with fewer pairs looks for a neighbour to join or gives memory back.
const SPARSE: usize = CHUNK / 4;

type Chunk<V> = VecDeque<(StreamId, V)>;

/// An ordered map from [`StreamId`].
#[derive(Clone, Debug)]
pub struct IdMap<V> {
    chunks: Vec<Chunk<V>>,
    len: usize,
}

/// A place in a map, valid until the map changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pos {
    chunk: usize,
    slot: usize,
}

impl<V> Default for IdMap<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V> IdMap<V> {
    /// An empty map, without an allocation.
    pub const fn new() -> Self {
        IdMap { chunks: Vec::new(), len: 0 }
    }

    /// The number of pairs.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The bytes the map itself takes from the heap, without what its values own.
    pub fn heap_bytes(&self) -> usize {
        let rings: usize =
            self.chunks.iter().map(|chunk| chunk.capacity() * size_of::<(StreamId, V)>()).sum();
        rings + self.chunks.capacity() * size_of::<Chunk<V>>()
    }

    /// The value of `id`.
    pub fn get(&self, id: StreamId) -> Option<&V> {
        let (pos, found) = self.search(id);
        found.then(|| &self.chunks[pos.chunk][pos.slot].1)
    }

    /// The value of `id`, to change it.
    pub fn get_mut(&mut self, id: StreamId) -> Option<&mut V> {
        let (pos, found) = self.search(id);
        found.then(|| &mut self.chunks[pos.chunk][pos.slot].1)
    }

    /// The pair with the least id.
    pub fn first(&self) -> Option<(StreamId, &V)> {
        self.chunks.first()?.front().map(|(id, value)| (*id, value))
    }

    /// The pair with the greatest id.
    pub fn last(&self) -> Option<(StreamId, &V)> {
        self.chunks.last()?.back().map(|(id, value)| (*id, value))
    }

    /// The pair with the greatest id, to change its value.
    pub fn last_mut(&mut self) -> Option<(StreamId, &mut V)> {
        self.chunks.last_mut()?.back_mut().map(|(id, value)| (*id, value))
    }

    /// Sets the value of `id` and returns the one it had.
    pub fn insert(&mut self, id: StreamId, value: V) -> Option<V> {
        if self.last().is_none_or(|(last, _)| last < id) {
            self.push_back(id, value);
            return None;
        }
        let (pos, found) = self.search(id);
        if found {
            return Some(std::mem::replace(&mut self.chunks[pos.chunk][pos.slot].1, value));
        }
        let pos = self.make_room(pos);
        self.chunks[pos.chunk].insert(pos.slot, (id, value));
        self.len += 1;
        None
    }

    /// Takes `id` out and returns its value.
    pub fn remove(&mut self, id: StreamId) -> Option<V> {
        let (pos, found) = self.search(id);
        if !found {
            return None;
        }
        let (_, value) = self.chunks[pos.chunk].remove(pos.slot)?;
        self.len -= 1;
        self.tidy(pos.chunk);
        Some(value)
    }

    /// The place of the least id that is not below `id`.
    pub fn seek(&self, id: StreamId) -> Pos {
        self.settle(self.search(id).0)
    }

    /// The place of the greatest id that is not above `id`.
    pub fn seek_floor(&self, id: StreamId) -> Option<Pos> {
        match self.search(id) {
            (pos, true) => Some(pos),
            (pos, false) => self.prev(pos),
        }
    }

    /// The place of the least id.
    pub fn start(&self) -> Pos {
        Pos { chunk: 0, slot: 0 }
    }

    /// The pair at a place, none behind the last one.
    pub fn at(&self, pos: Pos) -> Option<(StreamId, &V)> {
        self.chunks.get(pos.chunk)?.get(pos.slot).map(|(id, value)| (*id, value))
    }

    /// The value at a place, to change it.
    pub fn at_mut(&mut self, pos: Pos) -> Option<(StreamId, &mut V)> {
        self.chunks.get_mut(pos.chunk)?.get_mut(pos.slot).map(|(id, value)| (*id, value))
    }

    /// The place after `pos`.
    pub fn next(&self, pos: Pos) -> Pos {
        self.settle(Pos { chunk: pos.chunk, slot: pos.slot + 1 })
    }

    /// The place before `pos`, if there is one.
    pub fn prev(&self, pos: Pos) -> Option<Pos> {
        if pos.slot > 0 {
            return Some(Pos { chunk: pos.chunk, slot: pos.slot - 1 });
        }
        let chunk = pos.chunk.checked_sub(1)?;
        Some(Pos { chunk, slot: self.chunks[chunk].len() - 1 })
    }

    /// The pairs in ascending order.
    pub fn iter(&self) -> Iter<'_, V> {
        Iter { map: self, pos: self.start() }
    }

    /// The pairs from `id` on, in ascending order.
    pub fn iter_from(&self, id: StreamId) -> Iter<'_, V> {
        Iter { map: self, pos: self.seek(id) }
    }

    /// The place of `id`, or where it would go, and whether it is there.
    fn search(&self, id: StreamId) -> (Pos, bool) {
        // The chunk before the first one that starts above `id`.
        let chunk = self.chunks.partition_point(|chunk| chunk[0].0 <= id).saturating_sub(1);
        let Some(ring) = self.chunks.get(chunk) else { return (Pos { chunk: 0, slot: 0 }, false) };
        match ring.binary_search_by_key(&id, |(key, _)| *key) {
            Ok(slot) => (Pos { chunk, slot }, true),
            Err(slot) => (Pos { chunk, slot }, false),
        }
    }

    /// Moves a place behind the end of a chunk to the start of the next one.
    fn settle(&self, pos: Pos) -> Pos {
        match self.chunks.get(pos.chunk) {
            Some(chunk) if pos.slot >= chunk.len() => Pos { chunk: pos.chunk + 1, slot: 0 },
            _ => pos,
        }
    }

    fn push_back(&mut self, id: StreamId, value: V) {
        let full = self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK);
        if full {
            // Most maps stay small; one that filled a chunk will most likely fill the next.
            let first = self.chunks.is_empty();
            if first {
                self.chunks.reserve_exact(1);
            }
            self.chunks.push(VecDeque::with_capacity(if first { 1 } else { CHUNK }));
        }
        let at = self.chunks.len() - 1;
        self.chunks[at].push_back((id, value));
        self.len += 1;
    }

    /// Splits a full chunk in two, and returns where `pos` went.
    fn make_room(&mut self, pos: Pos) -> Pos {
        let chunk = &mut self.chunks[pos.chunk];
        if chunk.len() < CHUNK {
            return pos;
        }
        let upper = chunk.split_off(CHUNK / 2);
        self.chunks.insert(pos.chunk + 1, upper);
        match pos.slot.checked_sub(CHUNK / 2) {
            Some(slot) if slot > 0 => Pos { chunk: pos.chunk + 1, slot },
            _ => pos,
        }
    }

    /// Restores the density of a chunk that lost a pair.
    fn tidy(&mut self, at: usize) {
        let len = self.chunks[at].len();
        if len == 0 {
            self.chunks.remove(at);
            if self.chunks.is_empty() {
                self.chunks = Vec::new();
            }
        } else if len < SPARSE {
            let joins = |other: usize| self.chunks.get(other).is_some_and(|c| c.len() + len <= CHUNK * 3 / 4);
            if joins(at + 1) {
                self.join(at);
            } else if at > 0 && joins(at - 1) {
                self.join(at - 1);
            } else if self.chunks.len() == 1 && self.chunks[0].capacity() > 4 * len {
                self.chunks[0].shrink_to(2 * len);
            }
        }
    }

    fn join(&mut self, at: usize) {
        let mut upper = self.chunks.remove(at + 1);
        self.chunks[at].append(&mut upper);
    }
}

/// The pairs of an [`IdMap`] in ascending order.
#[derive(Clone)]
pub struct Iter<'a, V> {
    map: &'a IdMap<V>,
    pos: Pos,
}

impl<'a, V> Iterator for Iter<'a, V> {
    type Item = (StreamId, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let pair = self.map.at(self.pos)?;
        self.pos = self.map.next(self.pos);
        Some(pair)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn id(n: u64) -> StreamId {
        StreamId::new(n / 3, n % 3)
    }

    fn check(map: &IdMap<u32>, model: &BTreeMap<StreamId, u32>) {
        assert_eq!(map.len(), model.len());
        assert!(map.iter().eq(model.iter().map(|(id, value)| (*id, value))));
        assert!(map.chunks.iter().all(|chunk| (1..=CHUNK).contains(&chunk.len())));
        assert_eq!(map.first(), model.first_key_value().map(|(id, value)| (*id, value)));
        assert_eq!(map.last(), model.last_key_value().map(|(id, value)| (*id, value)));
    }

    fn check_seeks(map: &IdMap<u32>, model: &BTreeMap<StreamId, u32>, at: StreamId) {
        let up = model.range(at..).next().map(|(id, value)| (*id, value));
        assert_eq!(map.at(map.seek(at)), up);
        let down = model.range(..=at).next_back().map(|(id, value)| (*id, value));
        assert_eq!(map.seek_floor(at).and_then(|pos| map.at(pos)), down);
        assert!(map.iter_from(at).eq(model.range(at..).map(|(id, value)| (*id, value))));
        assert_eq!(map.get(at), model.get(&at));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 40 }))]
        #[test]
        fn it_behaves_like_an_ordered_map(
            ascending in 0u64..700,
            steps in prop::collection::vec((0u8..5, 0u64..900), 0..600),
        ) {
            let mut map = IdMap::new();
            let mut model = BTreeMap::new();
            for n in 0..ascending {
                map.insert(id(n), 0);
                model.insert(id(n), 0);
            }
            for (turn, (kind, n)) in steps.into_iter().enumerate() {
                let value = turn as u32;
                match kind {
                    0 => prop_assert_eq!(map.insert(id(n), value), model.insert(id(n), value)),
                    1 => check_seeks(&map, &model, id(n)),
                    2 => if let Some(found) = map.get_mut(id(n)) {
                        *found = value;
                        model.insert(id(n), value);
                    },
                    _ => prop_assert_eq!(map.remove(id(n)), model.remove(&id(n))),
                }
            }
            check(&map, &model);
        }

        #[test]
        fn draining_in_any_order_leaves_nothing(mut order in Just((0u64..400).collect::<Vec<_>>()).prop_shuffle()) {
            let mut map = IdMap::new();
            let mut model = BTreeMap::new();
            for n in &order {
                map.insert(id(*n), 1);
                model.insert(id(*n), 1);
            }
            check(&map, &model);
            while let Some(n) = order.pop() {
                prop_assert_eq!(map.remove(id(n)), Some(1));
            }
            prop_assert_eq!(map.len(), 0);
            prop_assert_eq!(map.heap_bytes(), 0);
        }
    }

    #[test]
    fn walking_back_sees_everything() {
        let mut map = IdMap::new();
        for n in 0..300 {
            map.insert(id(n), ());
        }
        let mut pos = map.seek_floor(StreamId::MAX);
        for n in (0..300).rev() {
            assert_eq!(map.at(pos.unwrap()).unwrap().0, id(n));
            pos = map.prev(pos.unwrap());
        }
        assert_eq!(pos, None);
    }
}
