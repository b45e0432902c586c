//! The shared mode: shards reached through their locks, by several workers at once.
//!
//! ```text
//! exclusive   &mut World ──> Keys over all shards                              no lock is touched
//! shared      &World ──> Locks ── hold a group of keys ──> Held ──> Keys       until the group is done
//! ```
//! A *group* is what a worker locks together: the keys of some commands that follow each other. With each lock it
//! prefetches the bucket, then the entries, sixteen at a time, and then it runs the commands, so that lookups
//! overlap and a lock costs one compare-and-swap. To keep these from waiting for lines that another
//! core has, the lines are asked for ahead of the group ([`Locks::approach`]).
//!
//! No two workers wait for each other: only the keys of the first command of a group are waited for, in
//! ascending order; the group ends in front of the first other command that finds a lock taken.
//!
//! A command that reaches for a key whose shard is not held has a wrong declaration. It works on an empty shard that
//! stands in for all of those, so it finds no such key and changes none, and [`Held::take_out_of_reach`] tells. The
//! caller then takes the reply and the reported effects back and runs the command again in the exclusive mode. What such
//! a command does to shards that are held stays done, be it before or after. So for commands that declare their keys it
//! must not happen at all, and who runs commands with keys from elsewhere (scripts) asks [`Held::covers`] before each.

use super::{DbIndex, Key, Shard, World};
use crate::prefetch::prefetch_to_write;
use crate::table::{Begun, Seed};
use ochre_sync::LockOwner;
use std::cell::OnceCell;

#[cfg(test)]
mod tests;

/// Lookups that overlap: about as many lines as a core can wait for.
const TOGETHER: usize = 16;

/// The right to hold locks of shards, with the memory that it takes to note them. Each worker has one and reuses it.
#[derive(Default)]
pub struct LockSet {
    owner: LockOwner,
    /// The shards that are held, each once.
    shards: Vec<u16>,
    /// Stands in for shards that are not held, once one of them was reached.
    stand_in: StandIn,
}

/// The locks of a world that others may work on at the same time.
#[derive(Clone, Copy)]
pub struct Locks<'a>(&'a World);

impl World {
    /// The shared mode: shards are reached through their locks.
    #[inline]
    pub fn locks(&self) -> Locks<'_> {
        Locks(self)
    }
}

impl<'a> Locks<'a> {
    /// Hash and shard of a key.
    #[inline]
    pub fn locate<'k>(self, key: &'k [u8]) -> Key<'k> {
        self.0.locate(key)
    }

    /// Number of shards.
    #[inline]
    pub fn count(self) -> usize {
        self.0.shards.len()
    }

    #[inline]
    fn shard_of(self, hash: u64) -> usize {
        Key::new(&[], hash, self.count()).shard()
    }

    /// Begins to fetch the lock of a key with this hash, to be written.
    #[inline]
    pub fn approach(self, hash: u64) {
        prefetch_to_write(&raw const self.0.shards[self.shard_of(hash)]);
    }

    /// Locks the shards of keys with these hashes, waiting for them, to look at those keys in a database ([`Held::add`]).
    #[inline]
    pub fn hold(self, set: &'a mut LockSet, db: DbIndex, hashes: &[u64]) -> Held<'a> {
        self.hold_some(set, db, hashes, hashes.len()).0
    }

    /// Locks the shards of the first `least` of such keys, waiting for them, and of as many of the others as are free one
    /// after the other. Returns how many keys that is.
    #[inline]
    pub fn hold_some(
        self,
        set: &'a mut LockSet,
        db: DbIndex,
        hashes: &[u64],
        least: usize,
    ) -> (Held<'a>, usize) {
        let mut held = self.begin(set, false);
        let mut taken = held.add(db, hashes);
        if taken < least {
            held.relock(&hashes[..least]);
            taken = held.add(db, hashes);
        }
        (held, taken)
    }

    /// Locks none yet: walks over a database go from shard to shard, with one lock at a time.
    pub fn roaming(self, set: &'a mut LockSet) -> Held<'a> {
        self.begin(set, true)
    }

    #[inline]
    fn begin(self, set: &'a mut LockSet, roams: bool) -> Held<'a> {
        set.shards.clear();
        Held { shards: HeldShards { locks: self, set, roams }, has_interest: false }
    }
}

/// Shards whose locks are held until this is dropped.
pub struct Held<'a> {
    shards: HeldShards<'a>,
    /// See [`Held::has_interest`].
    has_interest: bool,
}

impl Held<'_> {
    /// Number of shards in the world, held or not.
    pub fn world_shards(&self) -> usize {
        self.shards.locks.count()
    }

    /// Number of shards that are held.
    #[inline]
    pub fn count(&self) -> usize {
        self.shards.set.shards.len()
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
        let HeldShards { locks, set, .. } = &mut self.shards;
        let LockSet { owner, shards, .. } = &mut **set;
        let (mut numbers, mut count) = ([0; TOGETHER], 0);
        let (mut begun, mut before, mut added) = ([Begun::NOTHING; TOGETHER], None, 0);
        for (hash, begun) in hashes.iter().zip(&mut begun) {
            // Commands on one key follow each other often.
            if before != Some(hash) {
                let number = locks.shard_of(*hash);
                let Some((shard, is_new)) = locks.0.shards[number].try_take(owner) else { break };
                if is_new {
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
        let overlaps = added > 1 || !shards.is_empty();
        // Nothing leaves this function between taking a lock and this.
        shards.extend_from_slice(&numbers[..count]);
        if overlaps {
            hashes.iter().zip(&begun).for_each(|(hash, begun)| begun.prefetch_entry(*hash));
        }
        added
    }

    /// Goes on to a shard, by its number, to look at it: gives back what is held, and waits for this one. For those who
    /// roam.
    pub fn visit(&mut self, shard: usize) -> &Shard {
        self.shards.move_to(shard);
        self.shards.get(shard)
    }

    /// Gives all locks back and takes those of keys with these hashes instead, waiting for them.
    #[cold]
    pub fn relock(&mut self, hashes: &[u64]) {
        self.shards.release();
        self.shards.take_in_order(hashes);
        let has_interest = self.shards().any(|shard| shard.interest().is_some());
        self.has_interest = has_interest;
    }

    /// Whether somebody watched or waited for a key of one of the shards when it was locked.
    #[inline]
    pub fn has_interest(&self) -> bool {
        self.has_interest
    }

    /// Whether the shard of a key is held.
    #[inline]
    pub fn covers(&self, key: Key<'_>) -> bool {
        let HeldShards { locks, set, .. } = &self.shards;
        locks.0.shards[key.shard()].lock().is_of(&set.owner)
    }

    /// Whether a shard was reached that is not held, since this was asked last. What was done there is forgotten.
    #[inline]
    pub fn take_out_of_reach(&mut self) -> bool {
        self.shards.set.stand_in.take()
    }

    /// Hash and shard of a key.
    #[inline]
    pub fn locate<'k>(&self, key: &'k [u8]) -> Key<'k> {
        self.shards.locks.locate(key)
    }

    /// A shard that is held. Others look empty.
    #[inline]
    pub fn shard(&self, number: usize) -> &Shard {
        self.shards.get(number)
    }

    /// A shard that is held, to be changed. Changes to others are forgotten.
    #[inline]
    pub fn shard_mut(&mut self, number: usize) -> &mut Shard {
        self.shards.get_mut(number)
    }

    /// The shards that are held.
    pub fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.set.shards.iter().map(|shard| self.shards.get(usize::from(*shard)))
    }

    /// What a view of the keys works on.
    #[inline]
    pub(super) fn reborrow(&mut self) -> HeldShards<'_> {
        let HeldShards { locks, set, roams } = &mut self.shards;
        HeldShards { locks: *locks, set, roams: *roams }
    }
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.shards.release();
        self.shards.set.stand_in.take();
    }
}

