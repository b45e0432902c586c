//! The members of a big set: a table whose entries are a length and bytes, or an integer (packed.rs).

use rand::RngCore;

use super::packed::Member;
use super::weighed::Weighed;
use crate::encoding::listpack::Item;

/// The members of a big set.
pub type MemberTable = Weighed<Member>;

impl MemberTable {
    /// Adds a member; true if it is new.
    #[inline]
    pub fn insert(&mut self, member: &[u8]) -> bool {
        let hash = self.table.hash(member);
        if self.table.contains(hash, member) {
            return false;
        }
        self.insert_new(hash, Member::new(member));
        true
    }

    /// All members.
    pub fn iter(&self) -> impl Iterator<Item = Item<'_>> {
        self.table.iter().map(Member::text)
    }

    /// Emits the elements of one bucket; returns the next cursor, as [`super::Table::scan`] does.
    pub fn scan<'a>(&'a self, cursor: u64, mut emit: impl FnMut(Item<'a>)) -> u64 {
        self.table.scan(cursor, |entry| emit(entry.text()))
    }

    /// A member, each with the same probability.
    pub fn random<R: RngCore + ?Sized>(&self, rng: &mut R) -> Option<Item<'_>> {
        self.table.random(rng).map(Member::text)
    }

    /// Emits `n` different members at random; all if there are no more.
    pub fn random_distinct<'a, R: RngCore + ?Sized>(
        &'a self,
        rng: &mut R,
        n: usize,
        mut emit: impl FnMut(Item<'a>),
    ) {
        self.table.random_distinct(rng, n, |entry| emit(entry.text()));
    }
}

impl Clone for MemberTable {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.table.seed());
        self.iter().for_each(|member| _ = copy.insert(member.text(&mut itoa::Buffer::new())));
        copy
    }
}
