//! Lists: one listpack while short, a chain of them when long.

use super::collection::collection;
use crate::encoding::listpack::Listpack;
use crate::encoding::quicklist::Quicklist;

/// A list.
pub enum List {
    /// Short: one listpack.
    Packed(Listpack),
    /// Long: a chain of listpacks.
    Quick(Box<Quicklist>),
}

collection!(List,
    fresh |_| List::Packed(Listpack::new()),
    empty |list| list.is_empty(),
    Packed(Listpack) = ListPacked,
    Quick(Box<Quicklist>) = ListQuick,
);

impl List {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            List::Packed(pack) => pack.len(),
            List::Quick(chain) => chain.len(),
        }
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
