//! Consumer groups: what was delivered to whom and is not acknowledged yet.
//!
//! A pending entry is owned once, by the group's map; a consumer keeps only the ids of its share:
//!
//! ```text
//! group.pending    1-0 -> {bob, delivered at, times}   1-3 -> {eve, ..}   2-0 -> {bob, ..}
//! consumers[bob].pending   1-0   2-0
//! consumers[eve].pending   1-3
//! ```
//!
//! Consumers live in numbered slots, so that a pending entry names its owner in four bytes; a list
//! of slots in the order of names serves lookups and the replies that Redis gives in that order.
//!
//! Invariant: an id is in a consumer's share exactly when the group's map names that consumer.

use super::StreamId;
use super::id_map::{IdMap, Iter};
use super::log::StreamLog;

/// Names a consumer of a group until it is deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConsumerId(u32);

/// A delivered entry that waits for its acknowledgement (a "NACK" in Redis).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pending {
    /// The consumer that got the entry last.
    pub consumer: ConsumerId,
    /// Time of the last delivery, Unix time in milliseconds.
    pub delivered_ms: i64,
    /// Number of deliveries of the entry.
    pub deliveries: u64,
}

/// A consumer of a group.
#[derive(Clone, Debug)]
pub struct Consumer {
    name: Box<[u8]>,
    /// The last time it tried to read or claim, Unix time in milliseconds.
    pub seen_ms: i64,
    /// The last time it got something, Unix time in milliseconds; none before that.
    pub active_ms: Option<i64>,
    pending: IdMap<()>,
}

/// A consumer group.
#[derive(Clone, Debug)]
pub struct Group {
    /// The last entry delivered to anybody in the group.
    pub last_id: StreamId,
    /// How many entries the group has read since the stream's first one, when that is known.
    pub entries_read: Option<u64>,
    pending: IdMap<Pending>,
    slots: Vec<Option<Consumer>>,
    /// Slots in use, in the order of their consumers' names.
    by_name: Vec<u32>,
}

impl Consumer {
    /// The name clients gave.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Number of entries that are pending for the consumer.
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// The ids of the entries that are pending for the consumer, ascending.
    pub fn pending_ids(&self) -> impl Iterator<Item = StreamId> {
        self.pending.iter().map(|(id, ())| id)
    }
}

impl Group {
    /// A group that has read up to `last_id`.
    pub fn new(last_id: StreamId, entries_read: Option<u64>) -> Self {
        Group { last_id, entries_read, pending: IdMap::new(), slots: Vec::new(), by_name: Vec::new() }
    }

    /// How many entries the group has yet to read, when that can be told.
    pub fn lag(&self, log: &StreamLog) -> Option<i64> {
        if log.entries_added() == 0 {
            return Some(0);
        }
        let read = match self.entries_read {
            Some(read) if !log.has_tombstone_from(self.last_id) => read,
            _ => log.entries_before_and_with(self.last_id)?,
        };
        Some(log.entries_added().wrapping_sub(read) as i64)
    }

    /// Notes that `id`, an entry of the stream, is being delivered for the first time.
    /// Returns false when the group was already past it.
    pub fn advance(&mut self, log: &StreamLog, id: StreamId) -> bool {
        if id <= self.last_id {
            return false;
        }
        self.entries_read = match self.entries_read {
            Some(read) if !log.has_tombstone_from(id) => Some(read.wrapping_add(1)),
            read if log.entries_added() == 0 => read,
            _ => log.entries_before_and_with(id),
        };
        self.last_id = id;
        true
    }

    /// The number of consumers.
    pub fn consumer_count(&self) -> usize {
        self.by_name.len()
    }

    /// The consumers in the order of their names.
    pub fn consumers(&self) -> impl ExactSizeIterator<Item = (ConsumerId, &Consumer)> {
        self.by_name.iter().map(|slot| (ConsumerId(*slot), self.consumer(ConsumerId(*slot))))
    }

    /// The consumer called `name`.
    pub fn find_consumer(&self, name: &[u8]) -> Option<ConsumerId> {
        self.rank(name).ok().map(|rank| ConsumerId(self.by_name[rank]))
    }

    /// A consumer of this group. Panics when it was deleted, which is the caller's mistake.
    pub fn consumer(&self, id: ConsumerId) -> &Consumer {
        self.slots[id.0 as usize].as_ref().expect("a deleted consumer was named")
    }

