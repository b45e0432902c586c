//! Tests of expiry and eviction.

use super::*;
use crate::command::Effects;
use crate::keyspace::{AccessClock, ClientId, DbIndex, ExpiryMode, Hints, Keys, LockSet, Ttl, View, World};
use crate::settings::{MaxmemoryPolicy, Settings};
use crate::table::Seed;
use crate::time::UnixMs;
use crate::value::StrValue;
use rand::SeedableRng;
use rand::rngs::SmallRng;

const NOW: i64 = 1_000_000;

/// Lends what a view needs.
fn with_view<R>(now: i64, run: impl FnOnce(View<'_>) -> R) -> R {
    let settings = Settings::default();
    let (now, mut fx) = (UnixMs(now), Effects::default());
    let mut access = AccessClock::new(&settings, now, 3);
    run(View {
        db: DbIndex(0),
        now,
        settings: &settings,
        access: &mut access,
        expiry: ExpiryMode::Delete,
        hints: Hints::NONE,
        fx: &mut fx,
    })
}

fn with_keys<R>(world: &mut World, db: u32, now: i64, run: impl FnOnce(&mut Keys<'_>) -> R) -> R {
    with_view(now, |view| run(&mut Keys::new(world, View { db: DbIndex(db), ..view })))
}

/// Runs on a view under the locks of the shards.
fn with_locks<R>(world: &World, run: impl FnOnce(&mut Keys<'_>) -> R) -> R {
    let mut set = LockSet::default();
    let mut held = world.locks().roaming(&mut set);
    with_view(NOW, |view| run(&mut Keys::locked(&mut held, view)))
}

/// A view, as the host of a cycle that has time or not.
struct Tester<'a, 'k>(&'a mut Keys<'k>, bool);

impl CycleHost for Tester<'_, '_> {
    fn keys<R>(&mut self, work: impl FnOnce(&mut Keys<'_>) -> R) -> R {
        work(self.0)
    }

    fn settle(&mut self) {}

    fn more_time(&mut self) -> bool {
        self.1
    }
}

fn cycle(
    cycle: &mut ExpireCycle,
    keys: &mut Keys<'_>,
    effort: u32,
    slice: Slice,
    has_time: bool,
) -> CycleEnd {
    cycle.run(&mut Tester(keys, has_time), slice, Pace::new(effort))
}

/// Number of keys of a database in shards of a slice.
fn len_of(world: &mut World, db: u32, slice: (usize, usize)) -> usize {
    let shards = world.view().shards().skip(slice.0).step_by(slice.1);
    shards.filter_map(|shard| shard.db(DbIndex(db))).map(|part| part.table.len()).sum()
}

fn fill(world: &mut World, db: u32, range: std::ops::Range<usize>, ttl: Ttl) {
    with_keys(world, db, 0, |keys| {
        for i in range {
            let name = format!("key:{i}");
            let key = keys.locate(name.as_bytes());
            keys.set_str(key, StrValue::Bytes(b"v"), ttl);
        }
    });
}

#[test]
fn the_cycle_deletes_all_due_keys_and_no_others() {
    let mut world = World::new(4, 3, Seed::new(1, 2));
    fill(&mut world, 0, 0..500, Ttl::Clear);
    fill(&mut world, 0, 500..1500, Ttl::At(UnixMs(NOW - 1)));
    fill(&mut world, 2, 0..100, Ttl::At(UnixMs(NOW + 1)));
    let mut state = ExpireCycle::default();
    for _ in 0..100 {
        with_keys(&mut world, 0, NOW, |keys| cycle(&mut state, keys, 10, Slice::ALL, true));
    }
    assert_eq!(world.view().len(DbIndex(0)), 500);
    assert_eq!(world.view().volatile(DbIndex(0)), 0);
    assert_eq!(world.view().len(DbIndex(2)), 100);
}

#[test]
fn the_cycle_stops_when_the_time_is_up() {
    let mut world = World::new(4, 1, Seed::new(1, 2));
    fill(&mut world, 0, 0..10_000, Ttl::At(UnixMs(NOW - 1)));
    let mut state = ExpireCycle::default();
    let end = with_keys(&mut world, 0, NOW, |keys| cycle(&mut state, keys, 1, Slice::ALL, false));
    assert_eq!(end, CycleEnd::TimedOut);
    let left = world.view().len(DbIndex(0));
    assert!(left > 5000 && left < 10_000, "{left}");
}

#[test]
fn eviction_prefers_what_expires_first() {
    let mut world = World::new(4, 1, Seed::new(1, 2));
    fill(&mut world, 0, 0..100, Ttl::Clear);
    for i in 100..200 {
        fill(&mut world, 0, i..i + 1, Ttl::At(UnixMs(NOW + i as i64)));
    }
    let settings = Settings {
        maxmemory_policy: MaxmemoryPolicy::VolatileTtl,
        maxmemory_samples: 64,
        ..Settings::default()
    };
    let (mut pool, mut rng) = (EvictionPool::default(), SmallRng::seed_from_u64(5));
    let chosen = with_keys(&mut world, 0, NOW, |keys| pool.choose(keys, &settings, &mut rng));
    let (_, key) = chosen.expect("there are candidates");
    let number: usize = std::str::from_utf8(&key[4..]).unwrap().parse().unwrap();
    assert!((100..150).contains(&number), "{number}");
}

#[test]
fn volatile_policies_leave_keys_without_expiry_alone() {
    let mut world = World::new(4, 2, Seed::new(1, 2));
    fill(&mut world, 1, 0..100, Ttl::Clear);
    for policy in
        [MaxmemoryPolicy::VolatileLru, MaxmemoryPolicy::VolatileRandom, MaxmemoryPolicy::VolatileTtl]
    {
        assert!(!evicts(&mut world, policy));
    }
    assert!(evicts(&mut world, MaxmemoryPolicy::AllkeysRandom));
}

fn evicts(world: &mut World, maxmemory_policy: MaxmemoryPolicy) -> bool {
    let settings = Settings { maxmemory_policy, ..Settings::default() };
    let (mut pool, mut rng) = (EvictionPool::default(), SmallRng::seed_from_u64(5));
    with_keys(world, 0, NOW, |keys| pool.evict(keys, &settings, &mut rng))
}

#[test]
fn slices_together_expire_everything_each_its_own() {
    let mut world = World::new(64, 3, Seed::new(1, 2));
    fill(&mut world, 0, 0..3000, Ttl::At(UnixMs(NOW - 1)));
    fill(&mut world, 2, 0..1000, Ttl::At(UnixMs(NOW - 1)));
    for one in 0..3 {
        assert!(len_of(&mut world, 0, (one, 3)) > 0 && len_of(&mut world, 2, (one, 3)) > 0);
        let mut state = ExpireCycle::default();
        let mut turns = 0;
        while with_locks(&world, |keys| cycle(&mut state, keys, 10, Slice::of(one, 3), true))
            != CycleEnd::Empty
        {
            turns += 1;
            assert!(turns < 1000);
        }
        assert_eq!((len_of(&mut world, 0, (one, 3)), len_of(&mut world, 2, (one, 3))), (0, 0));
    }
    assert!(world.view().is_empty());
}

#[test]
fn few_due_keys_among_many_are_found_in_every_shard() {
    let mut world = World::new(4, 1, Seed::new(1, 2));
    fill(&mut world, 0, 0..10_000, Ttl::At(UnixMs(NOW + 1)));
    fill(&mut world, 0, 10_000..10_040, Ttl::At(UnixMs(NOW - 1)));
    let mut state = ExpireCycle::default();
    for _ in 0..200 {
        with_keys(&mut world, 0, NOW, |keys| cycle(&mut state, keys, 1, Slice::ALL, true));
    }
    assert_eq!(world.view().len(DbIndex(0)), 10_000);
}

#[test]
fn what_somebody_waits_for_is_left_under_a_lock() {
    let mut world = World::new(64, 1, Seed::new(1, 2));
    fill(&mut world, 0, 0..3, Ttl::At(UnixMs(NOW - 1)));
    for name in [&b"key:0"[..], b"key:1"] {
        let key = world.locate(name);
        world.shard_mut(key).change_interest(|interest| interest.wait(DbIndex(0), name, ClientId(1)));
    }
    let mut state = ExpireCycle::default();
    with_locks(&world, |keys| cycle(&mut state, keys, 10, Slice::ALL, true));
    state.left.sort();
    state.left.dedup();
    assert_eq!(state.left, [(DbIndex(0), b"key:0".to_vec()), (DbIndex(0), b"key:1".to_vec())]);
    assert_eq!(world.view().len(DbIndex(0)), 2);
    for maxmemory_policy in [MaxmemoryPolicy::AllkeysLru, MaxmemoryPolicy::VolatileRandom] {
        let settings = Settings { maxmemory_policy, ..Settings::default() };
        let (mut pool, mut rng) = (EvictionPool::default(), SmallRng::seed_from_u64(5));
        assert!(!with_locks(&world, |keys| pool.evict(keys, &settings, &mut rng)));
        assert!(pool.passed_over);
    }
    assert!(evicts(&mut world, MaxmemoryPolicy::AllkeysLru));
}

#[test]
fn one_volatile_key_among_many_others_is_evicted() {
    for policy in [MaxmemoryPolicy::VolatileLru, MaxmemoryPolicy::VolatileRandom] {
        let mut world = World::new(4, 2, Seed::new(1, 2));
        fill(&mut world, 0, 0..20_000, Ttl::Clear);
        fill(&mut world, 1, 0..1, Ttl::At(UnixMs(NOW + 1)));
        assert!(evicts(&mut world, policy) && world.view().len(DbIndex(1)) == 0);
        assert!(!evicts(&mut world, policy));
    }
}

/// How often each of the keys was chosen, in `rounds` rounds.
fn choices(world: &mut World, keys: usize, rounds: usize) -> Vec<usize> {
    let settings = Settings { maxmemory_policy: MaxmemoryPolicy::AllkeysRandom, ..Settings::default() };
    let (mut pool, mut rng) = (EvictionPool::default(), SmallRng::seed_from_u64(5));
    let mut chosen = vec![0; keys];
    for _ in 0..rounds {
        let found = with_locks(world, |keys| pool.choose(keys, &settings, &mut rng));
        let (_, key) = found.expect("there are keys");
        let number: usize = std::str::from_utf8(&key[4..]).unwrap().parse().unwrap();
        chosen[number] += 1;
    }
    chosen
}

#[test]
fn random_eviction_takes_all_keys_equally_often_however_few_shards_have_any() {
    for shards in [4, 64, 256] {
        let mut world = World::new(shards, 2, Seed::new(1, 2));
        fill(&mut world, 0, 0..20, Ttl::Clear);
        fill(&mut world, 1, 20..40, Ttl::Clear);
        let rounds = if cfg!(miri) { 40 } else { 8000 };
        let chosen = choices(&mut world, 40, rounds);
        // 200 each; the deviation is 14.
        let fair = chosen.iter().all(|count| (100..=300).contains(count));
        assert!(fair || cfg!(miri), "{shards} shards: {chosen:?}");
    }
}
