//! Tests of locking: what is held, by whom, and what is in reach.
// The ban on threads is for what the engine does, not for those who use it.
#![allow(clippy::disallowed_methods)]

use super::*;
use crate::command::Effects;
use crate::entry::KeyEntry;
use crate::keyspace::{AccessClock, ClientId, ExpiryMode, Hints, Keys, Ttl, View};
use crate::settings::Settings;
use crate::time::UnixMs;
use crate::value::StrValue;
use ochre_sync::{ShardCell, Taken};
use std::collections::HashSet;
use std::sync::Barrier;
use std::time::Duration;

const DB: DbIndex = DbIndex(0);
const KEYS: [&[u8]; 3] = [b"one", b"two", b"three"];

fn world() -> World {
    World::new(64, 1, Seed::new(1, 2))
}

fn free(locks: Locks<'_>) -> usize {
    let mut other = LockOwner::new();
    let is_free = |cell: &&ShardCell<Shard>| {
        let is_free = cell.lock().try_take(&other) == Taken::Now;
        cell.lock().give_back(&mut other);
        is_free
    };
    locks.0.shards.iter().filter(is_free).count()
}

fn hashes(locks: Locks<'_>) -> Vec<u64> {
    KEYS.into_iter().chain(KEYS).map(|key| locks.locate(key).hash).collect()
}

#[test]
fn shards_are_free_again_when_the_holder_is_gone() {
    let (world, mut set) = (world(), LockSet::default());
    let locks = world.locks();
    for in_order in [false, true] {
        let mut held = locks.hold(&mut set, DB, &hashes(locks));
        if in_order {
            held.shards.release();
            held.shards.take_in_order(&hashes(locks));
        }
        let count = held.shards().count();
        assert!((1..=3).contains(&count));
        assert_eq!(free(locks), locks.count() - count);
        assert!(held.shards.get_mut(locks.locate(KEYS[2]).shard()).interest().is_none());
        drop(held);
        assert_eq!(free(locks), locks.count());
    }
}

/// Runs on the view of a command whose shards are held.
fn with_keys<R>(held: &mut Held<'_>, run: impl FnOnce(&mut Keys<'_>) -> R) -> R {
    let (settings, mut fx, now) = (Settings::default(), Effects::default(), UnixMs(1_000_000));
    let mut access = AccessClock::new(&settings, now, 3);
    run(&mut Keys::locked(
        held,
        View {
            db: DB,
            now,
            settings: &settings,
            access: &mut access,
            expiry: ExpiryMode::Delete,
            hints: Hints::NONE,
            fx: &mut fx,
        },
    ))
}

#[test]
fn a_command_that_reaches_for_an_undeclared_key_finds_none_and_changes_none() {
    let (mut world, mut set) = (world(), LockSet::default());
    let put = |keys: &mut Keys<'_>, name: &[u8], value| {
        keys.set_str(keys.locate(name), StrValue::Int(value), Ttl::Clear);
    };
    let int = |keys: &mut Keys<'_>, name: &[u8]| {
        let string = keys.read_str(keys.locate(name)).expect("a string or nothing");
        string.map(|string| String::from_utf8_lossy(&string.bytes()).into_owned())
    };
    let all = hashes(world.locks());
    let mut held = world.locks().hold(&mut set, DB, &all);
    with_keys(&mut held, |keys| (0..).zip(KEYS).for_each(|(value, name)| put(keys, name, value)));
    assert!(!held.take_out_of_reach());
    drop(held);

    let mut held = world.locks().hold(&mut set, DB, &all[..1]);
    assert!(held.covers(held.locate(KEYS[0])) && !held.covers(held.locate(KEYS[1])));
    with_keys(&mut held, |keys| {
        assert_eq!(int(keys, KEYS[0]).as_deref(), Some("0"));
        assert_eq!((int(keys, KEYS[1]), keys.peek_entry(keys.locate(KEYS[2])).is_some()), (None, false));
        put(keys, KEYS[1], 7);
        assert_eq!(int(keys, KEYS[1]).as_deref(), Some("7"), "until the command ends");
        assert!(!keys.remove(keys.locate(KEYS[2])));
        // A walk goes nowhere.
        keys.len();
    });
    assert!(held.covers(held.locate(KEYS[0])), "what is held stays held");
    assert!(held.take_out_of_reach() && !held.take_out_of_reach());
    with_keys(&mut held, |keys| assert_eq!(int(keys, KEYS[1]), None, "nothing is left of it"));
    drop(held);

    let mut held = world.locks().hold(&mut set, DB, &all);
    assert!(!held.take_out_of_reach(), "each group begins anew");
    let values = with_keys(&mut held, |keys| KEYS.map(|name| int(keys, name)));
    assert_eq!(values.each_ref().map(Option::as_deref), [Some("0"), Some("1"), Some("2")]);
    drop(held);
    assert_eq!(world.view().len(DB), 3);
}

