//! Walks along the leaves, in both directions.

use super::ScoreTree;
use super::node::LeafRef;

/// Members this far ahead are fetched in advance.
const AHEAD: usize = 4;

/// Elements in ascending order.
pub struct Forward<'a> {
    leaf: LeafRef<'a>,
    at: usize,
    left: u64,
}

/// Elements in descending order.
pub struct Backward<'a> {
    leaf: LeafRef<'a>,
    /// One behind the next element.
    end: usize,
    left: u64,
}

impl<'a> Forward<'a> {
    pub(super) fn new(tree: &'a ScoreTree, rank: u64) -> Self {
        let left = tree.len.saturating_sub(rank);
        let is_first = rank == 0 || left == 0;
        let (leaf, at) = if is_first { (tree.first_leaf(), 0) } else { tree.leaf_at(rank) };
        Self { leaf, at, left }
    }
}

impl<'a> Iterator for Forward<'a> {
    type Item = (f64, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        if self.at == self.leaf.keys().len() {
            (self.leaf, self.at) = (self.leaf.next()?, 0);
        }
        let keys = self.leaf.keys();
        if self.at + AHEAD < keys.len() {
            keys.member(self.at + AHEAD).prefetch();
        }
        let item = (keys.score(self.at), keys.member(self.at).bytes());
        self.at += 1;
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl<'a> Backward<'a> {
    pub(super) fn new(tree: &'a ScoreTree, rank: u64) -> Self {
        let Some(rank) = tree.len.checked_sub(1).map(|last| rank.min(last)) else {
            return Self { leaf: tree.first_leaf(), end: 0, left: 0 };
        };
        let (leaf, at) = tree.leaf_at(rank);
        Self { leaf, end: at + 1, left: rank + 1 }
    }
}

impl<'a> Iterator for Backward<'a> {
    type Item = (f64, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        if self.end == 0 {
            self.leaf = self.leaf.prev()?;
            self.end = self.leaf.keys().len();
        }
        let keys = self.leaf.keys();
        self.end -= 1;
        if let Some(ahead) = self.end.checked_sub(AHEAD) {
            keys.member(ahead).prefetch();
        }
        Some((keys.score(self.end), keys.member(self.end).bytes()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}
