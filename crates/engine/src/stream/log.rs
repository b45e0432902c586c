//! The entries of a stream: nodes of packed entries under an index ordered by id.
//!
//! ```text
//! index   master id 1-0 -> [ entries 1-0 .. 90-0 ]   91-0 -> [ .. ]   ..
//! ```
//!
//! New entries go to the last node until it is full. Deleting
//! flags an entry, and a node without live entries goes away (but see [`StreamLog::trim`]).
//!
//! Invariants: ids ascend through all nodes; `last_id` is at or above every id that was ever in
//! the stream; `len` is the sum of the live counters of the nodes.

use super::entries::{Entries, EntriesRev};
use super::id_map::IdMap;
use super::node::{self, Counts, Node};
use super::{Entry, NewId, StreamId};
use crate::encoding::listpack::Listpack;

/// Neither an entry nor a node may be larger, whatever the configuration says: a listpack counts
/// its bytes in 32 bits (`STREAM_LISTPACK_MAX_SIZE` of Redis).
const MAX_NODE_BYTES: usize = 1 << 30;

/// When a node is full; 0 stands for no limit.
#[derive(Clone, Copy, Debug)]
pub struct NodeLimits {
    /// Entries, deleted ones included (`stream-node-max-entries`).
    pub max_entries: u64,
    /// Bytes (`stream-node-max-bytes`).
    pub max_bytes: usize,
}

/// Why an entry could not be added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AddError {
    /// The id is not above the last one.
    NotAbove,
    /// The fields and values together are too large.
    TooLarge,
}

/// What [`StreamLog::trim`] removes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trim {
    /// Which entries go.
    pub by: TrimBy,
    /// Remove whole nodes only.
    pub approximate: bool,
    /// Remove no more entries than this; 0 stands for no limit. Only together with `approximate`.
    pub limit: u64,
}

/// Which entries a [`Trim`] removes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TrimBy {
    /// The oldest, until this many are left.
    MaxLen(u64),
    /// The entries with lower ids than this.
    MinId(StreamId),
}

/// The entries of a stream and what is remembered of past ones.
#[derive(Clone, Debug, Default)]
pub struct StreamLog {
    nodes: IdMap<Listpack>,
    len: u64,
    first_id: StreamId,
    last_id: StreamId,
    max_deleted_id: StreamId,
    entries_added: u64,
}

impl StreamLog {
    /// A stream without entries.
    pub const fn new() -> Self {
        StreamLog {
            nodes: IdMap::new(),
            len: 0,
            first_id: StreamId::MIN,
            last_id: StreamId::MIN,
            max_deleted_id: StreamId::MIN,
            entries_added: 0,
        }
    }

    /// The number of entries.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// True when there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The id of the first entry, 0-0 without entries.
    pub fn first_id(&self) -> StreamId {
        self.first_id
    }

    /// The last id given to an entry, which may be gone.
    pub fn last_id(&self) -> StreamId {
        self.last_id
    }

    /// The greatest id that XDEL removed, 0-0 if none.
    pub fn max_deleted_id(&self) -> StreamId {
        self.max_deleted_id
    }

    /// How many entries were ever added.
    pub fn entries_added(&self) -> u64 {
        self.entries_added
    }

    /// Sets what XSETID and snapshots set; the caller checks that it fits the entries.
    pub fn set_last_id(&mut self, last_id: StreamId) {
        self.last_id = last_id;
    }

    /// Sets the count of entries ever added.
    pub fn set_entries_added(&mut self, entries_added: u64) {
        self.entries_added = entries_added;
    }

    /// Sets the greatest deleted id.
    pub fn set_max_deleted_id(&mut self, id: StreamId) {
        self.max_deleted_id = id;
    }

    /// Sets the recorded id of the first entry, as a snapshot has it.
    pub fn set_first_id(&mut self, id: StreamId) {
        self.first_id = id;
    }

