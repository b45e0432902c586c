//! Sorted sets: few short members in a listpack, others in a table with an ordered index.
//!
//! Both forms answer the same questions; ranks are the common currency: a range of scores or
//! members is turned into ranks, and reading or removing goes by rank.

mod big;
mod packed;
#[cfg(test)]
mod tests;

use super::collection::collection;
use crate::encoding::listpack::{Item, Listpack};
use crate::settings::Settings;
use crate::sorted::{Backward, Forward, LexRange, ScoreRange, ScoredMember};
use crate::table::Seed;
pub use big::BigZset;
use packed::Pairs;
use rand::RngCore;
use std::ops::Range;

/// A sorted set.
#[derive(Clone)]
pub enum Zset {
    /// Few and short members: member, score, member, score ... in order.
    Packed(Listpack),
    /// A table of members and an index of scores: for all other sorted sets.
    Tree(Box<BigZset>),
}

collection!(
    Zset,
    fresh | _ | Zset::Packed(Listpack::new()),
    empty | zset | zset.is_empty(),
    Packed(Listpack) = ZsetPacked,
    Tree(Box<BigZset>) = ZsetTree,
);

impl Zset {
    /// A sorted set of these members, in the form that suits them; none is there twice.
    pub fn from_members(mut members: Vec<ScoredMember>, settings: &Settings, seed: Seed) -> Zset {
        members.sort_unstable_by(ScoredMember::order);
        let small = members.len() <= settings.zset_max_listpack_entries
            && members.iter().all(|member| member.key().len() <= settings.zset_max_listpack_value);
        if small {
            let mut pack = Listpack::new();
            members.iter().for_each(|member| {
                packed::insert_at(&mut pack, None, member.score(), member.key(), settings)
            });
            return Zset::Packed(pack);
        }
        let mut big = BigZset::new(seed);
        members.into_iter().for_each(|member| big.push(member));
        Zset::Tree(Box::new(big))
    }

    /// A sorted set of members that may be in any order. `None` if one is there twice.
    pub fn from_untrusted(members: Vec<ScoredMember>, settings: &Settings, seed: Seed) -> Option<Zset> {
        let count = members.len();
        if count > settings.zset_max_listpack_entries {
            return BigZset::from_members(members, seed).map(|big| Zset::Tree(Box::new(big)));
        }
        let mut texts: Vec<&[u8]> = members.iter().map(ScoredMember::key).collect();
        texts.sort_unstable();
        let unique = texts.windows(2).all(|pair| pair[0] != pair[1]);
        unique.then(|| Zset::from_members(members, settings, seed))
    }

    /// A sorted set of checked pairs of member and score, in the encoding that suits their number.
    /// `None` if a score is not one, or if a member is there twice, which is not noticed as long as
    /// the order is right.
    pub fn from_listpack(pack: Listpack, settings: &Settings, seed: Seed) -> Option<Zset> {
        if packed::is_sorted(&pack)? && pack.len() / 2 <= settings.zset_max_listpack_entries {
            return Some(Zset::Packed(pack));
        }
        let mut room = itoa::Buffer::new();
        let members =
            Pairs::all(&pack).map(|(member, score)| ScoredMember::new(score, member.text(&mut room)));
        Zset::from_untrusted(members.collect(), settings, seed)
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        match self {
            Zset::Packed(pack) => pack.len() / 2,
            Zset::Tree(big) => big.len(),
        }
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        match self {
            Zset::Packed(pack) => pack.is_empty(),
            Zset::Tree(big) => big.len() == 0,
        }
    }

