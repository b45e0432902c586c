//! A shard in its place: the data, and the lock that the shared mode takes.
//!
//! ```text
//! exclusive   &mut World ──> &mut [Slot] ──> &mut Shard          no lock is touched
//! shared      &World ──> Locks ──> lock of a slot ──> &mut Shard  for as long as it is held
//! ```
//! The two modes never meet: [`World::locks`] is unsafe and its contract says so. What keeps it is
//! whoever hands the world out: the server's world lock, or a bench that owns the world.
#![allow(unsafe_code)]

use super::{DbIndex, Key, Shard, World};
use parking_lot::RawMutex;
use parking_lot::lock_api::RawMutex as _;
use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};

/// A shard with its lock, on cache lines of its own.
#[repr(align(128))]
pub struct Slot {
    lock: RawMutex,
    shard: UnsafeCell<Shard>,
}

// SAFETY: a shard is Send; it is shared either for reading only, or under its lock (see the
// module's header).
unsafe impl Sync for Slot {}

impl Slot {
    pub(super) fn new(shard: Shard) -> Slot {
        Slot { lock: RawMutex::INIT, shard: UnsafeCell::new(shard) }
    }
}

impl Deref for Slot {
    type Target = Shard;
    #[inline]
    fn deref(&self) -> &Shard {
        // SAFETY: while the world can be read without locks nobody has any (World::locks).
        unsafe { &*self.shard.get() }
    }
}

impl DerefMut for Slot {
    #[inline]
    fn deref_mut(&mut self) -> &mut Shard {
        self.shard.get_mut()
    }
}

/// The right to lock shards of a world that others may work on at the same time.
#[derive(Clone, Copy)]
pub struct Locks<'a> {
    world: &'a World,
    /// There is no other thread: glances need no lock.
    alone: bool,
}

impl World {
    /// The shared mode: shards are reached through their locks.
    ///
    /// # Safety
    /// As long as the result or anything made of it lives, on any thread, nobody may reach a shard
    /// of this world in another way: not through `&World`, and of course not through `&mut World`.
    /// `alone` promises that no other thread has any of these.
    pub unsafe fn locks(&self, alone: bool) -> Locks<'_> {
        Locks { world: self, alone }
    }
}

impl<'a> Locks<'a> {
    /// Hash and shard of a key.
    #[inline]
    pub fn locate<'k>(self, key: &'k [u8]) -> Key<'k> {
        self.world.locate(key)
    }

    /// Number of shards.
    pub fn count(self) -> usize {
        self.world.shards.len()
    }

    /// Locks the shard of a key with this hash.
    #[inline]
    pub fn one(self, hash: u64) -> Held<'a> {
        self.hold(Key::new(&[], hash, self.count()).shard())
    }

    #[inline]
    fn hold(self, shard: usize) -> Held<'a> {
        self.world.shards[shard].lock.lock();
        Held { world: self.world, set: HeldSet { one: shard as u32, more: Vec::new() } }
    }

    /// Locks the shards of several keys, in ascending order, so that no two workers wait for each
    /// other.
    pub fn several<'k>(self, keys: impl Iterator<Item = &'k [u8]>) -> Held<'a> {
        let mut shards: Vec<u32> = keys.map(|key| self.locate(key).shard() as u32).collect();
        shards.sort_unstable();
        shards.dedup();
        shards.iter().for_each(|shard| self.world.shards[*shard as usize].lock.lock());
        Held { world: self.world, set: HeldSet { one: NONE, more: shards } }
    }

    /// Locks none yet; the walks over a database lock one shard at a time.
    pub fn roaming(self) -> Held<'a> {
        Held { world: self.world, set: HeldSet { one: NONE, more: Vec::new() } }
    }

    /// First phase of a batched lookup: the bucket line of a key, unless its shard is busy.
    #[inline]
    pub fn prefetch_bucket(self, db: DbIndex, key: Key<'_>) {
        self.glance(key.shard(), |shard| {
            if let Some(part) = shard.db(db) {
                part.table.prefetch_bucket(key.hash);
            }
        });
    }

    /// Second phase: the entry itself, found through its bucket.
    #[inline]
    pub fn prefetch_entry(self, db: DbIndex, hash: u64) {
        self.glance(Key::new(&[], hash, self.count()).shard(), |shard| {
            if let Some(part) = shard.db(db) {
                part.table.prefetch_entry(hash);
            }
        });
    }

    /// Looks into a shard if its lock is free at this moment.
    #[inline]
    fn glance(self, shard: usize, look: impl FnOnce(&Shard)) {
        if self.alone {
            // SAFETY: nobody else is there, and this thread holds no shard while it looks ahead.
            look(unsafe { &*self.world.shards[shard].shard.get() });
        } else if self.world.shards[shard].lock.try_lock() {
            let held = Held { world: self.world, set: HeldSet { one: shard as u32, more: Vec::new() } };
            look(held.set.get(held.world, shard));
        }
    }
}

