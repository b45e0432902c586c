//! Sets: integers in an intset, few short members in a listpack, others in a table.

use super::collection::collection;
use crate::encoding::intset::Intset;
use crate::encoding::listpack::Listpack;
use crate::table::MemberTable;

/// A set.
pub enum Set {
    /// Integers only.
    Ints(Intset),
    /// Few and short members.
    Packed(Listpack),
    /// All others.
    Table(Box<MemberTable>),
}

collection!(Set,
    fresh |_| Set::Ints(Intset::new()),
    empty |set| set.is_empty(),
    Ints(Intset) = SetInt,
    Packed(Listpack) = SetPacked,
    Table(Box<MemberTable>) = SetTable,
);

impl Set {
    /// Number of members.
    pub fn len(&self) -> usize {
        match self {
            Set::Ints(ints) => ints.len(),
            Set::Packed(pack) => pack.len(),
            Set::Table(table) => table.len(),
        }
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
