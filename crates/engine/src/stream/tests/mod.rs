//! Tests of the stream value: bytes against a live Redis, behaviour against simple models.

mod groups;
mod layout;
mod model;

use super::*;

/// Fields with their values.
pub(super) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// The limits of a default configuration.
pub(super) const LIMITS: NodeLimits = NodeLimits { max_entries: 100, max_bytes: 4096 };

pub(super) fn id(ms: u64, seq: u64) -> StreamId {
    StreamId::new(ms, seq)
}

/// Adds an entry under an exact id; fields and values alternate.
pub(super) fn add(log: &mut StreamLog, at: StreamId, texts: &[&[u8]], limits: NodeLimits) -> bool {
    let pairs: Vec<(&[u8], &[u8])> = texts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    log.add(NewId::Exact(at), 0, pairs.iter().copied(), limits).is_ok()
}

pub(super) fn read(entry: Entry<'_>) -> (StreamId, Pairs) {
    let fields: Vec<_> = entry.fields().map(|(field, value)| (field.to_vec(), value.to_vec())).collect();
    assert_eq!(fields.len(), entry.field_count());
    (entry.id(), fields)
}
