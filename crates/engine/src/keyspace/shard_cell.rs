//! A shard in its place: the data, and the lock that the shared mode takes.
//!
//! ```text
//! exclusive   &mut World ──> &mut [ShardCell] ──> &mut Shard          no lock is touched
//! shared      &World ──> Locks ──> hold a group of keys ──> &mut Shard  until the group is done
//! ```
//! A *group* is what a worker locks together: the keys of some commands that follow each other. With each lock it
//! prefetches the bucket, then the entries, sixteen at a time, and then it runs the commands, so that lookups
//! overlap and a lock costs one compare-and-swap. To keep these from waiting for lines that another
//! core has, the lines are asked for ahead of the group ([`Locks::approach`]).
//!
//! No two workers wait for each other: only the keys of the first command of a group are waited for, in
//! ascending order; the group ends in front of the first other command that finds a lock taken.
//!
//! The two modes never meet: [`World::locks`] is unsafe and its contract says so. What keeps it is
//! whoever hands the world out: the server's world lock, or a bench that owns the world.
#![allow(unsafe_code)]

use super::{DbIndex, Key, Shard, World};
use crate::table::{Begun, prefetch_to_write};
use ochre_sync::{Owner, ShardLock, Taken};
use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};

/// Lookups that overlap: about as many lines as a core can wait for.
const TOGETHER: usize = 16;

/// A shard with its lock, on cache lines of its own; the first has the lock and what every lookup and most changes
/// in the first database need.
#[repr(C, align(128))]
pub struct ShardCell {
    lock: ShardLock,
    shard: UnsafeCell<Shard>,
}

const _: () = assert!(
    std::mem::offset_of!(ShardCell, shard) + Shard::FREQUENT <= 64,
    "with thousands of shards a second line is not in the cache"
);

// SAFETY: a shard is Send; it is shared either for reading only, or under its lock (see the
// module's header).
unsafe impl Sync for ShardCell {}

impl ShardCell {
    pub(super) fn new(shard: Shard) -> ShardCell {
        ShardCell { lock: ShardLock::default(), shard: UnsafeCell::new(shard) }
    }
}

impl Deref for ShardCell {
    type Target = Shard;
    #[inline]
    fn deref(&self) -> &Shard {
        // SAFETY: while the world can be read without locks nobody has any (World::locks).
        unsafe { &*self.shard.get() }
    }
}

impl DerefMut for ShardCell {
    #[inline]
    fn deref_mut(&mut self) -> &mut Shard {
        self.shard.get_mut()
    }
}

/// The right to lock shards of a world that others may work on at the same time.
#[derive(Clone, Copy)]
pub struct Locks<'a> {
    world: &'a World,
    me: Owner,
}

impl World {
    /// The shared mode: shards are reached through their locks.
    ///
    /// # Safety
    /// As long as the result or anything made of it lives, on any thread, nobody may reach a shard
    /// of this world in another way: not through `&World`, and of course not through `&mut World`.
    /// At any time, one thread only uses the number `me`.
    pub unsafe fn locks(&self, me: usize) -> Locks<'_> {
        Locks { world: self, me: Owner::new(me) }
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

    #[inline]
    fn shard_of(self, hash: u64) -> usize {
        Key::new(&[], hash, self.count()).shard()
    }

    /// Begins to fetch the lock of a key with this hash, to be written.
    #[inline]
    pub fn approach(self, hash: u64) {
        prefetch_to_write(&raw const self.world.shards[self.shard_of(hash)]);
    }

