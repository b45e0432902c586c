//! The ordered index of a large sorted set: a counted B+tree over (score, member).
//!
//! ```text
//!                 +-----------------------------+
//!   root  Inner   | key  key  key ...  (min of  |   one key, one count and one child a slot
//!                 | n    n    n   ...   a child)|
//!                 +--|----|----|----------------+
//!             +------+    +--------+
//!             v                    v
//!   Leaf  <-> [score, member]... <-> [score, member]... <->     linked both ways
//! ```
//! The members belong to a hash table beside the tree (`ScoredMember`); the tree keeps copies of
//! the scores and non-owning `MemberRef`s, 18 bytes an element in a full leaf. It compares scores
//! first and fetches members only where scores tie; there, a digest of the bytes behind the common
//! prefix of a node decides nearly always, so one search touches few members (see keys.rs).
//!
//! Invariants: the key of a child is the smallest key below it, exactly (so every pointer in the
//! tree is that of a live member); counts are those of the subtrees; only the root leaf is ever
//! empty; leaves of ascending insertion are full, others give to their siblings before they split.
//! Every change costs O(height) nodes of bounded size: there is no pause.

#![allow(unsafe_code)]

mod insert;
mod iter;
mod keys;
mod member;
mod node;
mod range;
mod remove;
#[cfg(test)]
mod tests;

pub use iter::{Backward, Forward};
pub use member::{MemberRef, ScoredMember};
pub use range::{LexBound, LexRange, ScoreRange};

use keys::{Probe, Spot};
use node::{INNER_BYTES, Inner, LEAF_BYTES, Leaf, LeafRef, Node, Path};

/// Elements ordered by (score, member), found by score, by member or by rank.
///
/// Scores are never NaN; `-0.0` and `0.0` are the same score.
pub struct ScoreTree {
    root: Node,
    /// Levels of inner nodes above the leaves.
    height: usize,
    len: u64,
    first: *mut Leaf,
    last: *mut Leaf,
    leaves: usize,
    inners: usize,
}

// SAFETY: the nodes belong to the tree alone, and the members are only read.
unsafe impl Send for ScoreTree {}
// SAFETY: `&ScoreTree` only reads.
unsafe impl Sync for ScoreTree {}

impl Default for ScoreTree {
    fn default() -> Self {
        Self::new()
    }
}

impl ScoreTree {
    /// An empty tree; it has one leaf from the start.
    pub fn new() -> Self {
        let leaf = Leaf::alloc();
        Self { root: leaf.cast(), height: 0, len: 0, first: leaf, last: leaf, leaves: 1, inners: 0 }
    }

