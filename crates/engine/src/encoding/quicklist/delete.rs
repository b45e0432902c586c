//! Removing elements. Nodes that shrink are not merged, as in Redis; nodes that become empty go.

use super::{End, Node, Quicklist};

impl Quicklist {
    /// Removes the element at one end; false if there is none.
    #[inline]
    pub fn pop(&mut self, end: End) -> bool {
        let last = self.nodes.len().wrapping_sub(1);
        let at = if end == End::Front { 0 } else { last };
        match self.nodes.get_mut(at) {
            None => return false,
            Some(Node::Packed { count, pack }) if *count > 1 => {
                let pos = if end == End::Front { pack.first() } else { pack.last() };
                pack.delete(pos.expect("no node is empty"));
                *count -= 1;
                self.len -= 1;
            }
            Some(_) => {
                self.nodes.remove(at);
                self.len -= 1;
                self.nodes_removed();
            }
        }
        true
    }

    /// Removes up to `count` elements from `start` on; returns how many went.
    pub fn delete_range(&mut self, start: usize, count: usize) -> usize {
        let count = count.min(self.len.saturating_sub(start));
        let Some((mut at, offset)) = self.locate(start).filter(|_| count > 0) else { return 0 };
        let mut left = count;
        let first_count = self.nodes[at].count();
        if offset > 0 || left < first_count {
            let here = left.min(first_count - offset);
            self.delete_within(at, offset, here);
            left -= here;
            at += 1;
        }
        let mut whole = at;
        while left > 0 && left >= self.nodes[whole].count() {
            left -= self.nodes[whole].count();
            whole += 1;
        }
        if left > 0 {
            self.delete_within(whole, 0, left);
        }
        if whole > at {
            self.nodes.drain(at..whole);
            self.nodes_removed();
        }
        self.len -= count;
        count
    }

    /// Keeps the elements from `start` on, at most `count`, and removes all others.
    pub fn keep_range(&mut self, start: usize, count: usize) {
        let end = start.saturating_add(count).min(self.len);
        self.delete_range(end, usize::MAX);
        self.delete_range(0, start);
    }

    /// Removes up to `limit` elements equal to `element`, those nearest to `from` first; returns
    /// how many went.
    pub fn remove_equal(&mut self, element: &[u8], limit: usize, from: End) -> usize {
        let nodes = self.nodes.len();
        let mut left = limit;
        let mut emptied = false;
        for step in 0..nodes {
            if left == 0 {
                break;
            }
            let at = if from == End::Front { step } else { nodes - 1 - step };
            let removed = self.remove_equal_within(at, element, left, from);
            left -= removed;
            emptied |= self.nodes[at].count() == 0;
        }
        self.len -= limit - left;
        if emptied {
            self.nodes.retain(|node| node.count() > 0);
            self.nodes_removed();
        }
        limit - left
    }

    /// Removes matches in one node, leaving it empty if all match.
    fn remove_equal_within(&mut self, at: usize, element: &[u8], limit: usize, from: End) -> usize {
        let node = &mut self.nodes[at];
        if !node.open().contains(element) {
            return 0;
        }
        if node.is_plain() {
            *node = Node::empty();
            return 1;
        }
        let (pack, count) = node.edit();
        let removed = pack.remove_equal(element, limit, from == End::Back);
        *count -= removed as u32;
        if *count > 0 {
            self.settle(at);
        }
        removed
    }

    /// Removes some but not all elements of a node; the caller keeps `len`.
    fn delete_within(&mut self, at: usize, offset: usize, count: usize) {
        let (pack, left) = self.nodes[at].edit();
        pack.delete_range(offset as i64, count);
        *left -= count as u32;
        self.settle(at);
    }

    /// Nodes are gone, so others may have come within the depth, and the ring may be far too large.
    fn nodes_removed(&mut self) {
        self.settle(0);
        if self.nodes.capacity() > 64 && self.nodes.len() < self.nodes.capacity() / 4 {
            self.nodes.shrink_to(self.nodes.len() * 2);
        }
    }
}