/// No shard: [`HeldSet::more`] says which.
const NONE: u32 = u32::MAX;

/// Shards whose locks are held until this is dropped.
pub struct Held<'a> {
    pub(super) world: &'a World,
    pub(super) set: HeldSet,
}

/// Which shards are held.
pub(super) struct HeldSet {
    /// The only shard, or [`NONE`].
    one: u32,
    /// The shards, if they are several.
    more: Vec<u32>,
}

impl Held<'_> {
    /// The shards that are held.
    pub fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.set.numbers().map(|shard| self.set.get(self.world, shard))
    }
}

impl HeldSet {
    #[inline]
    fn numbers(&self) -> impl Iterator<Item = usize> {
        let one = (self.one != NONE).then_some(self.one);
        one.into_iter().chain(self.more.iter().copied()).map(|shard| shard as usize)
    }

    #[inline]
    fn holds(&self, shard: usize) -> bool {
        self.one == shard as u32 || self.more.binary_search(&(shard as u32)).is_ok()
    }

    /// A shard that is held, of the world that this was made with. A command that reaches another one
    /// has a wrong declaration.
    #[inline]
    pub fn get<'w>(&'w self, world: &'w World, shard: usize) -> &'w Shard {
        assert!(self.holds(shard), "the shard of an undeclared key was reached");
        // SAFETY: its lock is held, and `&mut self` is needed to change it.
        unsafe { &*world.shards[shard].shard.get() }
    }

    /// The same, to be changed.
    #[inline]
    pub fn get_mut<'w>(&'w mut self, world: &'w World, shard: usize) -> &'w mut Shard {
        assert!(self.holds(shard), "the shard of an undeclared key was reached");
        // SAFETY: its lock is held, and by `&mut self` this is the only way in.
        unsafe { &mut *world.shards[shard].shard.get() }
    }

    /// A roaming view moves to a shard: what it held is unlocked, so that it never waits with a
    /// lock in hand. A view of declared keys stays where it is.
    pub fn move_to(&mut self, world: &World, shard: usize) {
        if self.more.is_empty() && self.one != shard as u32 {
            self.unlock(world);
            self.one = NONE;
            world.shards[shard].lock.lock();
            self.one = shard as u32;
        }
    }

    #[inline]
    fn unlock(&self, world: &World) {
        for shard in self.numbers() {
            // SAFETY: it was locked for this value, on this thread, and is unlocked once.
            unsafe { world.shards[shard].lock.unlock() };
        }
    }
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.set.unlock(self.world);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Seed;

    const KEYS: [&[u8]; 3] = [b"one", b"two", b"three"];

    fn world() -> World {
        World::new(64, 1, Seed::new(1, 2))
    }

    fn free(locks: Locks<'_>) -> usize {
        let mut free = 0;
        (0..locks.count()).for_each(|shard| locks.glance(shard, |_| free += 1));
        free
    }

    #[test]
    fn shards_are_free_again_when_the_holder_is_gone() {
        let world = world();
        // SAFETY: nothing else reaches this world.
        let locks = unsafe { world.locks(false) };
        for _ in 0..2 {
            let mut held = locks.several(KEYS.into_iter().chain(KEYS));
            let count = held.shards().count();
            assert!((1..=3).contains(&count));
            assert_eq!(free(locks), locks.count() - count);
            let shard = locks.locate(KEYS[2]).shard();
            assert!(held.set.get_mut(held.world, shard).interest.is_empty());
        }
        assert_eq!(free(locks), locks.count());
    }

    #[test]
    #[should_panic(expected = "undeclared key")]
    fn a_shard_that_is_not_held_is_out_of_reach() {
        let world = world();
        // SAFETY: nothing else reaches this world.
        let locks = unsafe { world.locks(false) };
        let held = locks.one(locks.locate(KEYS[0]).hash);
        held.set.get(held.world, locks.locate(KEYS[0]).shard() ^ 1);
    }

    #[test]
    fn a_roaming_view_holds_one_shard_at_a_time() {
        let world = world();
        // SAFETY: nothing else reaches this world.
        let locks = unsafe { world.locks(false) };
        let mut held = locks.roaming();
        for shard in 0..locks.count() {
            held.set.move_to(held.world, shard);
            assert_eq!(held.shards().count(), 1);
        }
        assert_eq!(free(locks), locks.count() - 1);
    }
}
