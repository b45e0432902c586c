//! Lists: one listpack while short, a chain of them when long.
//!
//! The rules for changing from one to the other are those of Redis 7.2 (t_list.c), at every level:
//! a listpack becomes a quicklist before an addition that may exceed the limit of one node, whether
//! or not the addition then happens; a quicklist of one node becomes a listpack again after a
//! removal that leaves at most half of that limit. Versions before 7.2 knew only the quicklist;
//! at their levels the short form merely bears its name.

use super::collection::collection;
use crate::encoding::listpack::{Entry, Item, Listpack, Needle};
use crate::encoding::quicklist::{Fill, PLAIN_THRESHOLD, Quicklist};
use crate::settings::Settings;
use std::ops::ControlFlow;

pub use crate::encoding::quicklist::End;

/// A list.
#[derive(Clone)]
pub enum List {
    /// One listpack: for short lists.
    Packed(Listpack),
    /// Long: a chain of listpacks.
    Quick(Box<Quicklist>),
}

collection!(List,
    fresh |_| List::Packed(Listpack::new()),
    empty |list| list.is_empty(),
    Packed(Listpack) = ListPacked,
    Quick(Box<Quicklist>) = ListQuick,
);

impl List {
    /// Number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            List::Packed(pack) => pack.len(),
            List::Quick(chain) => chain.len(),
        }
    }

    /// True if there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        match self {
            List::Packed(pack) => pack.is_empty(),
            List::Quick(chain) => chain.is_empty(),
        }
    }

    /// The index that a client's index means, negative ones counting from the end.
    pub fn index(&self, index: i64) -> Option<usize> {
        let len = self.len() as i64;
        let index = if index < 0 { index.checked_add(len)? } else { index };
        (0..len).contains(&index).then_some(index as usize)
    }

    /// The start and the number of elements of a client's range, both ends included and negative
    /// ones counting from the end. `None` if the range is empty.
    pub fn range(&self, start: i64, stop: i64) -> Option<(usize, usize)> {
        let len = self.len() as i64;
        let from_end = |at: i64| if at < 0 { at.saturating_add(len) } else { at };
        let (start, stop) = (from_end(start).max(0), from_end(stop).min(len - 1));
        (start <= stop).then_some((start as usize, (stop - start + 1) as usize))
    }

    /// The element at one end.
    #[inline]
    pub fn peek(&self, end: End) -> Option<Item<'_>> {
        match self {
            List::Packed(pack) => {
                let pos = if end == End::Front { pack.first() } else { pack.last() };
                pos.map(|pos| pack.get(pos))
            }
            List::Quick(chain) => chain.peek(end),
        }
    }

    /// Hands the element with this index to `read`.
    pub fn with<R>(&self, index: usize, read: impl FnOnce(Item<'_>) -> R) -> Option<R> {
        match self {
            List::Packed(pack) => pack.seek(index as i64).map(|pos| read(pack.get(pos))),
            List::Quick(chain) => chain.with(index, read),
        }
    }

    /// Hands the elements from index `start` on to `each`, towards the end opposite to `from`,
    /// until there are none or `each` breaks.
    #[inline]
    pub fn visit(&self, start: usize, from: End, mut each: impl FnMut(Item<'_>) -> ControlFlow<()>) {
        let pack = match self {
            List::Packed(pack) => pack,
            List::Quick(chain) => return chain.visit(start, from, each),
        };
        let Some(pos) = pack.seek(start as i64) else { return };
        let _ = match from {
            End::Front => pack.entries_from(pos).try_for_each(|(_, item)| each(item)),
            End::Back => match each(pack.get(pos)) {
                ControlFlow::Break(()) => ControlFlow::Break(()),
                ControlFlow::Continue(()) => {
                    pack.entries_before(pos).rev().try_for_each(|(_, item)| each(item))
                }
            },
        };
    }

    /// Hands every element to `each`, in order.
    pub fn for_each(&self, mut each: impl FnMut(Item<'_>)) {
        self.visit(0, End::Front, |item| {
            each(item);
            ControlFlow::Continue(())
        });
    }

    /// The index of the first element equal to `element`.
    pub fn find(&self, element: &[u8]) -> Option<usize> {
        let needle = Needle::new(element);
        let (mut index, mut found) = (0, None);
        self.visit(0, End::Front, |item| {
            if needle.is(item) {
                found = Some(index);
                return ControlFlow::Break(());
            }
            index += 1;
            ControlFlow::Continue(())
        });
        found
    }

    /// Makes ready for `count` more elements of together `bytes` bytes, changing the encoding if
    /// they may exceed it. Comes before every addition.
    #[inline]
    pub fn grow(&mut self, bytes: usize, count: usize, settings: &Settings) {
        match self {
            List::Packed(pack) => {
                let fill = fill(settings);
                if fill.exceeded_by(pack.total_bytes() + bytes, pack.len() + count) {
                    self.make_quick(settings);
                }
            }
            List::Quick(chain) => chain.set_plain_threshold(plain_threshold(settings)),
        }
    }

    /// Changes the encoding if removals made the list small enough. Comes after every removal.
    #[inline]
    pub fn shrink(&mut self, settings: &Settings) {
        if let List::Quick(chain) = self
            && chain.node_count() == 1
        {
            self.make_packed_below(settings, 2);
        }
    }

    /// Chooses the encoding for a list that was built elsewhere.
    pub fn choose_encoding(&mut self, settings: &Settings) {
        self.grow(0, 0, settings);
        self.make_packed_below(settings, 1);
    }

    /// A long list whose first node is this listpack, if it is not empty.
    pub fn chain(pack: Listpack, settings: &Settings) -> Quicklist {
        let depth = settings.list_compress_depth.min(u32::from(u16::MAX)) as u16;
        let mut chain = Quicklist::from_listpack(pack, fill(settings), depth);
        chain.set_plain_threshold(plain_threshold(settings));
        chain
    }

    #[cold]
    fn make_quick(&mut self, settings: &Settings) {
        if let List::Packed(pack) = self {
            *self = List::Quick(Box::new(List::chain(std::mem::take(pack), settings)));
        }
    }

    /// Makes a quicklist of one node a listpack if it uses at most that part of the limit.
    fn make_packed_below(&mut self, settings: &Settings, part: usize) {
        let List::Quick(chain) = self else { return };
        let Some(pack) = chain.only_listpack() else { return };
        let limit = fill(settings);
        let too_large = limit.size_limit().is_some_and(|limit| pack.total_bytes() > limit / part)
            || limit.count_limit().is_some_and(|limit| chain.len() > limit / part);
        if !too_large && let Some(pack) = chain.take_only_listpack() {
            *self = List::Packed(pack);
        }
    }

    /// Adds an element at one end; [`List::grow`] came before.
    #[inline]
    pub fn push(&mut self, end: End, element: &[u8]) {
        match (self, end) {
            (List::Packed(pack), End::Front) => pack.push_front(element),
            (List::Packed(pack), End::Back) => pack.push_back(element),
            (List::Quick(chain), end) => chain.push(end, element),
        }
    }

    /// Removes the element at one end; false if there is none.
    #[inline]
    pub fn pop(&mut self, end: End) -> bool {
        match self {
            List::Packed(pack) => {
                let pos = if end == End::Front { pack.first() } else { pack.last() };
                pos.map(|pos| pack.delete(pos)).is_some()
            }
            List::Quick(chain) => chain.pop(end),
        }
    }

    /// Adds an element before (`End::Front`) or behind the one with this index; [`List::grow`]
    /// came before. False if there is no such index.
    pub fn insert(&mut self, index: usize, side: End, element: &[u8]) -> bool {
        match self {
            List::Quick(chain) => chain.insert(index, side, element),
            List::Packed(pack) => match (pack.seek(index as i64), side) {
                (None, _) => false,
                (Some(pos), End::Front) => pack.insert_before(pos, element) == pos,
                (Some(pos), End::Back) => pack.insert_after(pos, element) > pos,
            },
        }
    }

    /// Puts another element in place of the one with this index; [`List::grow`] came before.
    /// False if there is no such index.
    pub fn set(&mut self, index: usize, element: &[u8]) -> bool {
        match self {
            List::Quick(chain) => chain.set(index, element),
            List::Packed(pack) => match pack.seek(index as i64) {
                Some(pos) => {
                    pack.replace(pos, Entry::from(element));
                    true
                }
                None => false,
            },
        }
    }

    /// Removes up to `count` elements from `start` on; returns how many went.
    pub fn delete_range(&mut self, start: usize, count: usize) -> usize {
        match self {
            List::Packed(pack) => pack.delete_range(start as i64, count),
            List::Quick(chain) => chain.delete_range(start, count),
        }
    }

    /// Removes up to `limit` elements equal to `element`, those nearest to `from` first; returns
    /// how many went.
    pub fn remove_equal(&mut self, element: &[u8], limit: usize, from: End) -> usize {
        match self {
            List::Packed(pack) => pack.remove_equal(element, limit, from == End::Back),
            List::Quick(chain) => chain.remove_equal(element, limit, from),
        }
    }

    /// An estimate of the heap bytes in use, from the first `samples` nodes; 0 walks them all.
    pub fn allocated_bytes(&self, samples: usize) -> usize {
        match self {
            List::Packed(pack) => pack.allocated_bytes(),
            List::Quick(chain) => size_of::<Quicklist>() + chain.allocated_bytes(samples),
        }
    }
}

fn fill(settings: &Settings) -> Fill {
    Fill::new(i64::from(settings.list_max_listpack_size))
}

/// Zero stands for the built-in threshold.
fn plain_threshold(settings: &Settings) -> u32 {
    match u32::try_from(settings.quicklist_packed_threshold) {
        Ok(0) => PLAIN_THRESHOLD,
        Ok(bytes) => bytes,
        Err(_) => u32::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(size: i32) -> Settings {
        Settings { list_max_listpack_size: size, ..Settings::default() }
    }

    fn list_of(count: usize, settings: &Settings) -> List {
        let mut list = List::Packed(Listpack::new());
        (0..count).for_each(|_| add(&mut list, End::Back, settings));
        list
    }

    fn add(list: &mut List, end: End, settings: &Settings) {
        list.grow(1, 1, settings);
        list.push(end, b"x");
    }

    #[test]
    fn a_list_grows_into_a_quicklist_and_back_at_half_the_limit() {
        let settings = settings(4);
        let mut list = list_of(4, &settings);
        assert!(matches!(list, List::Packed(_)));
        add(&mut list, End::Front, &settings);
        assert!(matches!(list, List::Quick(_)));
        for (left, quick) in [(4, true), (3, true), (2, false)] {
            // Taking away the head empties the first of the two nodes first.
            assert_eq!(list.delete_range(0, 1), 1);
            list.shrink(&settings);
            assert_eq!((list.len(), matches!(list, List::Quick(_))), (left, quick));
        }
    }

    #[test]
    fn many_bytes_at_once_make_a_quicklist_before_they_arrive() {
        let settings = settings(-1);
        let mut list = list_of(1, &settings);
        list.grow(4096, 1, &settings);
        assert!(matches!(list, List::Quick(_)));
        list.choose_encoding(&settings);
        assert!(matches!(list, List::Packed(_)));
    }

    #[test]
    fn ranges_of_clients_are_cut_to_the_list() {
        let list = list_of(5, &settings(-2));
        assert_eq!(list.range(0, -1), Some((0, 5)));
        assert_eq!(list.range(-3, 10), Some((2, 3)));
        assert_eq!(list.range(i64::MIN, i64::MAX), Some((0, 5)));
        assert_eq!(list.range(3, 2), None);
        assert_eq!(list.range(5, 9), None);
        assert_eq!(list.range(0, -6), None);
        assert_eq!(list.index(-5), Some(0));
        assert_eq!(list.index(-6), None);
        assert_eq!(list.index(i64::MIN), None);
    }
}