    /// The id the next entry gets for what XADD asked for.
    pub fn resolve(&self, wanted: NewId, now_ms: u64) -> Result<StreamId, AddError> {
        let id = match wanted {
            NewId::Exact(id) => Some(id),
            NewId::AutoSeq(ms) if ms == self.last_id.ms => {
                self.last_id.seq.checked_add(1).map(|seq| StreamId { ms, seq })
            }
            NewId::AutoSeq(ms) => Some(StreamId { ms, seq: 0 }),
            NewId::Auto if now_ms > self.last_id.ms => Some(StreamId { ms: now_ms, seq: 0 }),
            NewId::Auto => self.last_id.next(),
        };
        id.filter(|id| *id > self.last_id).ok_or(AddError::NotAbove)
    }

    /// Adds an entry with the given fields and values and returns its id.
    pub fn add<'p, P>(
        &mut self,
        wanted: NewId,
        now_ms: u64,
        pairs: P,
        limits: NodeLimits,
    ) -> Result<StreamId, AddError>
    where
        P: ExactSizeIterator<Item = (&'p [u8], &'p [u8])> + Clone,
    {
        let id = self.resolve(wanted, now_ms)?;
        let bytes: usize = pairs.clone().map(|(field, value)| field.len() + value.len()).sum();
        if bytes > MAX_NODE_BYTES {
            return Err(AddError::TooLarge);
        }
        match self.nodes.last_mut() {
            Some((master_id, lp)) if !limits.is_full(lp, bytes) => node::append(lp, master_id, id, pairs),
            _ => {
                self.nodes.insert(id, node::open(pairs));
            }
        }
        self.len += 1;
        self.entries_added = self.entries_added.wrapping_add(1);
        self.last_id = id;
        if self.len == 1 {
            self.first_id = id;
        }
        Ok(id)
    }

    /// The entries from `start` to `end`, both included, in ascending order.
    pub fn range(&self, start: StreamId, end: StreamId) -> Entries<'_> {
        Entries::new(&self.nodes, start, end)
    }

    /// The entries from `end` down to `start`, both included.
    pub fn range_rev(&self, start: StreamId, end: StreamId) -> EntriesRev<'_> {
        EntriesRev::new(&self.nodes, start, end)
    }

    /// The entry `id`.
    pub fn get(&self, id: StreamId) -> Option<Entry<'_>> {
        self.range(id, id).next()
    }

    /// The id of the first entry that is there.
    pub fn first_entry_id(&self) -> Option<StreamId> {
        self.range(StreamId::MIN, StreamId::MAX).next().map(|entry| entry.id())
    }

    /// The id of the last entry that is there.
    pub fn last_entry_id(&self) -> Option<StreamId> {
        self.range_rev(StreamId::MIN, StreamId::MAX).next().map(|entry| entry.id())
    }

    /// The id at the front of the first node, of an entry that may be flagged as deleted: below
    /// it nothing is left. This is what a trimming by id is propagated with.
    pub fn front_id(&self) -> Option<StreamId> {
        let (master_id, lp) = self.nodes.first()?;
        Node::new(master_id, lp)?.first().map(|entry| entry.id())
    }

    /// Removes an entry, as XDEL does; false when there is none.
    pub fn delete(&mut self, id: StreamId) -> bool {
        let Some(pos) = self.nodes.seek_floor(id) else { return false };
        let Some((master_id, lp)) = self.nodes.at_mut(pos) else { return false };
        if !node::delete(lp, master_id, id) {
            return false;
        }
        if node::counts(lp).live == 0 {
            self.nodes.remove(master_id);
        }
        self.len -= 1;
        self.max_deleted_id = self.max_deleted_id.max(id);
        if id == self.first_id || self.len == 0 {
            self.renew_first_id();
        }
        true
    }

    /// Removes old entries and returns how many. The order of decisions is that of `streamTrim`
    /// of Redis: limit, whole node, and inside the node only if the trim is exact.
    pub fn trim(&mut self, trim: Trim) -> u64 {
        let mut removed = 0;
        while let Some((master_id, lp)) = self.nodes.first() {
            if matches!(trim.by, TrimBy::MaxLen(most) if self.len <= most) {
                break;
            }
            let live = node::counts(lp).live;
            if trim.limit != 0 && removed + live > trim.limit {
                break;
            }
            if !self.spares_node(trim.by, master_id, lp, live) {
                self.nodes.remove(master_id);
                self.len -= live;
                removed += live;
                continue;
            }
            if !trim.approximate {
                removed += self.trim_inside(trim.by);
            }
            break;
        }
        if removed > 0 || self.len == 0 {
            self.renew_first_id();
        }
        removed
    }

    /// True when at least one entry of the first node stays. An entry flagged as deleted counts
    /// for a trim by id, so a node can end without live entries, as in Redis.
    fn spares_node(&self, by: TrimBy, master_id: StreamId, lp: &Listpack, live: u64) -> bool {
        match by {
            TrimBy::MaxLen(most) => self.len - live < most,
            TrimBy::MinId(least) => {
                let last = Node::new(master_id, lp).and_then(Node::last);
                last.is_some_and(|entry| entry.id() >= least)
            }
        }
    }

    fn trim_inside(&mut self, by: TrimBy) -> u64 {
        let len = self.len;
        let Some((master_id, lp)) = self.nodes.at_mut(self.nodes.start()) else { return 0 };
        let removed = match by {
            TrimBy::MaxLen(most) => node::trim(lp, master_id, len - most, |_| false),
            TrimBy::MinId(least) => node::trim(lp, master_id, u64::MAX, |id| id >= least),
        };
        self.len -= removed;
        removed
    }

    fn renew_first_id(&mut self) {
        self.first_id = self.first_entry_id().unwrap_or(StreamId::MIN);
    }

    /// True when an entry was deleted out of the middle at or above `start`, so that counting
    /// entries from there on would be wrong.
    pub(super) fn has_tombstone_from(&self, start: StreamId) -> bool {
        let deleted = self.max_deleted_id;
        self.len > 0 && !deleted.is_zero() && self.first_id <= deleted && start <= deleted
    }

    /// How many entries were ever added up to and including `id`, where that can be told: at the
    /// ends of the stream (`streamEstimateDistanceFromFirstEverEntry` of Redis).
    pub fn entries_before_and_with(&self, id: StreamId) -> Option<u64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        if id == self.last_id || (self.len == 0 && id < self.last_id) {
            return Some(self.entries_added);
        }
        let whole = self.max_deleted_id.is_zero() || self.max_deleted_id < self.first_id;
        if id > self.last_id || !whole || id > self.first_id {
            return None;
        }
        let gone = self.entries_added.wrapping_sub(self.len);
        Some(if id == self.first_id { gone.wrapping_add(1) } else { gone })
    }

    /// The number of nodes.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The nodes with their master ids, as a snapshot stores them.
    pub fn nodes(&self) -> impl Iterator<Item = (StreamId, &Listpack)> {
        self.nodes.iter()
    }

    /// Puts a node from a snapshot behind those that are there. Returns its live entries, or none
    /// when the node is not a valid one that comes after the last.
    pub fn restore_node(&mut self, master_id: StreamId, lp: Listpack) -> Option<u64> {
        let Counts { live, .. } = node::check(master_id, &lp)?;
        if self.nodes.last().is_some_and(|(last, _)| last >= master_id) {
            return None;
        }
        self.nodes.insert(master_id, lp);
        self.len += live;
        Some(live)
    }

    /// The bytes the entries take from the heap.
    pub fn heap_bytes(&self) -> usize {
        let packed: usize = self.nodes.iter().map(|(_, lp)| lp.allocated_bytes()).sum();
        packed + self.nodes.heap_bytes()
    }
}

impl NodeLimits {
    /// True when a node must not take another entry with `bytes` of fields and values.
    fn is_full(self, lp: &Listpack, bytes: usize) -> bool {
        let most = match self.max_bytes {
            0 => MAX_NODE_BYTES,
            most => most.min(MAX_NODE_BYTES),
        };
        if lp.total_bytes() + bytes >= most {
            return true;
        }
        let Counts { live, deleted } = node::counts(lp);
        self.max_entries != 0 && live + deleted >= self.max_entries
    }
}
