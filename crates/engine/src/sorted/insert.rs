//! Insertion, and what a full node does.
//!
//! A full leaf first gives to a sibling that has room; two full ones become three. At the ends of
//! the tree the new element starts a leaf of its own instead, so that ascending (or descending)
//! insertion leaves full leaves behind. Inner nodes are few and split in halves, except at the
//! right end.

use super::ScoreTree;
use super::keys::Moving;
use super::member::MemberRef;
use super::node::{Child, INNER_KEYS, Inner, LEAF_KEYS, Leaf, Path};

/// A sibling with less room is as good as full: moving elements costs more than it frees.
const WORTHWHILE_ROOM: usize = LEAF_KEYS / 8;

impl ScoreTree {
    /// Inserts an element that is not in the tree.
    ///
    /// # Safety
    /// The member stays alive and keeps its bytes until the tree has let go of it (or is dropped
    /// without being asked anything else). The score is not NaN.
    pub unsafe fn insert(&mut self, score: f64, member: MemberRef) {
        debug_assert!(!score.is_nan());
        let (mut path, leaf, spot) = self.descend(score, member.bytes());
        debug_assert!(!spot.found, "the caller looked the member up in its table");
        self.len += 1;
        path.add(1);
        // SAFETY: the descent ended in a live leaf, and no other reference to it exists.
        let keys = unsafe { &mut (*leaf).keys };
        if keys.is_full() {
            return self.insert_full(&mut path, leaf, spot.at, (score, member));
        }
        keys.insert(spot.at, score, member, spot.conforms);
        if spot.at == 0 {
            path.set_min(path.len(), score, member);
        }
    }

    /// Inserts an element that is greater than all others: what a sorted source is loaded with.
    ///
    /// # Safety
    /// As `insert`.
    pub unsafe fn push(&mut self, score: f64, member: MemberRef) {
        debug_assert!(self.last().is_none_or(|(s, m)| s < score || (s == score && m < member.bytes())));
        let mut path = self.rightmost();
        self.len += 1;
        path.add(1);
        // SAFETY: `last` is a live leaf, and no other reference to it exists.
        let keys = unsafe { &mut (*self.last).keys };
        if keys.is_full() {
            return self.insert_full(&mut path, self.last, LEAF_KEYS, (score, member));
        }
        let at = keys.len();
        keys.insert(at, score, member, false);
        if at == 0 {
            path.set_min(path.len(), score, member);
        }
    }

    /// Moves an element to another score.
    ///
    /// # Safety
    /// As `insert`; the element is in the tree with the score `old`.
    pub unsafe fn rescore(&mut self, old: f64, new: f64, member: MemberRef) {
        let (path, leaf, spot) = self.descend(old, member.bytes());
        debug_assert!(spot.found);
        // SAFETY: the descent ended in a live leaf, and no other reference to it exists.
        let keys = unsafe { &mut (*leaf).keys };
        let (at, len) = (spot.at, keys.len());
        // The neighbours within the leaf decide whether the element keeps its place.
        if at > 0 && at + 1 < len && keys.score(at - 1) < new && new < keys.score(at + 1) {
            return keys.set_score(at, new);
        }
        self.take(&path, leaf, at, 1);
        // SAFETY: the caller's promise.
        unsafe { self.insert(new, member) }
    }

    fn rightmost(&self) -> Path {
        let (mut path, mut node) = (Path::new(), self.root);
        for _ in 0..self.height {
            // SAFETY: nodes above the leaves are inner nodes of this tree.
            let inner = unsafe { &*node.cast::<Inner>() };
            let index = inner.keys.len() - 1;
            path.push(node.cast(), index);
            node = inner.kids[index];
        }
        path
    }

    /// Inserts into a full leaf. The counts of the path include the new element already.
    #[cold]
    fn insert_full(&mut self, path: &mut Path, leaf: *mut Leaf, at: usize, key: Moving) {
        if path.len() == 0 {
            self.grow(Child::leaf(leaf));
            path.push(self.root.cast(), 0);
            path.add(1);
        }
        // SAFETY: the leaf is live; the references end with the statement.
        let (prev, next) = unsafe { ((*leaf).prev, (*leaf).next) };
        let level = path.len() - 1;
        let (parent, index) = path.step(level);
        let append = at == LEAF_KEYS && next.is_null();
        if append || (at == 0 && prev.is_null()) {
            let fresh = self.alloc_leaf_after(if append { leaf } else { prev });
            // SAFETY: the new leaf and the parent are live and not referred to elsewhere.
            unsafe {
                (*fresh).keys.insert(0, key.0, key.1, false);
                // The full leaf stays as it is: now is the time to find the best scale.
                (*leaf).keys.rescale();
                (*parent).counts[index] -= 1;
            }
            self.insert_child(path, level, index + usize::from(append), &Child::leaf(fresh));
            return;
        }
        let (from, leaves_in, leaves_out) = self.share_with(parent, index);
        let at = if from < index { at + self.leaf_len(parent, from) } else { at };
        self.spread(path, from, leaves_in, leaves_out, Some((at, key)));
    }

    /// Which leaves share the load of a full one: the first, how many now, how many afterwards.
    fn share_with(&self, parent: *mut Inner, index: usize) -> (usize, usize, usize) {
        // SAFETY: the parent is a live inner node.
        let children = unsafe { (*parent).keys.len() };
        let has_room = |at: usize| self.leaf_len(parent, at) + WORTHWHILE_ROOM <= LEAF_KEYS;
        let right = index + 1 < children;
        match () {
            () if right && has_room(index + 1) => (index, 2, 2),
            () if index > 0 && has_room(index - 1) => (index - 1, 2, 2),
            () if right => (index, 2, 3),
            () if index > 0 => (index - 1, 2, 3),
            () => (index, 1, 2),
        }
    }

