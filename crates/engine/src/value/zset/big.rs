//! A sorted set of many members: a table that owns them and an index that orders them.
//!
//! The index points at the table's members, so whatever leaves the table leaves the index first.
#![allow(unsafe_code)]

use crate::sorted::{ScoreTree, ScoredMember};
use crate::table::{Seed, Table};
use rand::RngCore;
use std::ops::Range;

/// Members by text and by (score, text).
pub struct BigZset {
    tree: ScoreTree,
    table: Table<ScoredMember>,
    /// Bytes of the members' allocations.
    member_bytes: usize,
}

impl Clone for BigZset {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.table.seed());
        self.tree.forward(0).for_each(|(score, member)| copy.push(ScoredMember::new(score, member)));
        copy
    }
}

impl BigZset {
    pub(super) fn new(seed: Seed) -> Self {
        Self { tree: ScoreTree::new(), table: Table::new(seed), member_bytes: 0 }
    }

    /// Members in any order. `None` if one is there twice.
    pub(super) fn from_members(mut members: Vec<ScoredMember>, seed: Seed) -> Option<Self> {
        members.sort_unstable_by(ScoredMember::order);
        let mut big = Self::new(seed);
        big.table.reserve(members.len());
        for member in members {
            let hash = big.table.hash(member.key());
            if big.table.contains(hash, member.key()) {
                return None;
            }
            big.push_hashed(hash, member);
        }
        Some(big)
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn tree(&self) -> &ScoreTree {
        &self.tree
    }

    /// Starts to fetch what a look at a member needs; phase 0 comes before phase 1.
    pub fn prefetch(&self, member: &[u8], phase: u8) {
        let hash = self.table.hash(member);
        if phase == 0 { self.table.prefetch_bucket(hash) } else { self.table.prefetch_entry(hash) }
    }

    /// The table, for its statistics.
    pub fn stats(&self) -> crate::table::Stats {
        self.table.stats()
    }

    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        Some(self.table.get(self.table.hash(member), member)?.score())
    }

    pub(super) fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let score = self.score(member)?;
        Some((self.tree.rank_of(score, member)? as usize, score))
    }

    pub(super) fn update(&mut self, member: &[u8], decide: impl FnOnce(Option<f64>) -> Option<f64>) {
        let hash = self.table.hash(member);
        let Some(mut entry) = self.table.get_mut(hash, member) else {
            if let Some(score) = decide(None) {
                self.insert_hashed(hash, score, member);
            }
            return;
        };
        let old = entry.score();
        if let Some(new) = decide(Some(old)).filter(|new| *new != old) {
            // SAFETY: the table owns the member until it is removed from both.
            unsafe { self.tree.rescore(old, new, entry.as_ref()) };
            entry.set_score(new);
        }
    }

    /// Adds a member that is not there.
    pub(super) fn insert(&mut self, score: f64, member: &[u8]) {
        self.insert_hashed(self.table.hash(member), score, member);
    }

    fn insert_hashed(&mut self, hash: u64, score: f64, member: &[u8]) {
        let owned = ScoredMember::new(score, member);
        self.member_bytes += owned.bytes();
        // SAFETY: the table owns the member until it is removed from both.
        unsafe { self.tree.insert(score, owned.as_ref()) };
        self.table.insert(hash, owned);
    }

    /// Adds a member that is greater than all others.
    pub(super) fn push(&mut self, member: ScoredMember) {
        self.push_hashed(self.table.hash(member.key()), member);
    }

    fn push_hashed(&mut self, hash: u64, member: ScoredMember) {
        self.member_bytes += member.bytes();
        // SAFETY: the table owns the member until it is removed from both.
        unsafe { self.tree.push(member.score(), member.as_ref()) };
        self.table.insert(hash, member);
    }

    pub(super) fn remove(&mut self, member: &[u8]) -> bool {
        let Some(owned) = self.table.remove(self.table.hash(member), member) else { return false };
        self.member_bytes -= owned.bytes();
        let removed = self.tree.remove(owned.score(), member);
        debug_assert!(removed.is_some(), "what is in the table is in the tree");
        true
    }

    pub(super) fn remove_ranks(&mut self, ranks: Range<usize>) {
        let (table, member_bytes) = (&mut self.table, &mut self.member_bytes);
        self.tree.remove_ranks(ranks.start as u64, ranks.len() as u64, |_, member| {
            let text = member.bytes();
            if let Some(owned) = table.remove(table.hash(text), text) {
                *member_bytes -= owned.bytes();
            }
        });
    }

    pub(super) fn scan<'a>(&'a self, cursor: u64, mut emit: impl FnMut(&'a [u8], f64)) -> u64 {
        self.table.scan(cursor, |member| emit(member.key(), member.score()))
    }

    pub(super) fn random<R: RngCore + ?Sized>(&self, rng: &mut R) -> Option<(&[u8], f64)> {
        self.table.random(rng).map(|member| (member.key(), member.score()))
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.tree.bytes() + self.table.bytes() + self.member_bytes
    }
}
