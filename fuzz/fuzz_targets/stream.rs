//! Streams: a node from hostile bytes is refused or safe to walk, to trim and to delete from.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ochre_engine::encoding::listpack::Listpack;
use ochre_engine::stream::{StreamId, StreamLog};

fuzz_target!(|input: &[u8]| {
    let Ok(pack) = Listpack::from_bytes(input) else { return };
    let mut log = StreamLog::default();
    if log.restore_node(StreamId { ms: 5, seq: 5 }, pack).is_none() {
        return;
    }
    let ids: Vec<StreamId> = log.range(StreamId::MIN, StreamId::MAX).map(|entry| entry.id()).collect();
    let mut backwards: Vec<StreamId> =
        log.range_rev(StreamId::MIN, StreamId::MAX).map(|entry| entry.id()).collect();
    backwards.reverse();
    assert_eq!(ids, backwards);
    for id in ids {
        log.delete(id);
    }
});
