//! Removal, one by one and by ranges of ranks.
//!
//! A leaf that falls below a quarter joins a sibling if both fit one leaf with room to spare; one
//! that is empty goes. Inner nodes do the same. Nothing is moved just to balance.

use super::ScoreTree;
use super::member::MemberRef;
use super::node::{INNER_KEYS, Inner, LEAF_KEYS, Leaf, Path};

/// Joined nodes keep this much room, lest the next insertion split them again.
const JOIN_ROOM: usize = LEAF_KEYS / 10;

impl ScoreTree {
    /// Removes an element; returns its member.
    pub fn remove(&mut self, score: f64, member: &[u8]) -> Option<MemberRef> {
        let (path, leaf, spot) = self.descend(score, member);
        if !spot.found {
            return None;
        }
        // SAFETY: the descent ended in a live leaf.
        let member = unsafe { (*leaf).keys.member(spot.at) };
        self.take(&path, leaf, spot.at, 1);
        Some(member)
    }

    /// Removes `count` elements from a rank on and shows each, once the tree has let go of it.
    pub fn remove_ranks(&mut self, rank: u64, count: u64, mut removed: impl FnMut(f64, MemberRef)) {
        let mut left = count.min(self.len.saturating_sub(rank));
        let mut batch = Vec::new();
        while left > 0 {
            let (path, leaf, at) = self.descend_to_rank(rank);
            // SAFETY: the descent ended in a live leaf.
            let keys = unsafe { &(*leaf).keys };
            let here = (keys.len() - at).min(usize::try_from(left).unwrap_or(usize::MAX));
            batch.extend((at..at + here).map(|at| (keys.score(at), keys.member(at))));
            self.take(&path, leaf, at, here);
            left -= here as u64;
            batch.drain(..).for_each(|(score, member)| removed(score, member));
        }
    }

    fn descend_to_rank(&self, rank: u64) -> (Path, *mut Leaf, usize) {
        let (mut path, mut node, mut rest) = (Path::new(), self.root, rank);
        for _ in 0..self.height {
            // SAFETY: nodes above the leaves are inner nodes of this tree.
            let inner = unsafe { &*node.cast::<Inner>() };
            let (index, inside) = inner.child_at(rest);
            path.push(node.cast(), index);
            (node, rest) = (inner.kids[index], inside);
        }
        (path, node.cast(), rest as usize)
    }

    /// Removes elements of one leaf.
    pub(super) fn take(&mut self, path: &Path, leaf: *mut Leaf, at: usize, count: usize) {
        self.len -= count as u64;
        path.add(-(count as i64));
        // SAFETY: a live leaf that nothing else refers to.
        let keys = unsafe { &mut (*leaf).keys };
        keys.remove(at, count);
        if at == 0 && keys.len() > 0 {
            path.set_min(path.len(), keys.score(0), keys.member(0));
        }
        if keys.len() < LEAF_KEYS / 4 && path.len() > 0 {
            self.shrink_leaf(path, leaf);
        }
    }

    /// Frees an empty leaf, joins a small one with a sibling.
    fn shrink_leaf(&mut self, path: &Path, leaf: *mut Leaf) {
        let level = path.len() - 1;
        let (parent, index) = path.step(level);
        // SAFETY: live nodes of the path; the references end with each statement.
        let (len, children) = unsafe { ((*leaf).keys.len(), (*parent).keys.len()) };
        if len == 0 {
            self.free_leaf(leaf);
            return self.remove_child(path, level, index);
        }
        let fits = |sibling: usize| len + self.leaf_len(parent, sibling) + JOIN_ROOM <= LEAF_KEYS;
        if index + 1 < children && fits(index + 1) {
            self.spread(path, index, 2, 1, None);
        } else if index > 0 && fits(index - 1) {
            self.spread(path, index - 1, 2, 1, None);
        }
    }

    /// Unlinks and frees a leaf; its parent still has to forget it.
    pub(super) fn free_leaf(&mut self, leaf: *mut Leaf) {
        self.leaves -= 1;
        // SAFETY: a live leaf with live or null neighbours, reachable only by its parent from here.
        unsafe {
            let (prev, next) = ((*leaf).prev, (*leaf).next);
            if prev.is_null() {
                self.first = next
            } else {
                (*prev).next = next
            }
            if next.is_null() {
                self.last = prev
            } else {
                (*next).prev = prev
            }
            drop(Box::from_raw(leaf));
        }
    }

    /// Forgets a child (freed already) of the node of a level; its elements are counted elsewhere.
    pub(super) fn remove_child(&mut self, path: &Path, level: usize, at: usize) {
        let (node, _) = path.step(level);
        // SAFETY: a live inner node; no other reference to it is held.
        let inner = unsafe { &mut *node };
        inner.remove(at);
        let children = inner.keys.len();
        if children == 0 {
            self.free_inner(node);
            if level > 0 {
                return self.remove_child(path, level - 1, path.step(level - 1).1);
            }
            let empty = Leaf::alloc();
            (self.root, self.height, self.leaves) = (empty.cast(), 0, 1);
            (self.first, self.last) = (empty, empty);
            return;
        }
        if at == 0 {
            path.set_min(level, inner.keys.score(0), inner.keys.member(0));
        }
        if level == 0 {
            return self.lower();
        }
        if children < INNER_KEYS / 4 {
            self.shrink_inner(path, level, children);
        }
    }

    /// Joins a small inner node with a sibling that has room for it.
    fn shrink_inner(&mut self, path: &Path, level: usize, children: usize) {
        let (above, index) = path.step(level - 1);
        // SAFETY: a live inner node; the reference is not used after the nodes change.
        let parent = unsafe { &*above };
        let fits = |sibling: usize| {
            // SAFETY: the children of a node above the last level are inner nodes.
            let other = unsafe { (*parent.kids[sibling].cast::<Inner>()).keys.len() };
            children + other + JOIN_ROOM <= INNER_KEYS
        };
        let left = if index + 1 < parent.keys.len() && fits(index + 1) {
            index
        } else if index > 0 && fits(index - 1) {
            index - 1
        } else {
            return;
        };
        let (to, from) = (parent.kids[left].cast::<Inner>(), parent.kids[left + 1].cast::<Inner>());
        // SAFETY: two different live nodes, and no reference to them is held.
        let count = unsafe {
            (*from).move_tail(0, &mut *to);
            (*to).count()
        };
        self.free_inner(from);
        // SAFETY: `parent` is not used any more.
        unsafe { (*above).counts[left] = count };
        self.remove_child(path, level - 1, left + 1);
    }

    /// Takes roots with a single child away.
    fn lower(&mut self) {
        while self.height > 0 {
            let root = self.root.cast::<Inner>();
            // SAFETY: above the leaves the root is an inner node.
            let (children, only) = unsafe { ((*root).keys.len(), (*root).kids[0]) };
            if children > 1 {
                return;
            }
            self.free_inner(root);
            self.root = only;
            self.height -= 1;
        }
    }

    fn free_inner(&mut self, inner: *mut Inner) {
        self.inners -= 1;
        // SAFETY: a live node that nothing refers to any more, or whose parent forgets it next.
        drop(unsafe { Box::from_raw(inner) });
    }
}
