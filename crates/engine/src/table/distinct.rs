//! Several different elements at random.

use std::collections::BTreeSet;

use rand::{Rng, RngCore};

use super::{Table, Thin};

/// A walk over everything beats single picks if more than one of this number of elements is wanted.
const WALK_SHARE: usize = 3;

/// Decides for `total` things, one call each, which `wanted` of them to take: every choice has the
/// same probability (Knuth, selection sampling).
pub fn picker<R: RngCore + ?Sized>(rng: &mut R, total: usize, wanted: usize) -> impl FnMut() -> bool {
    let (mut left, mut wanted) = (total, wanted);
    move || {
        let hit = wanted > 0 && rng.random_range(0..left.max(1)) < wanted;
        left = left.saturating_sub(1);
        wanted -= usize::from(hit);
        hit
    }
}

impl<T: Thin> Table<T> {
    /// Emits `n` different elements at random, every choice with the same probability; all of them
    /// if there are no more.
    pub fn random_distinct<'a, R: RngCore + ?Sized>(
        &'a self,
        rng: &mut R,
        n: usize,
        mut emit: impl FnMut(&'a T),
    ) {
        if n.saturating_mul(WALK_SHARE) > self.len() {
            let mut pick = picker(rng, self.len(), n.min(self.len()));
            return self.iter().filter(|_| pick()).for_each(emit);
        }
        // An element is known by its slot: the table does not change meanwhile.
        let mut taken = BTreeSet::new();
        while taken.len() < n {
            let Some(element) = self.random(rng) else { return };
            if taken.insert(std::ptr::from_ref(element).addr()) {
                emit(element);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::picker;
    use crate::encoding::listpack::Item;
    use crate::table::{MemberTable, Seed};

    #[test]
    fn a_picker_takes_exactly_as_many_as_wanted() {
        let mut rng = StdRng::seed_from_u64(3);
        for wanted in 0..=20 {
            let mut pick = picker(&mut rng, 20, wanted);
            assert_eq!((0..20).filter(|_| pick()).count(), wanted);
        }
    }

    /// Draws for each number of elements wanted.
    const DRAWS: usize = if cfg!(miri) { 3 } else { 300 };

    #[test]
    fn distinct_elements_are_distinct_and_even() {
        let mut rng = StdRng::seed_from_u64(3);
        let mut table = MemberTable::new(Seed::new(1, 2));
        (0..100).for_each(|n: i32| assert!(table.insert(n.to_string().as_bytes())));
        for n in [1, 30, 50, 100, 200] {
            let mut hits = [0; 100];
            for _ in 0..DRAWS {
                let mut round = [0; 100];
                table.random_distinct(&mut rng, n, |item| {
                    let Item::Int(value) = item else { panic!("an integer") };
                    round[value as usize] += 1;
                });
                assert!(round.iter().all(|count| *count <= 1));
                assert_eq!(round.iter().sum::<u32>() as usize, n.min(100));
                hits.iter_mut().zip(round).for_each(|(all, one)| *all += one);
            }
            let mean = (DRAWS * n.min(100) / 100) as i32;
            assert!(hits.iter().all(|count| (*count as i32 - mean).abs() <= 60), "{n}: {hits:?}");
        }
    }
}
