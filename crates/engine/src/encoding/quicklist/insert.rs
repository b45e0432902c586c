//! Adding elements: where they go, and when nodes are split and merged for it.

use super::{End, Node, Quicklist};
use crate::encoding::listpack::{EMPTY_SIZE, Listpack, MAX_SAFE_SIZE};

/// What one element is taken to add to a listpack beyond its own bytes (Redis: SIZE_ESTIMATE_OVERHEAD).
const ENTRY_OVERHEAD: usize = 8;

impl Quicklist {
    /// Adds an element at one end.
    #[inline]
    pub fn push(&mut self, end: End, element: &[u8]) {
        let node = match end {
            End::Front => self.nodes.front_mut(),
            End::Back => self.nodes.back_mut(),
        };
        // The end nodes are open, so this is the whole of the common case.
        if let Some(Node::Packed { count, pack }) = node
            && element.len() < self.plain_threshold as usize
            && !self
                .fill
                .exceeded_by(pack.total_bytes() + element.len() + ENTRY_OVERHEAD, *count as usize + 1)
        {
            match end {
                End::Front => pack.push_front(element),
                End::Back => pack.push_back(element),
            }
            *count += 1;
            self.len += 1;
            return;
        }
        let at = if end == End::Front { 0 } else { self.nodes.len() };
        let node = self.new_node(element);
        self.insert_node(at, node);
    }

    /// Adds an element before (`End::Front`) or behind (`End::Back`) the one with this index;
    /// false if there is no such index.
    pub fn insert(&mut self, index: usize, side: End, element: &[u8]) -> bool {
        let Some((at, offset)) = self.locate(index) else { return false };
        let after = side == End::Back;
        let at_edge = if after { offset + 1 == self.nodes[at].count() } else { offset == 0 };
        let neighbour = if after { Some(at + 1) } else { at.checked_sub(1) };
        let room_beyond = neighbour
            .filter(|&near| at_edge && self.nodes.get(near).is_some_and(|node| self.allows(node, element)));
        if self.allows(&self.nodes[at], element) {
            self.insert_into(at, offset, side, element);
        } else if let Some(near) = room_beyond {
            let offset = if after { 0 } else { self.nodes[near].count() - 1 };
            self.insert_into(near, offset, if after { End::Front } else { End::Back }, element);
        } else if at_edge {
            let node = self.new_node(element);
            self.insert_node(at + usize::from(after), node);
        } else {
            self.split_and_insert(at, offset + usize::from(after), side, element);
        }
        true
    }

    /// Puts another element in place of the one with this index; false if there is no such index.
    pub fn set(&mut self, index: usize, element: &[u8]) -> bool {
        let Some((at, offset)) = self.locate(index) else { return false };
        let node = &self.nodes[at];
        let fits = node.raw_size() + element.len() + ENTRY_OVERHEAD <= MAX_SAFE_SIZE || node.count() == 1;
        match (node.is_plain(), self.is_large(element)) {
            (false, false) if fits => {
                let (pack, _) = self.nodes[at].edit();
                let pos = pack.seek(offset as i64).expect("the node holds this offset");
                pack.replace(pos, element);
                self.settle(at);
            }
            (true, true) => {
                self.nodes[at] = Node::plain(element.into());
                self.settle(at);
            }
            _ => {
                self.insert(index, End::Back, element);
                self.delete_range(index, 1);
            }
        }
        true
    }

    fn is_large(&self, element: &[u8]) -> bool {
        element.len() >= self.plain_threshold as usize
    }

    fn new_node(&self, element: &[u8]) -> Node {
        if self.is_large(element) { Node::plain(element.into()) } else { Node::single(element) }
    }

    /// Whether `element` may join the elements of `node`.
    fn allows(&self, node: &Node, element: &[u8]) -> bool {
        let size = node.raw_size() + element.len() + ENTRY_OVERHEAD;
        !node.is_plain() && !self.is_large(element) && !self.fill.exceeded_by(size, node.count() + 1)
    }

    fn insert_into(&mut self, at: usize, offset: usize, side: End, element: &[u8]) {
        let (pack, count) = self.nodes[at].edit();
        let pos = pack.seek(offset as i64).expect("the node holds this offset");
        match side {
            End::Front => pack.insert_before(pos, element),
            End::Back => pack.insert_after(pos, element),
        };
        *count += 1;
        self.len += 1;
        self.settle(at);
    }

    /// Splits the full node `at` before its element `cut` and adds the element between the parts:
    /// to the part that `side` names, or as a node of its own.
    fn split_and_insert(&mut self, at: usize, cut: usize, side: End, element: &[u8]) {
        let (pack, count) = self.nodes[at].edit();
        let mut tail = pack.split_off(cut);
        let tail_count = *count - cut as u32;
        *count = cut as u32;
        self.len += 1;
        if self.is_large(element) {
            self.nodes.insert(at + 1, Node::Packed { count: tail_count, pack: tail });
            self.nodes.insert(at + 1, Node::plain(element.into()));
            for touched in [at, at + 1, at + 2] {
                self.settle(touched);
            }
            return;
        }
        // The original node keeps the elements on the far side of the new one (_quicklistInsert).
        let mut grown = [0, tail_count];
        if side == End::Back {
            tail.push_front(element);
            grown[1] += 1;
        } else {
            let (pack, count) = self.nodes[at].edit();
            pack.push_back(element);
            *count += 1;
        }
        self.nodes.insert(at + 1, Node::Packed { count: grown[1], pack: tail });
        let original = if side == End::Back { at } else { at + 1 };
        self.settle(at);
        self.settle(at + 1);
        self.merge_around(original);
    }

    /// Merges the node and its neighbours where the limits allow it, in Redis's order.
    fn merge_around(&mut self, mut center: usize) {
        if center >= 2 && self.merge_with_next(center - 2) {
            center -= 1;
        }
        self.merge_with_next(center + 1);
        if center >= 1 && self.merge_with_next(center - 1) {
            center -= 1;
        }
        self.merge_with_next(center);
    }

    /// Appends the node behind `left` to it, if both exist and the result is within the limits.
    fn merge_with_next(&mut self, left: usize) -> bool {
        let (Some(a), Some(b)) = (self.nodes.get(left), self.nodes.get(left + 1)) else { return false };
        let size = a.raw_size() + b.raw_size() - EMPTY_SIZE;
        if a.is_plain() || b.is_plain() || self.fill.exceeded_by(size, a.count() + b.count()) {
            return false;
        }
        let (right, right_count) = self.take_pack(left + 1);
        let (pack, count) = self.nodes[left].edit();
        pack.append(&right);
        *count += right_count;
        self.settle(left);
        true
    }

    fn take_pack(&mut self, at: usize) -> (Listpack, u32) {
        self.nodes[at].unsqueeze();
        match self.nodes.remove(at) {
            Some(Node::Packed { count, pack }) => (pack, count),
            _ => unreachable!("only nodes that are not plain are merged"),
        }
    }
}
