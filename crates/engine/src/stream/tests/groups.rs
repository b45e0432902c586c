//! Consumer groups: pending entries against a model, lag figures against Redis.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn entry_of(consumer: ConsumerId, at: i64) -> Pending {
    Pending { consumer, delivered_ms: at, deliveries: 1 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 64 }))]
    #[test]
    fn shares_of_consumers_always_add_up_to_the_group(
        steps in prop::collection::vec((0u8..10, 0u8..6, 0u64..80), 0..300),
    ) {
        let mut group = Group::new(StreamId::MIN, None);
        let mut model: BTreeMap<StreamId, Vec<u8>> = BTreeMap::new();
        for (turn, (kind, who, n)) in steps.into_iter().enumerate() {
            let name = [b'c', who];
            match (kind, group.find_consumer(&name)) {
                (0, Some(consumer)) => {
                    let held = model.values().filter(|owner| **owner == name).count();
                    model.retain(|_, owner| *owner != name);
                    prop_assert_eq!(group.delete_consumer(consumer), held);
                }
                (_, None) => {
                    prop_assert!(group.create_consumer(&name, 0).is_some());
                    prop_assert!(group.create_consumer(&name, 0).is_none());
                }
                (1..=3, _) => {
                    let found = group.settle(id(n, 0)).is_some();
                    prop_assert_eq!(found, model.remove(&id(n, 0)).is_some());
                }
                (_, Some(consumer)) => {
                    group.set_pending(id(n, 0), entry_of(consumer, turn as i64));
                    model.insert(id(n, 0), name.to_vec());
                }
            }
        }
        check(&group, &model);
    }
}

fn check(group: &Group, model: &BTreeMap<StreamId, Vec<u8>>) {
    let owner = |pending: &Pending| group.consumer(pending.consumer).name().to_vec();
    let all: Vec<_> = group.pending_from(StreamId::MIN, None).map(|(id, p)| (id, owner(p))).collect();
    let expected: Vec<_> = model.iter().map(|(id, owner)| (*id, owner.clone())).collect();
    assert_eq!(all, expected);
    let names: Vec<_> = group.consumers().map(|(_, consumer)| consumer.name().to_vec()).collect();
    assert!(names.is_sorted());
    for (consumer, view) in group.consumers() {
        let own: Vec<_> = group.pending_from(id(20, 0), Some(consumer)).map(|(id, _)| id).collect();
        let expected: Vec<_> =
            model.range(id(20, 0)..).filter(|(_, owner)| *owner == view.name()).map(|(id, _)| *id).collect();
        assert_eq!(own, expected);
        assert_eq!(view.pending_len(), view.pending_ids().count());
    }
}

#[test]
fn a_group_of_a_new_stream_has_no_lag() {
    assert_eq!(Group::new(StreamId::MIN, None).lag(&StreamLog::new()), Some(0));
}

#[test]
fn lag_is_known_at_the_ends_of_a_whole_stream() {
    let mut log = StreamLog::new();
    for n in 1..=5 {
        add(&mut log, id(n, 0), &[b"f", b"v"], LIMITS);
    }
    let mut group = Group::new(StreamId::MIN, None);
    assert_eq!(group.lag(&log), Some(5));
    for (n, lag) in [(1, Some(4)), (2, Some(3)), (3, Some(2))] {
        assert!(group.advance(&log, id(n, 0)));
        assert_eq!(group.lag(&log), lag);
    }
    assert!(!group.advance(&log, id(2, 0)));
    log.delete(id(4, 0));
    assert_eq!(group.lag(&log), None);
    // Wrong by one, and the same in Redis: behind the deleted entry counting simply goes on.
    group.advance(&log, id(5, 0));
    assert_eq!((group.lag(&log), group.entries_read), (Some(1), Some(4)));
}

#[test]
fn a_group_in_the_middle_without_a_counter_has_no_known_lag() {
    let mut log = StreamLog::new();
    for n in 1..=5 {
        add(&mut log, id(n, 0), &[b"f", b"v"], LIMITS);
    }
    assert_eq!(Group::new(id(1, 0), None).lag(&log), Some(4));
    assert_eq!(Group::new(id(2, 0), None).lag(&log), None);
    assert_eq!(Group::new(id(5, 0), None).lag(&log), Some(0));
    assert_eq!(Group::new(id(9, 0), None).lag(&log), None);
    log.trim(Trim { by: TrimBy::MaxLen(2), approximate: false, limit: 0 });
    assert_eq!(Group::new(id(2, 0), None).lag(&log), Some(2));
    log.trim(Trim { by: TrimBy::MaxLen(0), approximate: false, limit: 0 });
    assert_eq!(Group::new(id(2, 0), None).lag(&log), Some(0));
}

#[test]
fn groups_are_found_by_name_and_go_with_their_consumers() {
    let mut stream = Stream::new();
    assert!(stream.create_group(b"g", Group::new(StreamId::MIN, None)));
    assert!(!stream.create_group(b"g", Group::new(StreamId::MIN, None)));
    let (_, group) = stream.group_mut(b"g").unwrap();
    let bob = group.create_consumer(b"bob", 7).unwrap();
    group.set_pending(id(1, 1), entry_of(bob, 5));
    group.redeliver(id(1, 1), 9);
    assert_eq!(group.pending(id(1, 1)), Some(&Pending { consumer: bob, delivered_ms: 9, deliveries: 2 }));
    let copy = stream.clone();
    assert!(stream.destroy_group(b"g"));
    assert!(!stream.destroy_group(b"g"));
    assert_eq!(copy.group(b"g").unwrap().pending_bounds(), Some((id(1, 1), id(1, 1))));
}