    /// The score of a member.
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match self {
            Zset::Packed(pack) => packed::find(pack, member).map(|(_, score)| score),
            Zset::Tree(big) => big.score(member),
        }
    }

    /// Sets the score of a member to what `decide` makes of the score it has, if it has one.
    ///
    /// `None` leaves everything as it is; NaN must not come out of it.
    pub fn update(
        &mut self,
        member: &[u8],
        settings: &Settings,
        seed: Seed,
        decide: impl FnOnce(Option<f64>) -> Option<f64>,
    ) {
        let pack = match self {
            Zset::Tree(big) => return big.update(member, decide),
            Zset::Packed(pack) => pack,
        };
        let found = packed::find(pack, member);
        let old = found.map(|(_, score)| score);
        let Some(new) = decide(old).filter(|new| Some(*new) != old) else { return };
        if let Some((pos, _)) = found {
            pack.delete_from(pos, 2);
        } else if pack.len() / 2 >= settings.zset_max_listpack_entries
            || member.len() > settings.zset_max_listpack_value
            || !pack.safe_to_add(member.len())
        {
            return self.expand(seed).insert(new, member);
        }
        packed::insert(pack, new, member, settings);
    }

    /// Removes a member; false if it is none.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match self {
            Zset::Packed(pack) => {
                let found = packed::find(pack, member);
                if let Some((pos, _)) = found {
                    pack.delete_from(pos, 2);
                }
                found.is_some()
            }
            Zset::Tree(big) => big.remove(member),
        }
    }

    /// Rank, counted from 0, and score of a member.
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        match self {
            Zset::Packed(pack) => {
                let wanted = |(item, _): &(Item<'_>, f64)| item.eq_bytes(member);
                let (rank, (_, score)) = Pairs::all(pack).enumerate().find(|(_, pair)| wanted(pair))?;
                Some((rank, score))
            }
            Zset::Tree(big) => big.rank(member),
        }
    }

    /// All members in order, with their scores.
    pub fn iter(&self) -> ZsetRange<'_> {
        self.range(0..self.len())
    }

    /// The members of these ranks (which there are), ascending.
    pub fn range(&self, ranks: Range<usize>) -> ZsetRange<'_> {
        match self {
            Zset::Packed(pack) => ZsetRange::Packed(Pairs::from(pack, ranks.start).take(ranks.len())),
            Zset::Tree(big) => ZsetRange::Forward(big.tree().forward(ranks.start as u64).take(ranks.len())),
        }
    }

    /// The members of these ranks (which there are), descending.
    pub fn range_rev(&self, ranks: Range<usize>) -> ZsetRange<'_> {
        let Some(last) = ranks.end.checked_sub(1).filter(|_| !ranks.is_empty()) else {
            return self.range(0..0);
        };
        match self {
            Zset::Packed(pack) => ZsetRange::Reversed(Pairs::until(pack, last).take(ranks.len())),
            Zset::Tree(big) => ZsetRange::Backward(big.tree().backward(last as u64).take(ranks.len())),
        }
    }

    /// The ranks of the members whose scores are in a range.
    pub fn ranks_by_score(&self, range: &ScoreRange) -> Range<usize> {
        match self {
            Zset::Packed(_) if range.is_empty() => 0..0,
            Zset::Packed(pack) => {
                packed::ranks(pack, |_, score| range.above_min(score), |_, score| range.below_max(score))
            }
            Zset::Tree(big) => narrow(big.tree().ranks_by_score(range)),
        }
    }

    /// The ranks of the members in a range of texts; only meaningful if all scores are equal.
    pub fn ranks_by_lex(&self, range: &LexRange<'_>) -> Range<usize> {
        match self {
            Zset::Packed(_) if range.is_empty() => 0..0,
            Zset::Packed(pack) => packed::ranks(
                pack,
                |member, _| range.above_min(member.text(&mut itoa::Buffer::new())),
                |member, _| range.below_max(member.text(&mut itoa::Buffer::new())),
            ),
            Zset::Tree(big) => narrow(big.tree().ranks_by_lex(range)),
        }
    }

    /// Removes the members of these ranks (which there are).
    pub fn remove_ranks(&mut self, ranks: Range<usize>) {
        match self {
            Zset::Packed(pack) => {
                pack.delete_range(2 * ranks.start as i64, 2 * ranks.len());
            }
            Zset::Tree(big) => big.remove_ranks(ranks),
        }
    }

    /// One step of a scan; a listpack is shown whole at once.
    pub fn scan<'a>(&'a self, cursor: u64, mut emit: impl FnMut(Item<'a>, f64)) -> u64 {
        match self {
            Zset::Packed(pack) => {
                Pairs::all(pack).for_each(|(member, score)| emit(member, score));
                0
            }
            Zset::Tree(big) => big.scan(cursor, |member, score| emit(Item::Str(member), score)),
        }
    }

    /// A member, each with the same probability.
    pub fn random<R: RngCore + ?Sized>(&self, rng: &mut R) -> Option<(Item<'_>, f64)> {
        match self {
            Zset::Packed(pack) => {
                let pairs = (pack.len() / 2) as u64;
                let rank = rng.next_u64().checked_rem(pairs)?;
                Pairs::from(pack, rank as usize).next()
            }
            Zset::Tree(big) => big.random(rng).map(|(member, score)| (Item::Str(member), score)),
        }
    }

    /// Turns into the form for many members.
    pub fn expand(&mut self, seed: Seed) -> &mut BigZset {
        if let Zset::Packed(pack) = self {
            let mut big = BigZset::new(seed);
            for (member, score) in Pairs::all(pack) {
                big.push(ScoredMember::new(score, member.text(&mut itoa::Buffer::new())));
            }
            *self = Zset::Tree(Box::new(big));
        }
        match self {
            Zset::Tree(big) => big,
            Zset::Packed(_) => unreachable!("it has just been turned into a tree"),
        }
    }

    /// Bytes of the value on the heap.
    pub fn bytes(&self) -> usize {
        match self {
            Zset::Packed(pack) => pack.allocated_bytes(),
            Zset::Tree(big) => big.bytes(),
        }
    }
}

/// Members with their scores, in either direction.
#[allow(missing_docs)]
pub enum ZsetRange<'a> {
    Packed(std::iter::Take<Pairs<'a>>),
    Reversed(std::iter::Take<packed::Reversed<'a>>),
    Forward(std::iter::Take<Forward<'a>>),
    Backward(std::iter::Take<Backward<'a>>),
}

impl<'a> Iterator for ZsetRange<'a> {
    type Item = (Item<'a>, f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (score, member) = match self {
            ZsetRange::Packed(pairs) => return pairs.next(),
            ZsetRange::Reversed(pairs) => return pairs.next(),
            ZsetRange::Forward(elements) => elements.next()?,
            ZsetRange::Backward(elements) => elements.next()?,
        };
        Some((Item::Str(member), score))
    }
}

fn narrow(ranks: Range<u64>) -> Range<usize> {
    ranks.start as usize..ranks.end as usize
}
