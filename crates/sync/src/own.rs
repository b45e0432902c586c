//! Values inside a shared state that belong to one worker each.
//!
//! ```text
//! shared mode      worker i ──> the cells of worker i, as `&mut`       (through its handle)
//! exclusive mode   one worker ──> `&mut` state, hence every cell       (through `get_mut`)
//! ```
//! A shared reference to a cell gives nothing away, so safe code cannot look into another worker's value while that
//! worker changes it. Which cells are whose is the state's to tell ([`PerWorker`]).
#![allow(unsafe_code)]

use std::cell::UnsafeCell;

/// A value inside a shared state that belongs to one worker, on cache lines of its own.
#[repr(align(128))]
pub struct Own<T>(UnsafeCell<T>);

// SAFETY: a shared reference lets nothing out but to `ModeHandle::parts`, which one thread at a time calls for a cell, so
// the value only travels between threads.
unsafe impl<T: Send> Sync for Own<T> {}

impl<T> Own<T> {
    /// A cell with a value.
    pub fn new(value: T) -> Own<T> {
        Own(UnsafeCell::new(value))
    }

    /// The value, for code that has the whole state.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }

    /// The value, for its worker in the shared mode.
    ///
    /// # Safety
    /// No other reference to the value is used while the result lives.
    #[inline]
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn get_by_worker(&self) -> &mut T {
        // SAFETY: by the contract the value is reached once.
        unsafe { &mut *self.0.get() }
    }
}

/// A state that has cells for each of its workers, two of them: large states keep some cells in a part of theirs and some
/// outside of it.
///
/// # Safety
/// As long as nobody has the state mutably, [`PerWorker::cells`] gives the same cells whenever it is called with the same
/// number. Cells of different numbers are different, and so are the two of one number if they have the same type. The state
/// owns them: no other state gives them away.
pub unsafe trait PerWorker {
    /// What the first cell of a worker holds.
    type First;
    /// What the second cell of a worker holds.
    type Second;

    /// The cells of a worker.
    fn cells(&self, worker: usize) -> (&Own<Self::First>, &Own<Self::Second>);
}
