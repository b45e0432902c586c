//! Streams.
//!
//! ```text
//! nodes | master id as string of 16 bytes BE | listpack as string ..
//! entries | last id | [first id | greatest deleted id | entries added]          [v2 and v3]
//! groups | name | last id | [entries read] | pending | consumers ..
//!   pending    count | id, 16 bytes BE | delivered ms, 8 bytes LE | times delivered ..
//!   consumers  count | name | seen ms | [v3: active ms] | count | id, 16 bytes BE ..
//! ```
//! Ids without a form of their own are two lengths. "Entries read: unknown" and "never active" are -1.

use super::Encoder;
use ochre_engine::stream::{Consumer, Group, Stream, StreamId};

impl Encoder<'_> {
    pub(super) fn stream(&mut self, stream: &Stream) {
        let log = &stream.log;
        self.out.length(log.node_count() as u64);
        for (master_id, pack) in log.nodes() {
            self.string(&master_id.to_be_bytes());
            self.string(pack.as_bytes());
        }
        self.out.length(log.len());
        self.id(log.last_id());
        if self.encoding.has_listpacks() {
            self.id(log.first_id());
            self.id(log.max_deleted_id());
            self.out.length(log.entries_added());
        }
        self.out.length(stream.group_count() as u64);
        for (name, group) in stream.groups() {
            self.string(name);
            self.group(group);
        }
    }

    fn id(&mut self, id: StreamId) {
        self.out.length(id.ms);
        self.out.length(id.seq);
    }

    fn group(&mut self, group: &Group) {
        self.id(group.last_id);
        if self.encoding.has_listpacks() {
            self.out.length(group.entries_read.unwrap_or(u64::MAX));
        }
        self.out.length(group.pending_len() as u64);
        for (id, pending) in group.pending_from(StreamId::MIN, None) {
            self.out.bytes(&id.to_be_bytes());
            self.out.bytes(&pending.delivered_ms.to_le_bytes());
            self.out.length(pending.deliveries);
        }
        self.out.length(group.consumer_count() as u64);
        group.consumers().for_each(|(_, consumer)| self.consumer(consumer));
    }

    fn consumer(&mut self, consumer: &Consumer) {
        self.string(consumer.name());
        self.out.bytes(&consumer.seen_ms.to_le_bytes());
        if self.encoding.is_7_2() {
            self.out.bytes(&consumer.active_ms.unwrap_or(-1).to_le_bytes());
        }
        self.out.length(consumer.pending_len() as u64);
        consumer.pending_ids().for_each(|id| self.out.bytes(&id.to_be_bytes()));
    }
}