#[test]
fn a_roaming_view_holds_one_shard_at_a_time() {
    let (world, mut set) = (world(), LockSet::default());
    let locks = world.locks();
    let mut held = locks.roaming(&mut set);
    for shard in 0..locks.count() {
        held.shards.move_to(shard);
        assert_eq!(held.shards().count(), 1);
    }
    assert_eq!(free(locks), locks.count() - 1);
}

#[test]
fn only_the_first_keys_are_waited_for_and_at_another_that_is_not_free_it_ends() {
    let (world, mut set, mut others) = (world(), LockSet::default(), LockSet::default());
    let locks = world.locks();
    let hashes = hashes(locks);
    assert_eq!(hashes.iter().map(|hash| locks.shard_of(*hash)).collect::<HashSet<_>>().len(), 3);
    let theirs = locks.hold(&mut others, DB, &hashes[2..3]);
    let (held, got) = locks.hold_some(&mut set, DB, &hashes, 2);
    assert_eq!((got, held.shards().count(), free(locks)), (2, 2, locks.count() - 3));
    drop(held);
    drop(theirs);
    let (held, got) = locks.hold_some(&mut set, DB, &hashes, 1);
    assert_eq!((got, held.shards().count()), (6, 3), "a key that is named twice is locked once");
}

#[test]
fn more_keys_than_are_looked_at_together_are_locked_as_well() {
    let (world, mut set, mut others) = (world(), LockSet::default(), LockSet::default());
    let locks = world.locks();
    let mut hashes: Vec<u64> =
        (0..3 * TOGETHER as u32).map(|n| locks.locate(&n.to_le_bytes()).hash).collect();
    let shard = |hash: &u64| locks.shard_of(*hash);
    let last = hashes.pop().expect("there are many");
    hashes.retain(|hash| shard(hash) != shard(&last));
    let shards: HashSet<usize> = hashes.iter().map(shard).collect();
    for busy in [hashes.len(), TOGETHER, TOGETHER + 1] {
        hashes.insert(busy, last);
        let theirs = locks.hold(&mut others, DB, &[last]);
        let (held, got) = locks.hold_some(&mut set, DB, &hashes, 1);
        assert_eq!(got, busy);
        drop(theirs);
        drop(held);
        let (held, got) = locks.hold_some(&mut set, DB, &hashes, 1);
        assert_eq!((got, held.shards().count()), (hashes.len(), shards.len() + 1));
        drop(held);
        hashes.remove(busy);
    }
    assert_eq!(free(locks), locks.count());
}

