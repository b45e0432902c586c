//! Streams: entries in listpacks under an ordered index, consumer groups, pending entries.
//!
//! A [`Stream`] has two halves that commands borrow side by side: the [`StreamLog`] with the
//! entries, and the [`Group`]s that read it. Neither knows a command, a clock or a reply.
//!
//! - `id`: ids and how clients write them
//! - `id_map`: the ordered map from ids used for nodes and pending entries
//! - `node`: the packed entries of a node, the layout that snapshots store
//! - `log`, `entries`: adding, deleting, trimming, walking
//! - `group`: consumers and what is pending

mod entries;
mod group;
mod id;
mod id_map;
mod log;
mod node;
mod radix;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use entries::{Entries, EntriesRev};
pub use group::{Consumer, ConsumerId, Group, Pending, PendingFrom};
pub use id::{BoundError, IdText, NewId, StreamId};
pub use log::{AddError, NodeLimits, StreamLog, Trim, TrimBy};
pub use node::{Entry, Fields};

/// The value of a stream key.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// The entries.
    pub log: StreamLog,
    /// The consumer groups by name.
    groups: BTreeMap<Box<[u8]>, Group>,
}

impl Stream {
    /// A stream without entries and groups.
    pub const fn new() -> Self {
        Stream { log: StreamLog::new(), groups: BTreeMap::new() }
    }

    /// The number of groups.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// The groups in the order of their names.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = (&[u8], &Group)> {
        self.groups.iter().map(|(name, group)| (&**name, group))
    }

    /// A group.
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(name)
    }

    /// A group to change, next to the entries it reads.
    pub fn group_mut(&mut self, name: &[u8]) -> Option<(&StreamLog, &mut Group)> {
        self.groups.get_mut(name).map(|group| (&self.log, group))
    }

    /// Creates a group; false when the name is taken.
    pub fn create_group(&mut self, name: &[u8], group: Group) -> bool {
        if self.groups.contains_key(name) {
            return false;
        }
        self.groups.insert(name.into(), group);
        true
    }

    /// Deletes a group with its consumers and pending entries; false when there is none.
    pub fn destroy_group(&mut self, name: &[u8]) -> bool {
        self.groups.remove(name).is_some()
    }

    /// The nodes Redis's radix tree would have for the index, for XINFO STREAM. Takes time in the
    /// number of nodes.
    pub fn radix_tree_nodes(&self) -> usize {
        let keys: Vec<_> = self.log.nodes().map(|(id, _)| id.to_be_bytes()).collect();
        radix::node_count(&keys)
    }

    /// The bytes the stream takes from the heap, an estimate for MEMORY USAGE.
    pub fn heap_bytes(&self) -> usize {
        let groups: usize = self
            .groups
            .iter()
            .map(|(name, group)| name.len() + size_of::<(Box<[u8]>, Group)>() + group.heap_bytes())
            .sum();
        self.log.heap_bytes() + groups
    }
}
