//! Sorted sets: few short members in a listpack, others in a table with an ordered index.

use super::collection::collection;
use crate::encoding::listpack::Listpack;

/// A sorted set.
pub enum Zset {
    /// Few and short members: member, score, member, score ... in order.
    Packed(Listpack),
}

collection!(
    Zset,
    fresh | _ | Zset::Packed(Listpack::new()),
    empty | zset | zset.is_empty(),
    Packed(Listpack) = ZsetPacked,
);

impl Zset {
    /// Number of members.
    pub fn len(&self) -> usize {
        match self {
            Zset::Packed(pack) => pack.len() / 2,
        }
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
