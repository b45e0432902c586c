//! Walks over the live entries of a stream between two ids, forwards and backwards.
//!
//! Only a live entry ends a walk: XSETID may lower the last id below that of a deleted entry, so a
//! deleted one in the middle can have a higher id than those after it.

use super::id_map::{IdMap, Pos};
use super::node::Node;
use super::{Entry, StreamId};
use crate::encoding::listpack::Listpack;

/// Live entries in ascending order.
#[derive(Clone)]
pub struct Entries<'a> {
    nodes: &'a IdMap<Listpack>,
    /// The node after the one being walked.
    next_node: Pos,
    entry: Option<Entry<'a>>,
    start: StreamId,
    end: StreamId,
}

/// Live entries in descending order.
#[derive(Clone)]
pub struct EntriesRev<'a> {
    nodes: &'a IdMap<Listpack>,
    /// The node before the one being walked.
    next_node: Option<Pos>,
    entry: Option<Entry<'a>>,
    start: StreamId,
    end: StreamId,
}

impl<'a> Entries<'a> {
    pub(super) fn new(nodes: &'a IdMap<Listpack>, start: StreamId, end: StreamId) -> Self {
        let next_node = nodes.seek_floor(start).unwrap_or(nodes.start());
        Entries { nodes, next_node, entry: None, start, end }
    }

    fn step(&mut self) -> Option<Entry<'a>> {
        let mut entry = self.entry.and_then(|entry| entry.following());
        while entry.is_none() {
            let (master_id, lp) = self.nodes.at(self.next_node)?;
            self.next_node = self.nodes.next(self.next_node);
            entry = Node::new(master_id, lp).and_then(Node::first);
        }
        self.entry = entry;
        entry
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let entry = self.step()?;
            if entry.id() >= self.start && !entry.is_deleted() {
                return (entry.id() <= self.end).then_some(entry);
            }
        }
    }
}

impl<'a> EntriesRev<'a> {
    pub(super) fn new(nodes: &'a IdMap<Listpack>, start: StreamId, end: StreamId) -> Self {
        EntriesRev { nodes, next_node: nodes.seek_floor(end), entry: None, start, end }
    }

    fn step(&mut self) -> Option<Entry<'a>> {
        let mut entry = self.entry.and_then(|entry| entry.preceding());
        while entry.is_none() {
            let (master_id, lp) = self.nodes.at(self.next_node?)?;
            self.next_node = self.next_node.and_then(|pos| self.nodes.prev(pos));
            entry = Node::new(master_id, lp).and_then(Node::last);
        }
        self.entry = entry;
        entry
    }
}

impl<'a> Iterator for EntriesRev<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let entry = self.step()?;
            if entry.id() <= self.end && !entry.is_deleted() {
                return (entry.id() >= self.start).then_some(entry);
            }
        }
    }
}
