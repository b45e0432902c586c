//! One of two iterators over the same things: what walks a value that has several encodings.

/// An iterator of one kind or of another.
pub(super) enum Either<A, B> {
    /// A value of the first type.
    Left(A),
    /// The other.
    Right(B),
}

impl<A: Iterator, B: Iterator<Item = A::Item>> Iterator for Either<A, B> {
    type Item = A::Item;

    #[inline]
    fn next(&mut self) -> Option<A::Item> {
        match self {
            Either::Left(left) => left.next(),
            Either::Right(right) => right.next(),
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Either::Left(left) => left.size_hint(),
            Either::Right(right) => right.size_hint(),
        }
    }

    /// The choice is made once for a whole walk.
    fn fold<S, F: FnMut(S, A::Item) -> S>(self, start: S, step: F) -> S {
        match self {
            Either::Left(left) => left.fold(start, step),
            Either::Right(right) => right.fold(start, step),
        }
    }
}
