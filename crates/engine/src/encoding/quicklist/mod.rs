//! Quicklist: a long list as a queue of nodes, each a listpack of some kilobytes.
//!
//! ```text
//! nodes: | packed | packed | squeezed | squeezed | plain | packed | packed |
//!          <- depth ->                                      <- depth ->
//! ```
//! A node is 16 bytes in a ring buffer: pushing and popping at both ends take constant time, and
//! finding an index reads the counts of neighbouring nodes in one stream of memory. With nodes of
//! 8 KB a million short elements are two thousand nodes, so a node inserted in the middle moves a
//! few kilobytes.
//!
//! How much a node holds follows `list-max-listpack-size` ([`Fill`]); an element as large as the
//! plain threshold lives in a node of its own without a listpack. With a compress depth, nodes
//! farther than that from both ends are LZF-compressed when that saves something.
//!
//! Splitting, merging and filling follow Redis (quicklist.c), since DEBUG LISTPACK, DEBUG OBJECT
//! and RDB files show the result.
//!
//! Invariants: no node is empty; `len` is the sum of the counts; the first and last node are
//! never squeezed.

mod delete;
mod insert;
mod node;
#[cfg(test)]
mod tests;

use super::listpack::{Item, Listpack};
use node::Node;
pub use node::{NodeView, Stored};
use std::collections::VecDeque;
use std::ops::ControlFlow;

/// The largest size in bytes of a node that is limited by count (Redis: SIZE_SAFETY_LIMIT).
const SAFE_NODE_SIZE: usize = 8192;

/// The plain threshold in bytes unless a test changes it.
pub const PLAIN_THRESHOLD: u32 = 1 << 30;

/// How much one node holds, as `list-max-listpack-size` says: -1 to -5 for 4 to 64 KB, else a
/// number of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill(i16);

impl Fill {
    /// Takes a configured value; values beyond the ends count as the ends.
    pub fn new(fill: i64) -> Self {
        Fill(fill.clamp(-5, i64::from(i16::MAX)) as i16)
    }

    /// The value as configured.
    pub fn get(self) -> i16 {
        self.0
    }

    /// The size limit in bytes, or none when elements are counted.
    pub fn size_limit(self) -> Option<usize> {
        (self.0 < 0).then(|| 2048 << -self.0)
    }

    /// The limit of elements, or none when bytes are counted. A node holds at least one.
    pub fn count_limit(self) -> Option<usize> {
        (self.0 >= 0).then(|| usize::from(self.0.unsigned_abs()).max(1))
    }

    /// Whether a listpack of `size` bytes and `count` elements is more than a node may hold.
    #[inline]
    pub fn exceeded_by(self, size: usize, count: usize) -> bool {
        match self.size_limit() {
            Some(limit) => size > limit,
            None => size > SAFE_NODE_SIZE || Some(count) > self.count_limit(),
        }
    }
}

/// One of the two ends of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The left end, index 0.
    Front,
    /// The right end, index -1.
    Back,
}

/// A long list.
#[derive(Clone)]
pub struct Quicklist {
    nodes: VecDeque<Node>,
    len: usize,
    plain_threshold: u32,
    fill: Fill,
    depth: u16,
}

impl Quicklist {
    /// An empty list. `depth` is `list-compress-depth`: how many nodes at each end stay
    /// uncompressed; 0 compresses none.
    pub fn new(fill: Fill, depth: u16) -> Self {
        Quicklist { nodes: VecDeque::new(), len: 0, plain_threshold: PLAIN_THRESHOLD, fill, depth }
    }

    /// Sets from which size in bytes on an element gets a plain node (DEBUG QUICKLIST-PACKED-THRESHOLD).
    pub fn set_plain_threshold(&mut self, bytes: u32) {
        self.plain_threshold = bytes;
    }

    /// The number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of nodes.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The configured node size.
    pub fn fill(&self) -> Fill {
        self.fill
    }

    /// The configured compress depth.
    pub fn depth(&self) -> u16 {
        self.depth
    }