    /// A consumer of this group, to change it.
    pub fn consumer_mut(&mut self, id: ConsumerId) -> &mut Consumer {
        self.slots[id.0 as usize].as_mut().expect("a deleted consumer was named")
    }

    /// Creates a consumer seen at `now_ms`; none when the name is taken.
    pub fn create_consumer(&mut self, name: &[u8], now_ms: i64) -> Option<ConsumerId> {
        let rank = self.rank(name).err()?;
        let consumer =
            Consumer { name: name.into(), seen_ms: now_ms, active_ms: None, pending: IdMap::new() };
        let slot = match self.slots.iter().position(Option::is_none) {
            Some(free) if self.by_name.len() < self.slots.len() => free,
            _ => {
                self.slots.push(None);
                self.slots.len() - 1
            }
        };
        self.slots[slot] = Some(consumer);
        self.by_name.insert(rank, slot as u32);
        Some(ConsumerId(slot as u32))
    }

    /// Deletes a consumer with its pending entries and returns how many these were.
    pub fn delete_consumer(&mut self, id: ConsumerId) -> usize {
        let Some(consumer) = self.slots[id.0 as usize].take() else { return 0 };
        self.by_name.retain(|slot| *slot != id.0);
        for (pending, ()) in consumer.pending.iter() {
            self.pending.remove(pending);
        }
        consumer.pending.len()
    }

    /// The number of pending entries.
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// The least and the greatest pending id.
    pub fn pending_bounds(&self) -> Option<(StreamId, StreamId)> {
        Some((self.pending.first()?.0, self.pending.last()?.0))
    }

    /// One pending entry.
    pub fn pending(&self, id: StreamId) -> Option<&Pending> {
        self.pending.get(id)
    }

    /// The pending entries from `start` on, in the order of ids; those of one consumer, if given.
    pub fn pending_from(&self, start: StreamId, of: Option<ConsumerId>) -> PendingFrom<'_> {
        let own = of.map(|consumer| self.consumer(consumer).pending.iter_from(start));
        PendingFrom { group: &self.pending, all: self.pending.iter_from(start), own }
    }

    /// Sets the delivery of a pending entry, or makes the entry pending: it belongs to
    /// `pending.consumer` afterwards, and to nobody else.
    pub fn set_pending(&mut self, id: StreamId, pending: Pending) {
        let old = self.pending.insert(id, pending);
        if let Some(old) = old {
            if old.consumer == pending.consumer {
                return;
            }
            self.consumer_mut(old.consumer).pending.remove(id);
        }
        self.consumer_mut(pending.consumer).pending.insert(id, ());
    }

    /// Notes that a pending entry was delivered once more to its owner.
    pub fn redeliver(&mut self, id: StreamId, now_ms: i64) {
        if let Some(pending) = self.pending.get_mut(id) {
            pending.delivered_ms = now_ms;
            pending.deliveries = pending.deliveries.wrapping_add(1);
        }
    }

    /// Takes an entry off the pending ones: acknowledged, or gone from the stream.
    pub fn settle(&mut self, id: StreamId) -> Option<Pending> {
        let pending = self.pending.remove(id)?;
        self.consumer_mut(pending.consumer).pending.remove(id);
        Some(pending)
    }

    /// The bytes the group takes from the heap.
    pub fn heap_bytes(&self) -> usize {
        let consumers: usize =
            self.slots.iter().flatten().map(|c| c.name.len() + c.pending.heap_bytes()).sum();
        self.pending.heap_bytes()
            + consumers
            + self.slots.capacity() * size_of::<Option<Consumer>>()
            + self.by_name.capacity() * size_of::<u32>()
    }

    fn rank(&self, name: &[u8]) -> Result<usize, usize> {
        self.by_name.binary_search_by(|slot| self.consumer(ConsumerId(*slot)).name().cmp(name))
    }
}

/// Pending entries in the order of ids, see [`Group::pending_from`].
pub struct PendingFrom<'a> {
    group: &'a IdMap<Pending>,
    all: Iter<'a, Pending>,
    own: Option<Iter<'a, ()>>,
}

impl<'a> Iterator for PendingFrom<'a> {
    type Item = (StreamId, &'a Pending);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.own {
            None => self.all.next(),
            Some(own) => {
                let (id, ()) = own.next()?;
                self.group.get(id).map(|pending| (id, pending))
            }
        }
    }
}
