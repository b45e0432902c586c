//! Streams of all three versions; encode/stream.rs draws them.
//!
//! What is not in a file of an earlier version is estimated as Redis does.

use super::Reader;
use crate::rdb::Fault;
use crate::rdb::input::Input;
use ochre_engine::stream::{ConsumerId, Group, Pending, Stream, StreamId, StreamLog};
use ochre_engine::value::RawValue;

/// What a node is, for errors.
const NODE: &str = "Stream listpack";

/// Pending entries of a group, in the order of ids, before their consumers are known.
struct Unclaimed {
    id: StreamId,
    delivered_ms: i64,
    deliveries: u64,
    claimed: bool,
}

impl<I: Input> Reader<'_, '_, I> {
    pub(super) fn stream(&mut self, version: u8) -> Result<RawValue, Fault> {
        let mut stream = Stream::new();
        self.nodes(&mut stream.log)?;
        self.figures(&mut stream.log, version)?;
        for _ in 0..self.input.length()? {
            let name = self.string()?.to_vec();
            let group = self.group(&stream.log, version)?;
            if !stream.create_group(&name, group) {
                return Err(Fault::Invalid("Duplicated consumer group name"));
            }
        }
        Ok(RawValue::new(Box::new(stream)))
    }

    fn nodes(&mut self, log: &mut StreamLog) -> Result<(), Fault> {
        for _ in 0..self.input.length()? {
            let Ok(master_id) = <[u8; 16]>::try_from(self.string()?) else {
                return Err(Fault::Invalid("Stream node key entry is not the size of a stream ID"));
            };
            let pack = self.listpack(NODE)?;
            if log.restore_node(StreamId::from_be_bytes(master_id), pack).is_none() {
                return Err(Fault::Integrity(NODE, None));
            }
        }
        Ok(())
    }

    fn figures(&mut self, log: &mut StreamLog, version: u8) -> Result<(), Fault> {
        let len = self.input.length()?;
        if len != 0 && log.node_count() == 0 {
            return Err(Fault::Invalid("Stream length inconsistent with rax entries"));
        }
        let last_id = self.id()?;
        if log.last_entry_id().is_some_and(|last| last > last_id) {
            return Err(Fault::Invalid("Stream last ID below its entries"));
        }
        log.set_last_id(last_id);
        if version == 1 {
            log.set_entries_added(len);
            log.set_first_id(log.first_entry_id().unwrap_or(StreamId::MIN));
            return Ok(());
        }
        log.set_first_id(self.id()?);
        log.set_max_deleted_id(self.id()?);
        log.set_entries_added(self.input.length()?);
        Ok(())
    }

    fn id(&mut self) -> Result<StreamId, Fault> {
        Ok(StreamId::new(self.input.length()?, self.input.length()?))
    }

    fn raw_id(&mut self) -> Result<StreamId, Fault> {
        Ok(StreamId::from_be_bytes(self.input.array()?))
    }

    fn milliseconds(&mut self) -> Result<i64, Fault> {
        Ok(i64::from_le_bytes(self.input.array()?))
    }

    fn group(&mut self, log: &StreamLog, version: u8) -> Result<Group, Fault> {
        let last_id = self.id()?;
        let entries_read = if version == 1 {
            log.entries_before_and_with(last_id)
        } else {
            Some(self.input.length()?).filter(|read| *read != u64::MAX)
        };
        let mut group = Group::new(last_id, entries_read);
        let mut unclaimed = self.pending()?;
        for _ in 0..self.input.length()? {
            self.consumer(&mut group, &mut unclaimed, version)?;
        }
        if unclaimed.iter().any(|entry| !entry.claimed) {
            return Err(Fault::Invalid("Stream CG PEL entry without consumer"));
        }
        Ok(group)
    }

    fn pending(&mut self) -> Result<Vec<Unclaimed>, Fault> {
        let count = self.input.length()?;
        let mut pending = Vec::with_capacity(self.input.capacity(count).min(1 << 16));
        for _ in 0..count {
            let (id, delivered_ms) = (self.raw_id()?, self.milliseconds()?);
            let deliveries = self.input.length()?;
            pending.push(Unclaimed { id, delivered_ms, deliveries, claimed: false });
        }
        pending.sort_by_key(|entry| entry.id);
        match pending.windows(2).all(|pair| pair[0].id < pair[1].id) {
            true => Ok(pending),
            false => Err(Fault::Invalid("Duplicated global PEL entry loading stream consumer group")),
        }
    }

    fn consumer(&mut self, group: &mut Group, unclaimed: &mut [Unclaimed], version: u8) -> Result<(), Fault> {
        let name = self.string()?.to_vec();
        let seen_ms = self.milliseconds()?;
        let active_ms = if version == 3 { self.milliseconds()? } else { seen_ms };
        let Some(consumer) = group.create_consumer(&name, seen_ms) else {
            return Err(Fault::Invalid("Duplicate stream consumer detected."));
        };
        group.consumer_mut(consumer).active_ms = Some(active_ms).filter(|active| *active >= 0);
        for _ in 0..self.input.length()? {
            let id = self.raw_id()?;
            claim(group, consumer, id, unclaimed)?;
        }
        Ok(())
    }
}

/// Gives a pending entry of the group to one of its consumers.
fn claim(
    group: &mut Group,
    consumer: ConsumerId,
    id: StreamId,
    unclaimed: &mut [Unclaimed],
) -> Result<(), Fault> {
    let Ok(at) = unclaimed.binary_search_by_key(&id, |entry| entry.id) else {
        return Err(Fault::Invalid("Consumer entry not found in group global PEL"));
    };
    let entry = &mut unclaimed[at];
    if std::mem::replace(&mut entry.claimed, true) {
        return Err(Fault::Invalid("Duplicated consumer PEL entry loading a stream consumer group"));
    }
    let Unclaimed { delivered_ms, deliveries, .. } = *entry;
    group.set_pending(id, Pending { consumer, delivered_ms, deliveries });
    Ok(())
}