    /// The nodes as they are stored, for RDB files and DEBUG.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeView<'_>> {
        self.nodes.iter().map(Node::view)
    }

    /// An estimate of the heap bytes in use, from the first `samples` nodes; 0 walks them all.
    pub fn allocated_bytes(&self, samples: usize) -> usize {
        let walked = if samples == 0 { self.nodes.len() } else { samples.min(self.nodes.len()) };
        let bytes: usize = self.nodes.iter().take(walked).map(Node::allocated_bytes).sum();
        let ring = self.nodes.capacity() * size_of::<Node>();
        ring + (bytes * self.nodes.len()).checked_div(walked).unwrap_or(0)
    }

    /// The element at one end.
    #[inline]
    pub fn peek(&self, end: End) -> Option<Item<'_>> {
        let node = match end {
            End::Front => self.nodes.front()?,
            End::Back => self.nodes.back()?,
        };
        match node {
            Node::Packed { pack, .. } => {
                let pos = if end == End::Front { pack.first() } else { pack.last() };
                pos.map(|pos| pack.get(pos))
            }
            Node::Plain(element) => Some(Item::Str(element.bytes())),
            Node::Squeezed { .. } => unreachable!("the end nodes are never squeezed"),
        }
    }

    /// Hands the element with this index to `read`.
    pub fn with<R>(&self, index: usize, read: impl FnOnce(Item<'_>) -> R) -> Option<R> {
        let (node, offset) = self.locate(index)?;
        let opened = self.nodes[node].open();
        opened.get(offset).map(read)
    }

    /// Hands the elements from index `start` on to `each`, towards the end opposite to `from`,
    /// until there are none or `each` breaks.
    pub fn visit(&self, start: usize, from: End, mut each: impl FnMut(Item<'_>) -> ControlFlow<()>) {
        let Some((mut node, offset)) = self.locate(start) else { return };
        let mut offset = Some(offset);
        loop {
            let opened = self.nodes[node].open();
            if opened.visit(offset.take(), from, &mut each).is_break() {
                return;
            }
            let next = match from {
                End::Front => node + 1,
                End::Back => node.wrapping_sub(1),
            };
            if next >= self.nodes.len() {
                return;
            }
            node = next;
        }
    }

    /// A list of one node, or of none if the listpack is empty.
    pub fn from_listpack(pack: Listpack, fill: Fill, depth: u16) -> Self {
        let mut list = Self::new(fill, depth);
        list.append_listpack(pack);
        list
    }

    /// Adds a whole listpack as the last node, as RDB files hold it. An empty one adds nothing.
    pub fn append_listpack(&mut self, pack: Listpack) {
        if pack.is_empty() {
            return;
        }
        let node = Node::packed(pack);
        self.insert_node(self.nodes.len(), node);
    }

    /// Adds one element as a plain last node, as RDB files hold it.
    pub fn append_plain(&mut self, element: Box<[u8]>) {
        self.insert_node(self.nodes.len(), Node::plain(element));
    }

    /// The listpack of the only node, if there is exactly one and it is not plain.
    pub fn only_listpack(&self) -> Option<&Listpack> {
        match self.nodes.front() {
            Some(Node::Packed { pack, .. }) if self.nodes.len() == 1 => Some(pack),
            _ => None,
        }
    }

    /// Takes out the listpack of the only node, leaving the list empty, if
    /// [`Quicklist::only_listpack`] would show it.
    pub fn take_only_listpack(&mut self) -> Option<Listpack> {
        self.only_listpack()?;
        self.len = 0;
        match self.nodes.pop_front() {
            Some(Node::Packed { pack, .. }) => Some(pack),
            _ => None,
        }
    }

    /// The node of the element with this index and the element's offset there.
    fn locate(&self, index: usize) -> Option<(usize, usize)> {
        if index >= self.len {
            return None;
        }
        if index <= self.len / 2 {
            let mut before = 0;
            for (at, node) in self.nodes.iter().enumerate() {
                if index < before + node.count() {
                    return Some((at, index - before));
                }
                before += node.count();
            }
        } else {
            let mut before = self.len;
            for (at, node) in self.nodes.iter().enumerate().rev() {
                before -= node.count();
                if index >= before {
                    return Some((at, index - before));
                }
            }
        }
        None
    }

    /// Puts a new node at `at` and counts its elements.
    fn insert_node(&mut self, at: usize, node: Node) {
        self.len += node.count();
        self.nodes.insert(at, node);
        self.settle(at);
    }

    /// Restores the compression rule after a change at node `touched`: the ends are open within
    /// the depth, the touched node and those just beyond the depth are squeezed.
    fn settle(&mut self, touched: usize) {
        let (count, depth) = (self.nodes.len(), usize::from(self.depth));
        if depth == 0 {
            return;
        }
        for near in 0..depth.min(count) {
            self.nodes[near].unsqueeze();
            self.nodes[count - 1 - near].unsqueeze();
        }
        if count <= 2 * depth {
            return;
        }
        for at in [touched, depth, count - 1 - depth] {
            if (depth..count - depth).contains(&at) {
                self.nodes[at].squeeze();
            }
        }
    }
}