    /// Elements.
    #[inline]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// No element?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Allocated bytes of the tree, without the members.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.leaves * LEAF_BYTES + self.inners * INNER_BYTES
    }

    /// The element of the smallest score.
    pub fn first(&self) -> Option<(f64, &[u8])> {
        self.forward(0).next()
    }

    /// The element of the greatest score.
    pub fn last(&self) -> Option<(f64, &[u8])> {
        self.backward(self.len.checked_sub(1)?).next()
    }

    /// The element of a rank, counted from 0.
    pub fn get(&self, rank: u64) -> Option<(f64, &[u8])> {
        self.forward(rank).next()
    }

    /// The rank of an element, counted from 0.
    pub fn rank_of(&self, score: f64, member: &[u8]) -> Option<u64> {
        let mut probe = Probe::new(score, member);
        let (mut node, mut rank) = (self.root, 0);
        for level in (0..self.height).rev() {
            // SAFETY: nodes above the leaves are inner nodes of this tree.
            let inner = unsafe { &*node.cast::<Inner>() };
            let index = inner.keys.child_of(&mut probe);
            node = inner.kids[index];
            node::prefetch(node, level);
            rank += inner.count_before(index);
        }
        // SAFETY: below the last level are leaves.
        let spot = unsafe { &*node.cast::<Leaf>() }.keys.locate(&probe);
        spot.found.then_some(rank + spot.at as u64)
    }

    /// How many elements at the start satisfy `before`, which no element behind one that fails may.
    pub fn count_while(&self, mut before: impl FnMut(f64, MemberRef) -> bool) -> u64 {
        let (mut node, mut rank) = (self.root, 0);
        for _ in 0..self.height {
            // SAFETY: nodes above the leaves are inner nodes of this tree.
            let inner = unsafe { &*node.cast::<Inner>() };
            let Some(index) = inner.keys.count_while(&mut before).checked_sub(1) else { return 0 };
            rank += inner.count_before(index);
            node = inner.kids[index];
        }
        // SAFETY: below the last level are leaves.
        let leaf = unsafe { &*node.cast::<Leaf>() };
        rank + leaf.keys.count_while(&mut before) as u64
    }

    /// The ranks of the elements in a range of scores.
    pub fn ranks_by_score(&self, range: &ScoreRange) -> std::ops::Range<u64> {
        if range.is_empty() {
            return 0..0;
        }
        let start = self.count_while(|score, _| !range.above_min(score));
        start..self.count_while(|score, _| range.below_max(score)).max(start)
    }

    /// The ranks of the elements in a range of members, all scores being equal.
    pub fn ranks_by_lex(&self, range: &LexRange) -> std::ops::Range<u64> {
        if range.is_empty() {
            return 0..0;
        }
        let start = self.count_while(|_, member| !range.above_min(member.bytes()));
        start..self.count_while(|_, member| range.below_max(member.bytes())).max(start)
    }

    /// The elements from a rank on, ascending.
    pub fn forward(&self, rank: u64) -> Forward<'_> {
        Forward::new(self, rank)
    }

    /// The elements from a rank on, descending.
    pub fn backward(&self, rank: u64) -> Backward<'_> {
        Backward::new(self, rank)
    }

    /// Forgets every element.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// The first leaf.
    fn first_leaf(&self) -> LeafRef<'_> {
        // SAFETY: a tree has a first leaf, and is borrowed.
        unsafe { LeafRef::new(self.first) }
    }

    /// The leaf of a rank below `len` and the position in it.
    fn leaf_at(&self, rank: u64) -> (LeafRef<'_>, usize) {
        debug_assert!(rank < self.len);
        let (mut node, mut rest) = (self.root, rank);
        for _ in 0..self.height {
            // SAFETY: nodes above the leaves are inner nodes of this tree.
            let inner = unsafe { &*node.cast::<Inner>() };
            let (index, inside) = inner.child_at(rest);
            (node, rest) = (inner.kids[index], inside);
        }
        // SAFETY: below the last level are leaves of this tree, which is borrowed.
        (unsafe { LeafRef::new(node.cast()) }, rest as usize)
    }

    /// The way down to where a key is or belongs.
    fn descend(&self, score: f64, member: &[u8]) -> (Path, *mut Leaf, Spot) {
        let mut probe = Probe::new(score, member);
        let (mut node, mut path) = (self.root, Path::new());
        for level in (0..self.height).rev() {
            // SAFETY: nodes above the leaves are inner nodes of this tree.
            let inner = unsafe { &*node.cast::<Inner>() };
            let index = inner.keys.child_of(&mut probe);
            path.push(node.cast(), index);
            node = inner.kids[index];
            node::prefetch(node, level);
        }
        let leaf = node.cast::<Leaf>();
        // SAFETY: below the last level are leaves.
        let spot = unsafe { &*leaf }.keys.locate(&probe);
        (path, leaf, spot)
    }
}

impl Drop for ScoreTree {
    fn drop(&mut self) {
        // SAFETY: the tree owns its nodes and nobody sees them any more.
        unsafe { node::free_subtree(self.root, self.height) }
    }
}

impl std::fmt::Debug for ScoreTree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScoreTree").field("len", &self.len).field("height", &self.height).finish()
    }
}
