//! Shared data, each piece behind its [`ShardLock`]; reached in one of two ways, neither of which can race.
//!
//! ```text
//! &ShardCell<T> and LockOwner   the lock names the owner ──> &T, &mut T     several threads
//! &mut [ShardCell<T>]           Unlocked, UnlockedView   ──> &mut T, &T     one owner of all, no lock touched
//! ```
//! Why that is sound:
//! - References under a lock borrow the [`LockOwner`]: `&T` shares it, `&mut T` and giving a lock back borrow it mutably. There
//!   is one value for each number, and a lock names at most one number, so nobody else has a reference.
//! - An owner stays on one thread as long as it is borrowed (it is not `Sync`), so a thread that finds its number in a lock has
//!   also seen what was written before the lock was given back to it.
//! - The other way begins with a mutable borrow of the cells, which lasts as long as the references do: no lock can be
//!   taken meanwhile. A lock that was never given back does not matter, as no reference is left of it.
#![allow(unsafe_code)]

use crate::shard::{LockOwner, ShardLock, Taken};
use std::cell::UnsafeCell;

/// Data with its lock, on cache lines of its own; the lock comes first.
#[repr(C, align(128))]
pub struct ShardCell<T> {
    lock: ShardLock,
    data: UnsafeCell<T>,
}

// SAFETY: the data is lent to several threads for reading, or to one for changing; see the module's header.
unsafe impl<T: Send + Sync> Sync for ShardCell<T> {}

impl<T> ShardCell<T> {
    /// Where the data begins: behind the lock.
    pub const DATA_AT: usize = std::mem::offset_of!(ShardCell<T>, data);

    /// Data that nobody holds.
    pub fn new(data: T) -> ShardCell<T> {
        ShardCell { lock: ShardLock::default(), data: UnsafeCell::new(data) }
    }

    /// Its lock.
    #[inline]
    pub fn lock(&self) -> &ShardLock {
        &self.lock
    }

    /// Takes the lock if it is free. The data, and true if it was taken now; `None` if somebody else has it.
    #[inline]
    pub fn try_take<'r>(&'r self, me: &'r LockOwner) -> Option<(&'r T, bool)> {
        let taken = self.lock.try_take(me);
        if taken == Taken::Not {
            return None;
        }
        // SAFETY: the lock is this owner's, which is borrowed as long as the result lives.
        Some((unsafe { &*self.data.get() }, taken == Taken::Now))
    }

    /// The data, if this owner holds the lock.
    #[inline]
    pub fn get<'r>(&'r self, me: &'r LockOwner) -> Option<&'r T> {
        // SAFETY: the lock is this owner's, which is borrowed as long as the result lives.
        self.lock.is_of(me).then(|| unsafe { &*self.data.get() })
    }

    /// The data to be changed, if this owner holds the lock.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub fn get_mut<'r>(&'r self, me: &'r mut LockOwner) -> Option<&'r mut T> {
        // SAFETY: the lock is this owner's, which is borrowed mutably as long as the result lives, so this is the only
        // reference.
        self.lock.is_of(me).then(|| unsafe { &mut *self.data.get() })
    }

    /// The data, without the lock.
    #[inline]
    pub fn data_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }
}

/// Cells of which nobody can take a lock, as all of them are borrowed mutably.
pub struct Unlocked<'a, T>(&'a mut [ShardCell<T>]);

impl<'a, T> Unlocked<'a, T> {
    /// These cells.
    #[inline]
    pub fn new(cells: &'a mut [ShardCell<T>]) -> Unlocked<'a, T> {
        Unlocked(cells)
    }

    /// Number of cells.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The data of a cell.
    #[inline]
    pub fn get(&self, number: usize) -> &T {
        // SAFETY: the cells are borrowed mutably by `self`, which is borrowed as long as the result lives.
        unsafe { &*self.0[number].data.get() }
    }

    /// The data of a cell, to be changed.
    #[inline]
    pub fn get_mut(&mut self, number: usize) -> &mut T {
        self.0[number].data_mut()
    }
}

/// [`Unlocked`] for reading only, in several places at once.
pub struct UnlockedView<'a, T>(&'a [ShardCell<T>]);

impl<T> Clone for UnlockedView<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for UnlockedView<'_, T> {}

impl<'a, T> UnlockedView<'a, T> {
    /// These cells. Their mutable borrow lasts as long as the view.
    #[inline]
    pub fn new(cells: &'a mut [ShardCell<T>]) -> UnlockedView<'a, T> {
        UnlockedView(cells)
    }

    /// Number of cells.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// The data of a cell.
    #[inline]
    pub fn get(self, number: usize) -> &'a T {
        // SAFETY: the cells were borrowed mutably for as long as the result lives, and only views of them are left.
        unsafe { &*self.0[number].data.get() }
    }

    /// The data of all cells.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = &'a T> {
        (0..self.0.len()).map(move |number| self.get(number))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_lent_to_the_owner_of_the_lock_only() {
        let cell = ShardCell::new(1);
        let (mut me, mut other) = (LockOwner::new(), LockOwner::new());
        assert!(cell.get(&me).is_none() && cell.get_mut(&mut me).is_none());
        assert_eq!(cell.try_take(&me), Some((&1, true)));
        assert_eq!(cell.try_take(&me), Some((&1, false)));
        *cell.get_mut(&mut me).expect("it is held") += 1;
        assert!(cell.try_take(&other).is_none() && cell.get_mut(&mut other).is_none());
        cell.lock().give_back(&mut other);
        assert_eq!(cell.get(&me), Some(&2), "only the owner gives a lock back");
        cell.lock().give_back(&mut me);
        assert_eq!((cell.get(&me), cell.try_take(&other)), (None, Some((&2, true))));
    }

    #[test]
    fn the_owner_of_all_cells_needs_no_lock_even_if_one_was_never_given_back() {
        let mut cells = [ShardCell::new(1), ShardCell::new(2)];
        cells[0].try_take(&LockOwner::new());
        *Unlocked::new(&mut cells).get_mut(0) += 2;
        let view = UnlockedView::new(&mut cells);
        assert_eq!(view.iter().sum::<i32>(), 5);
    }

    #[test]
    fn no_change_under_a_lock_is_lost() {
        const TURNS: u64 = if cfg!(miri) { 20 } else { 20_000 };
        let mut cell = [ShardCell::new(0)];
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let cell = &cell[0];
                scope.spawn(move || {
                    let mut me = LockOwner::new();
                    for _ in 0..TURNS {
                        while cell.try_take(&me).is_none() {
                            std::thread::yield_now();
                        }
                        *cell.get_mut(&mut me).expect("it is held") += 1;
                        cell.lock().give_back(&mut me);
                    }
                });
            }
        });
        assert_eq!(*cell[0].data_mut(), 2 * TURNS);
    }
}
