//! Tests of expiry and eviction.

use super::*;
use crate::command::Effects;
use crate::keyspace::{AccessClock, DbIndex, ExpiryMode, Hints, Keys, Ttl, View, World};
use crate::settings::{MaxmemoryPolicy, Settings};
use crate::table::Seed;
use crate::time::UnixMs;
use crate::value::StrValue;
use rand::SeedableRng;
use rand::rngs::SmallRng;

const NOW: i64 = 1_000_000;

fn with_keys<R>(world: &mut World, db: u32, now: i64, run: impl FnOnce(&mut Keys<'_>) -> R) -> R {
    let settings = Settings::default();
    let (now, mut fx) = (UnixMs(now), Effects::default());
    let mut access = AccessClock::new(&settings, now, 3);
    let view = View {
        db: DbIndex(db),
        now,
        settings: &settings,
        access: &mut access,
        expiry: ExpiryMode::Delete,
        hints: Hints::NONE,
        fx: &mut fx,
    };
    run(&mut Keys::new(world, view))
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
    let mut cycle = ExpireCycle::default();
    for _ in 0..100 {
        with_keys(&mut world, 0, NOW, |keys| cycle.run(keys, Pace::new(10), &mut || true));
    }
    assert_eq!(world.len(DbIndex(0)), 500);
    assert_eq!(world.volatile(DbIndex(0)), 0);
    assert_eq!(world.len(DbIndex(2)), 100);
}

#[test]
fn the_cycle_stops_when_the_time_is_up() {
    let mut world = World::new(4, 1, Seed::new(1, 2));
    fill(&mut world, 0, 0..10_000, Ttl::At(UnixMs(NOW - 1)));
    let mut cycle = ExpireCycle::default();
    let timed_out = with_keys(&mut world, 0, NOW, |keys| cycle.run(keys, Pace::new(1), &mut || false));
    assert!(timed_out);
    let left = world.len(DbIndex(0));
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
    let clock = AccessClock::new(&settings, UnixMs(NOW), 1);
    let (mut pool, mut rng) = (EvictionPool::default(), SmallRng::seed_from_u64(5));
    let (_, key) = pool.choose(&world, &settings, &clock, &mut rng).expect("there are candidates");
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
        let settings = Settings { maxmemory_policy: policy, ..Settings::default() };
        let clock = AccessClock::new(&settings, UnixMs(NOW), 1);
        let (mut pool, mut rng) = (EvictionPool::default(), SmallRng::seed_from_u64(5));
        assert!(pool.choose(&world, &settings, &clock, &mut rng).is_none());
    }
    let settings = Settings { maxmemory_policy: MaxmemoryPolicy::AllkeysRandom, ..Settings::default() };
    let clock = AccessClock::new(&settings, UnixMs(NOW), 1);
    let (mut pool, mut rng) = (EvictionPool::default(), SmallRng::seed_from_u64(5));
    assert!(pool.choose(&world, &settings, &clock, &mut rng).is_some());
}
