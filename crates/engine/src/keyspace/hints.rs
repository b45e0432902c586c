//! Hashes of a command's keys that were made ahead, when their buckets were fetched.

/// The hashes of the arguments `first`, `first + stride`, and so on. They save work and decide
/// nothing: an argument without a hint is hashed when it is needed.
#[derive(Debug, Clone, Copy)]
pub struct Hints<'a> {
    first: usize,
    /// 0 or 1: binary logarithm of the stride.
    shift: u32,
    hashes: &'a [u64],
}

impl<'a> Hints<'a> {
    /// None.
    pub const NONE: Hints<'static> = Hints { first: 0, shift: 0, hashes: &[] };

    /// Hints for arguments that are 1 or 2 apart.
    #[inline]
    pub fn new(first: usize, stride: usize, hashes: &'a [u64]) -> Hints<'a> {
        debug_assert!(stride == 1 || stride == 2, "keys stand side by side, or one value apart");
        Hints { first, shift: stride as u32 - 1, hashes }
    }

    /// The hash of argument `at`.
    #[inline]
    pub fn of(self, at: usize) -> Option<u64> {
        // In front of the first it becomes a huge number.
        let distance = at.wrapping_sub(self.first);
        let index = distance >> self.shift;
        if index << self.shift == distance { self.hashes.get(index).copied() } else { None }
    }

    /// All of them, in the order of the arguments.
    #[inline]
    pub fn hashes(self) -> &'a [u64] {
        self.hashes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_arguments_that_were_hashed_have_a_hint() {
        let side_by_side = Hints::new(2, 1, &[10, 11]);
        let apart = Hints::new(1, 2, &[10, 11]);
        let of = |hints: Hints<'_>| (0..6).map(|at| hints.of(at)).collect::<Vec<_>>();
        assert_eq!(of(side_by_side), [None, None, Some(10), Some(11), None, None]);
        assert_eq!(of(apart), [None, Some(10), None, Some(11), None, None]);
        assert_eq!(of(Hints::NONE), [None; 6]);
    }
}