    pub(super) fn leaf_len(&self, parent: *mut Inner, index: usize) -> usize {
        // SAFETY: the parent is a live inner node right above the leaves.
        unsafe { (*(*parent).kids[index].cast::<Leaf>()).keys.len() }
    }

    /// Spreads the elements of neighbouring leaves evenly over as many leaves or one more or less,
    /// adding `extra` at its position among them.
    pub(super) fn spread(
        &mut self,
        path: &Path,
        from: usize,
        leaves_in: usize,
        leaves_out: usize,
        extra: Option<(usize, Moving)>,
    ) {
        let level = path.len() - 1;
        let parent = path.step(level).0;
        // SAFETY: a live inner node; no other reference to it is held while this one is used.
        let kids = unsafe { &(*parent).kids };
        let mut leaves: Vec<*mut Leaf> = kids[from..from + leaves_in].iter().map(|kid| kid.cast()).collect();
        let mut run = Vec::with_capacity(leaves_in * LEAF_KEYS + 1);
        for &leaf in &leaves {
            // SAFETY: children of the parent are live leaves.
            unsafe { (*leaf).keys.gather(&mut run) };
        }
        if let Some((at, key)) = extra {
            run.insert(at, key);
        }
        if leaves_out > leaves_in {
            leaves.push(self.alloc_leaf_after(leaves[leaves_in - 1]));
        }
        let mut rest = &run[..];
        for (done, &leaf) in leaves[..leaves_out].iter().enumerate() {
            let (own, others) = rest.split_at(rest.len().div_ceil(leaves_out - done));
            rest = others;
            // SAFETY: a live leaf that nothing else refers to.
            unsafe { (*leaf).keys.refill(own) };
        }
        for (index, &leaf) in leaves.iter().enumerate().take(leaves_out.min(leaves_in)) {
            self.refresh_child(path, from + index, leaf);
        }
        if leaves_out > leaves_in {
            self.insert_child(path, level, from + leaves_in, &Child::leaf(leaves[leaves_in]));
        } else if leaves_out < leaves_in {
            self.free_leaf(leaves[leaves_out]);
            self.remove_child(path, level, from + leaves_out);
        }
    }

    /// Writes the count and the key of a leaf into its parent.
    fn refresh_child(&mut self, path: &Path, index: usize, leaf: *mut Leaf) {
        let level = path.len() - 1;
        let child = Child::leaf(leaf);
        // SAFETY: a live inner node; no other reference to it is held.
        unsafe {
            let parent = &mut *path.step(level).0;
            parent.counts[index] = child.count;
            parent.keys.replace(index, child.score, child.member);
        }
        if index == 0 {
            path.set_min(level, child.score, child.member);
        }
    }

    /// Adds a child to the inner node of a level; the counts above include it already.
    fn insert_child(&mut self, path: &Path, level: usize, at: usize, child: &Child) {
        let (node, _) = path.step(level);
        // SAFETY: a live inner node; no other reference to it is held.
        let inner = unsafe { &mut *node };
        if !inner.keys.is_full() {
            inner.insert(at, child);
            if at == 0 {
                path.set_min(level, child.score, child.member);
            }
            return;
        }
        let fresh = Inner::alloc();
        self.inners += 1;
        // SAFETY: just allocated.
        let right = unsafe { &mut *fresh };
        let half = INNER_KEYS / 2;
        if at == INNER_KEYS && self.at_right_end(path, level) {
            right.insert(0, child);
        } else {
            inner.move_tail(half, right);
            if at <= half { inner.insert(at, child) } else { right.insert(at - half, child) }
        }
        if at == 0 {
            path.set_min(level, child.score, child.member);
        }
        let count = inner.count();
        if level == 0 {
            self.grow(Child::inner(node));
            // SAFETY: the new root; the borrows of its children are over.
            unsafe { (*self.root.cast::<Inner>()).insert(1, &Child::inner(fresh)) };
            return;
        }
        let (above, index) = path.step(level - 1);
        // SAFETY: a live inner node; no other reference to it is held.
        unsafe { (*above).counts[index] = count };
        self.insert_child(path, level - 1, index + 1, &Child::inner(fresh));
    }

    /// Is the node of a level the last of its level?
    fn at_right_end(&self, path: &Path, level: usize) -> bool {
        (0..level).all(|above| {
            let (inner, index) = path.step(above);
            // SAFETY: the path leads through live inner nodes.
            index + 1 == unsafe { (*inner).keys.len() }
        })
    }

    /// Puts a root above the root.
    fn grow(&mut self, only: Child) {
        let root = Inner::alloc();
        // SAFETY: just allocated.
        unsafe { (*root).insert(0, &only) };
        self.inners += 1;
        self.height += 1;
        self.root = root.cast();
    }

    /// Links a new leaf behind one, or before all.
    fn alloc_leaf_after(&mut self, prev: *mut Leaf) -> *mut Leaf {
        let fresh = Leaf::alloc();
        self.leaves += 1;
        // SAFETY: `prev` and its neighbour are live or null; `fresh` is just allocated.
        unsafe {
            let next = if prev.is_null() { self.first } else { (*prev).next };
            ((*fresh).prev, (*fresh).next) = (prev, next);
            if prev.is_null() {
                self.first = fresh
            } else {
                (*prev).next = fresh
            }
            if next.is_null() { self.last = fresh } else { (*next).prev = fresh }
        }
        fresh
    }
}
