//! Hashes: few short fields in a listpack, others in a table.

use super::collection::collection;
use crate::encoding::listpack::Listpack;
use crate::table::FieldTable;

/// A hash.
pub enum Hash {
    /// Few and short fields: field, value, field, value ...
    Packed(Listpack),
    /// All others.
    Table(Box<FieldTable>),
}

collection!(Hash,
    fresh |_| Hash::Packed(Listpack::new()),
    empty |hash| hash.is_empty(),
    Packed(Listpack) = HashPacked,
    Table(Box<FieldTable>) = HashTable,
);

impl Hash {
    /// Number of fields.
    pub fn len(&self) -> usize {
        match self {
            Hash::Packed(pack) => pack.len() / 2,
            Hash::Table(table) => table.len(),
        }
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