/// The inside of [`Held`], which a view borrows.
pub(super) struct HeldShards<'a> {
    locks: Locks<'a>,
    set: &'a mut LockSet,
    /// Goes from shard to shard; otherwise it stays with the shards of declared keys.
    roams: bool,
}

impl<'a> HeldShards<'a> {
    /// The world that the shards belong to.
    #[inline]
    pub fn world(&self) -> &'a World {
        self.locks.0
    }

    #[cold]
    fn take_in_order(&mut self, hashes: &[u64]) {
        let LockSet { owner, shards, .. } = &mut *self.set;
        let world = self.locks.0;
        shards.extend(hashes.iter().map(|hash| self.locks.shard_of(*hash) as u16));
        shards.sort_unstable();
        shards.dedup();
        shards.iter().for_each(|shard| world.waiters.take(world.shards[usize::from(*shard)].lock(), owner));
    }

    /// A shard that is held, or the one that stands in for it.
    #[inline]
    pub fn get(&self, shard: usize) -> &Shard {
        let world = self.locks.0;
        match world.shards[shard].get(&self.set.owner) {
            Some(shard) => shard,
            None => self.set.stand_in.get(world.seed),
        }
    }

    /// A shard that is held, or the one that stands in for it, to be changed.
    #[inline]
    pub fn get_mut(&mut self, shard: usize) -> &mut Shard {
        let (world, LockSet { owner, stand_in, .. }) = (self.locks.0, &mut *self.set);
        match world.shards[shard].get_mut(owner) {
            Some(shard) => shard,
            None => stand_in.get_mut(world.seed),
        }
    }

    /// A roaming view moves to a shard: what it held is unlocked, so that it never waits with a
    /// lock in hand. A view of declared keys stays where it is.
    pub fn move_to(&mut self, shard: usize) {
        let world = self.locks.0;
        if self.roams && !world.shards[shard].lock().is_of(&self.set.owner) {
            self.release();
            world.waiters.take(world.shards[shard].lock(), &self.set.owner);
            self.set.shards.push(shard as u16);
        }
    }

    #[inline]
    fn release(&mut self) {
        let (world, LockSet { owner, shards, .. }) = (self.locks.0, &mut *self.set);
        for shard in shards.iter() {
            world.shards[usize::from(*shard)].lock().give_back(owner);
        }
        shards.clear();
        world.waiters.wake();
    }
}

/// An empty shard in place of those that are out of reach. It is made when one of them is reached, which also notes that.
#[derive(Default)]
struct StandIn(OnceCell<Box<Shard>>);

impl StandIn {
    #[cold]
    fn get(&self, seed: Seed) -> &Shard {
        self.0.get_or_init(|| Box::new(Shard::new(seed)))
    }

    #[cold]
    fn get_mut(&mut self, seed: Seed) -> &mut Shard {
        self.get(seed);
        self.0.get_mut().expect("it was made right now")
    }

    /// Whether it was made. It is gone then.
    #[inline]
    fn take(&mut self) -> bool {
        self.0.get().is_some() && self.0.take().is_some()
    }
}