    /// Locks the shards of keys with these hashes, waiting for them, to look at those keys in a database ([`Held::add`]).
    /// `list` is memory to note the shards in.
    #[inline]
    pub fn hold(self, list: &'a mut Vec<u16>, db: DbIndex, hashes: &[u64]) -> Held<'a> {
        self.hold_some(list, db, hashes, hashes.len()).0
    }

    /// The same for the first `least` of them, and for as many of the others as are free one after the other. Returns how
    /// many keys that is.
    #[inline]
    pub fn hold_some(
        self,
        list: &'a mut Vec<u16>,
        db: DbIndex,
        hashes: &[u64],
        least: usize,
    ) -> (Held<'a>, usize) {
        let mut held = self.roaming(list);
        let mut taken = held.add(db, hashes);
        if taken < least {
            held.relock(&hashes[..least]);
            taken = held.add(db, hashes);
        }
        (held, taken)
    }

    /// Locks none yet; the walks over a database lock one shard at a time.
    pub fn roaming(self, list: &'a mut Vec<u16>) -> Held<'a> {
        list.clear();
        Held { grip: Grip { locks: self, list }, has_interest: false }
    }
}

/// Shards whose locks are held until this is dropped.
pub struct Held<'a> {
    grip: Grip<'a>,
    /// See [`Held::has_interest`].
    has_interest: bool,
}

impl Held<'_> {
    /// Number of shards that are held.
    #[inline]
    pub fn count(&self) -> usize {
        self.grip.list.len()
    }

    /// Locks the shards of more keys one after the other, up to the first that is not free, and begins to fetch what commands
    /// on these keys will look at in a database. Returns how many keys that is.
    #[inline]
    pub fn add(&mut self, db: DbIndex, hashes: &[u64]) -> usize {
        let mut added = 0;
        for some in hashes.chunks(TOGETHER) {
            let got = self.add_some(db, some);
            added += got;
            if got < some.len() {
                break;
            }
        }
        added
    }

    fn add_some(&mut self, db: DbIndex, hashes: &[u64]) -> usize {
        let Grip { locks, list } = &mut self.grip;
        let Locks { world, me } = *locks;
        let (mut numbers, mut count) = ([0; TOGETHER], 0);
        let (mut begun, mut before, mut added) = ([Begun::NOTHING; TOGETHER], None, 0);
        for (hash, begun) in hashes.iter().zip(&mut begun) {
            // Commands on one key follow each other often.
            if before != Some(hash) {
                let number = locks.shard_of(*hash);
                let cell = &world.shards[number];
                let taken = cell.lock.try_take(me);
                if taken == Taken::Not {
                    break;
                }
                // SAFETY: it is held.
                let shard = unsafe { &*cell.shard.get() };
                if taken == Taken::Now {
                    numbers[count] = number as u16;
                    count += 1;
                    self.has_interest |= shard.interest().is_some();
                }
                *begun = shard.db(db).map_or(Begun::NOTHING, |part| part.table.begin(*hash));
                before = Some(hash);
            }
            added += 1;
        }
        // A lookup of nothing but this needs no preparation.
        let overlaps = added > 1 || !list.is_empty();
        // Nothing leaves this function between taking a lock and this.
        list.extend_from_slice(&numbers[..count]);
        if overlaps {
            hashes.iter().zip(&begun).for_each(|(hash, begun)| begun.prefetch_entry(*hash));
        }
        added
    }

    /// Goes on to a shard, by its number, to look at it: gives back what is held, and waits for this one.
    pub fn visit(&mut self, shard: usize) -> &Shard {
        self.grip.move_to(shard);
        self.grip.get(shard)
    }

    /// Gives all locks back and takes those of keys with these hashes instead, waiting for them.
    #[cold]
    pub fn relock(&mut self, hashes: &[u64]) {
        self.grip.release();
        self.grip.take_in_order(hashes);
        let has_interest = self.shards().any(|shard| shard.interest().is_some());
        self.has_interest = has_interest;
    }

    /// Whether somebody watched or waited for a key of one of the shards when it was locked.
    #[inline]
    pub fn has_interest(&self) -> bool {
        self.has_interest
    }

    /// Whether the shard of a key is held.
    pub fn covers(&self, key: Key<'_>) -> bool {
        let Grip { locks, .. } = &self.grip;
        locks.world.shards[key.shard()].lock.is_of(locks.me)
    }

    /// Hash and shard of a key.
    #[inline]
    pub fn locate<'k>(&self, key: &'k [u8]) -> Key<'k> {
        self.grip.locks.locate(key)
    }

    /// A shard that is held.
    #[inline]
    pub fn shard(&self, number: usize) -> &Shard {
        self.grip.get(number)
    }

    /// The same, to be changed.
    #[inline]
    pub fn shard_mut(&mut self, number: usize) -> &mut Shard {
        self.grip.get_mut(number)
    }

    /// The shards that are held.
    pub fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.grip.list.iter().map(|shard| self.grip.get(usize::from(*shard)))
    }

    /// What a view of the keys works on.
    #[inline]
    pub(super) fn grip(&mut self) -> Grip<'_> {
        Grip { locks: self.grip.locks, list: self.grip.list }
    }
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.grip.release();
    }
}