#[test]
fn after_waiting_for_the_first_keys_others_are_taken_as_far_as_they_are_free() {
    let (world, mut set) = (world(), LockSet::default());
    let locks = world.locks();
    let hashes = hashes(locks);
    let both = Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut theirs, mut owner) = (LockSet::default(), LockOwner::new());
            let held = locks.hold(&mut theirs, DB, &hashes[..1]);
            let lock = world.shards[locks.shard_of(hashes[2])].lock();
            assert_eq!(lock.try_take(&owner), Taken::Now);
            both.wait();
            // Time to find the first key taken. With too little the test only shows less.
            std::thread::sleep(Duration::from_millis(5));
            drop(held);
            both.wait();
            lock.give_back(&mut owner);
        });
        both.wait();
        let (held, got) = locks.hold_some(&mut set, DB, &hashes, 1);
        assert_eq!((got, held.shards().count()), (2, 2));
        both.wait();
    });
}

#[test]
fn interest_in_a_shard_is_seen_however_it_is_locked() {
    let (world, mut set) = (world(), LockSet::default());
    let locks = world.locks();
    let hashes = hashes(locks);
    let mut held = locks.hold(&mut set, DB, &hashes);
    assert!(!held.has_interest());
    let shard = locks.shard_of(hashes[1]);
    held.shard_mut(shard).change_interest(|interest| interest.wait(DbIndex(0), KEYS[1], ClientId(1)));
    held.relock(&hashes);
    assert!(held.has_interest());
    held.relock(&hashes[..1]);
    assert!(!held.has_interest());
    drop(held);
    assert!(locks.hold(&mut set, DB, &hashes).has_interest());
}

/// Two threads make and remove keys of the same shards, whose tables grow and shrink, in two databases.
#[test]
fn lookups_begin_in_tables_that_another_worker_has_changed() {
    const ROUNDS: usize = 4;
    let keys = if cfg!(miri) { 150 } else { 5_000 };
    let mut world = World::new(2, 4, Seed::new(1, 2));
    std::thread::scope(|scope| {
        for me in 0..2 {
            let world = &world;
            scope.spawn(move || {
                let locks = world.locks();
                let mut set = LockSet::default();
                let names: Vec<String> = (0..keys).map(|n| format!("{me}:{n}")).collect();
                for (names, db) in (0..ROUNDS)
                    .flat_map(|_| [0, 3])
                    .flat_map(|db| names.chunks(TOGETHER + 4).map(move |names| (names, DbIndex(db))))
                {
                    let located: Vec<Key<'_>> =
                        names.iter().map(|name| locks.locate(name.as_bytes())).collect();
                    let hashes: Vec<u64> = located.iter().map(|key| key.hash).collect();
                    let mut held = locks.hold(&mut set, db, &hashes);
                    for key in located {
                        let table = &mut held.shard_mut(key.shard()).db_or_new(db).table;
                        if table.remove(key.hash, key.bytes).is_none() {
                            table.insert(key.hash, KeyEntry::string(key.bytes, StrValue::Int(1), None, 0));
                        }
                    }
                }
            });
        }
    });
    assert_eq!([0, 1, 3].map(|db| world.view().len(DbIndex(db))), [0; 3], "what was made was removed");
}

/// Two threads lock the same two shards in opposite order, over and over.
#[test]
fn groups_that_overlap_wait_for_each_other() {
    let mut world = world();
    std::thread::scope(|scope| {
        for me in 0..2 {
            let world = &world;
            scope.spawn(move || {
                let locks = world.locks();
                let (mut set, mut hashes) = (LockSet::default(), hashes(locks));
                if me == 1 {
                    hashes.reverse();
                }
                for _ in 0..if cfg!(miri) { 20 } else { 10_000 } {
                    let mut held = locks.hold(&mut set, DB, &hashes);
                    let shard = held.shard_mut(locks.locate(KEYS[0]).shard());
                    shard.db_or_new(DB).expiry_cursor += 1;
                }
            });
        }
    });
    let total: u64 = world.view().parts(DbIndex(0)).map(|part| part.expiry_cursor).sum();
    assert_eq!(total, if cfg!(miri) { 40 } else { 20_000 });
}
