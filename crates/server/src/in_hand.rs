//! A boxed value that is moved to the code that works with it, and back.
//!
//! A client is taken out of its set while its commands run, so that a handler has `&mut Client` beside everything
//! else; the state of a worker is moved into the server for the exclusive mode. Moving is a pointer. Access while the
//! value is elsewhere is an error of the programmer and panics.

use std::ops::{Deref, DerefMut};

/// A boxed value that is here, or moved elsewhere for a time.
#[derive(Debug)]
pub struct InHand<T>(Option<Box<T>>);

const ELSEWHERE: &str = "the value is here while it is worked with";

impl<T> InHand<T> {
    /// A value that is here.
    pub fn new(value: Box<T>) -> InHand<T> {
        InHand(Some(value))
    }

    /// A value that is elsewhere.
    pub const fn elsewhere() -> InHand<T> {
        InHand(None)
    }

    /// Moves the value away, if it is here.
    pub fn take(&mut self) -> Option<Box<T>> {
        self.0.take()
    }

    /// Brings the value here.
    pub fn put(&mut self, value: Box<T>) {
        self.0 = Some(value);
    }

    /// The value, if it is here.
    pub fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }
}

impl<T> Deref for InHand<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        self.0.as_deref().expect(ELSEWHERE)
    }
}

impl<T> DerefMut for InHand<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_deref_mut().expect(ELSEWHERE)
    }
}