/// The inside of [`Held`], which a view borrows.
pub(super) struct Grip<'a> {
    locks: Locks<'a>,
    /// The shards that are held, each once.
    list: &'a mut Vec<u16>,
}

impl<'a> Grip<'a> {
    /// The world that the shards belong to.
    pub fn world(&self) -> &'a World {
        self.locks.world
    }

    #[cold]
    fn take_in_order(&mut self, hashes: &[u64]) {
        let Locks { world, me } = self.locks;
        self.list.extend(hashes.iter().map(|hash| self.locks.shard_of(*hash) as u16));
        self.list.sort_unstable();
        self.list.dedup();
        self.list.iter().for_each(|shard| world.waiters.take(&world.shards[usize::from(*shard)].lock, me));
    }

    #[inline]
    fn cell_of(&self, shard: usize) -> &'a ShardCell {
        let cell = &self.locks.world.shards[shard];
        // A command that reaches another one has a wrong declaration.
        assert!(cell.lock.is_of(self.locks.me), "the shard of an undeclared key was reached");
        cell
    }

    /// A shard that is held.
    #[inline]
    pub fn get(&self, shard: usize) -> &Shard {
        // SAFETY: its lock is held, and `&mut self` is needed to change it.
        unsafe { &*self.cell_of(shard).shard.get() }
    }

    /// The same, to be changed.
    #[inline]
    pub fn get_mut(&mut self, shard: usize) -> &mut Shard {
        // SAFETY: its lock is held, and by `&mut self` this is the only way in: a worker has one
        // `Held` at a time.
        unsafe { &mut *self.cell_of(shard).shard.get() }
    }

    /// A roaming view moves to a shard: what it held is unlocked, so that it never waits with a
    /// lock in hand. A view of declared keys stays where it is.
    pub fn move_to(&mut self, shard: usize) {
        let Locks { world, me } = self.locks;
        if !world.shards[shard].lock.is_of(me) {
            self.release();
            world.waiters.take(&world.shards[shard].lock, me);
            self.list.push(shard as u16);
        }
    }

    #[inline]
    fn release(&mut self) {
        for shard in self.list.iter() {
            // SAFETY: it was locked for this value, on this thread, and is unlocked once.
            unsafe { self.locks.world.shards[usize::from(*shard)].lock.give_back() };
        }
        self.list.clear();
        self.locks.world.waiters.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::KeyEntry;
    use crate::keyspace::ClientId;
    use crate::table::Seed;
    use crate::value::StrValue;
    use std::collections::HashSet;
    use std::sync::Barrier;
    use std::time::Duration;

    const DB: DbIndex = DbIndex(0);
    const KEYS: [&[u8]; 3] = [b"one", b"two", b"three"];

    fn world() -> World {
        World::new(64, 1, Seed::new(1, 2))
    }

    fn free(locks: Locks<'_>) -> usize {
        let other = Owner::new(99);
        let cells = locks.world.shards.iter();
        cells
            .filter(|cell| {
                let free = cell.lock.try_take(other) == Taken::Now;
                if free {
                    // SAFETY: it was taken right now.
                    unsafe { cell.lock.give_back() };
                }
                free
            })
            .count()
    }

    fn hashes(locks: Locks<'_>) -> Vec<u64> {
        KEYS.into_iter().chain(KEYS).map(|key| locks.locate(key).hash).collect()
    }

    #[test]
    fn shards_are_free_again_when_the_holder_is_gone() {
        let (world, mut list) = (world(), Vec::new());
        // SAFETY: nothing else reaches this world.
        let locks = unsafe { world.locks(0) };
        for in_order in [false, true] {
            let mut held = locks.hold(&mut list, DB, &hashes(locks));
            if in_order {
                held.grip.release();
                held.grip.take_in_order(&hashes(locks));
            }
            let count = held.shards().count();
            assert!((1..=3).contains(&count));
            assert_eq!(free(locks), locks.count() - count);
            assert!(held.grip.get_mut(locks.locate(KEYS[2]).shard()).interest().is_none());
            drop(held);
            assert_eq!(free(locks), locks.count());
        }
    }

    #[test]
    #[should_panic(expected = "undeclared key")]
    fn a_shard_that_is_not_held_is_out_of_reach() {
        let (world, mut list) = (world(), Vec::new());
        // SAFETY: nothing else reaches this world.
        let locks = unsafe { world.locks(0) };
        let held = locks.hold(&mut list, DB, &hashes(locks)[..1]);
        held.grip.get(locks.locate(KEYS[0]).shard() ^ 1);
    }

    #[test]
    fn a_roaming_view_holds_one_shard_at_a_time() {
        let (world, mut list) = (world(), Vec::new());
        // SAFETY: nothing else reaches this world.
        let locks = unsafe { world.locks(0) };
        let mut held = locks.roaming(&mut list);
        for shard in 0..locks.count() {
            held.grip.move_to(shard);
            assert_eq!(held.shards().count(), 1);
        }
        assert_eq!(free(locks), locks.count() - 1);
    }

    #[test]
    fn only_the_first_keys_are_waited_for_and_at_another_that_is_not_free_it_ends() {
        let (world, mut list, mut others) = (world(), Vec::new(), Vec::new());
        // SAFETY: shards are reached through locks only, and each owner has its number.
        let (locks, other) = unsafe { (world.locks(0), world.locks(1)) };
        let hashes = hashes(locks);
        assert_eq!(hashes.iter().map(|hash| locks.shard_of(*hash)).collect::<HashSet<_>>().len(), 3);
        let theirs = other.hold(&mut others, DB, &hashes[2..3]);
        let (held, got) = locks.hold_some(&mut list, DB, &hashes, 2);
        assert_eq!((got, held.shards().count(), free(locks)), (2, 2, locks.count() - 3));
        drop(held);
        drop(theirs);
        let (held, got) = locks.hold_some(&mut list, DB, &hashes, 1);
        assert_eq!((got, held.shards().count()), (6, 3), "a key that is named twice is locked once");
    }

    #[test]
    fn more_keys_than_are_looked_at_together_are_locked_as_well() {
        let (world, mut list, mut others) = (world(), Vec::new(), Vec::new());
        // SAFETY: shards are reached through locks only, and each owner has its number.
        let (locks, other) = unsafe { (world.locks(0), world.locks(1)) };
        let mut hashes: Vec<u64> =
            (0..3 * TOGETHER as u32).map(|n| locks.locate(&n.to_le_bytes()).hash).collect();
        let shard = |hash: &u64| locks.shard_of(*hash);
        let last = hashes.pop().expect("there are many");
        hashes.retain(|hash| shard(hash) != shard(&last));
        let shards: HashSet<usize> = hashes.iter().map(shard).collect();
        for busy in [hashes.len(), TOGETHER, TOGETHER + 1] {
            hashes.insert(busy, last);
            let theirs = other.hold(&mut others, DB, &[last]);
            let (held, got) = locks.hold_some(&mut list, DB, &hashes, 1);
            assert_eq!(got, busy);
            drop(theirs);
            drop(held);
            let (held, got) = locks.hold_some(&mut list, DB, &hashes, 1);
            assert_eq!((got, held.shards().count()), (hashes.len(), shards.len() + 1));
            drop(held);
            hashes.remove(busy);
        }
        assert_eq!(free(locks), locks.count());
    }

    #[test]
    fn after_waiting_for_the_first_keys_others_are_taken_as_far_as_they_are_free() {
        let (world, mut list) = (world(), Vec::new());
        // SAFETY: shards are reached through locks only, and each owner has its number.
        let locks = unsafe { world.locks(0) };
        let hashes = hashes(locks);
        let both = Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut theirs = Vec::new();
                // SAFETY: as above.
                let other = unsafe { world.locks(1) };
                let held = other.hold(&mut theirs, DB, &hashes[..1]);
                let lock = &world.shards[other.shard_of(hashes[2])].lock;
                assert_eq!(lock.try_take(other.me), Taken::Now);
                both.wait();
                // Time to find the first key taken. With too little the test only shows less.
                std::thread::sleep(Duration::from_millis(5));
                drop(held);
                both.wait();
                // SAFETY: it was taken above.
                unsafe { lock.give_back() };
            });
            both.wait();
            let (held, got) = locks.hold_some(&mut list, DB, &hashes, 1);
            assert_eq!((got, held.shards().count()), (2, 2));
            both.wait();
        });
    }

    #[test]
    fn interest_in_a_shard_is_seen_however_it_is_locked() {
        let (world, mut list) = (world(), Vec::new());
        // SAFETY: nothing else reaches this world.
        let locks = unsafe { world.locks(0) };
        let hashes = hashes(locks);
        let mut held = locks.hold(&mut list, DB, &hashes);
        assert!(!held.has_interest());
        let shard = locks.shard_of(hashes[1]);
        held.shard_mut(shard).change_interest(|interest| interest.wait(DbIndex(0), KEYS[1], ClientId(1)));
        held.relock(&hashes);
        assert!(held.has_interest());
        held.relock(&hashes[..1]);
        assert!(!held.has_interest());
        drop(held);
        assert!(locks.hold(&mut list, DB, &hashes).has_interest());
    }

    /// Two threads make and remove keys of the same shards, whose tables grow and shrink, in two databases.
    #[test]
    fn lookups_begin_in_tables_that_another_worker_has_changed() {
        const ROUNDS: usize = 4;
        let keys = if cfg!(miri) { 150 } else { 5_000 };
        let world = World::new(2, 4, Seed::new(1, 2));
        std::thread::scope(|scope| {
            for me in 0..2 {
                let world = &world;
                scope.spawn(move || {
                    // SAFETY: shards are reached through locks only, and each owner has its number.
                    let locks = unsafe { world.locks(me) };
                    let mut list = Vec::new();
                    let names: Vec<String> = (0..keys).map(|n| format!("{me}:{n}")).collect();
                    for (names, db) in (0..ROUNDS)
                        .flat_map(|_| [0, 3])
                        .flat_map(|db| names.chunks(TOGETHER + 4).map(move |names| (names, DbIndex(db))))
                    {
                        let located: Vec<Key<'_>> =
                            names.iter().map(|name| locks.locate(name.as_bytes())).collect();
                        let hashes: Vec<u64> = located.iter().map(|key| key.hash).collect();
                        let mut held = locks.hold(&mut list, db, &hashes);
                        for key in located {
                            let table = &mut held.shard_mut(key.shard()).db_or_new(db).table;
                            if table.remove(key.hash, key.bytes).is_none() {
                                table
                                    .insert(key.hash, KeyEntry::string(key.bytes, StrValue::Int(1), None, 0));
                            }
                        }
                    }
                });
            }
        });
        assert_eq!([0, 1, 3].map(|db| world.len(DbIndex(db))), [0; 3], "what was made was removed");
    }

    /// Two threads lock the same two shards in opposite order, over and over.
    #[test]
    fn groups_that_overlap_wait_for_each_other() {
        let world = world();
        std::thread::scope(|scope| {
            for me in 0..2 {
                let world = &world;
                scope.spawn(move || {
                    // SAFETY: shards are reached through locks only, each thread has its number.
                    let locks = unsafe { world.locks(me) };
                    let (mut list, mut hashes) = (Vec::new(), hashes(locks));
                    if me == 1 {
                        hashes.reverse();
                    }
                    for _ in 0..if cfg!(miri) { 20 } else { 10_000 } {
                        let mut held = locks.hold(&mut list, DB, &hashes);
                        held.grip
                            .get_mut(locks.locate(KEYS[0]).shard())
                            .db_or_new(DbIndex(0))
                            .expiry_cursor += 1;
                    }
                });
            }
        });
        let total: u64 = world.parts(DbIndex(0)).map(|part| part.expiry_cursor).sum();
        assert_eq!(total, if cfg!(miri) { 40 } else { 20_000 });
    }
}
