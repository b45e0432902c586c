//! Values: the typed forms of what a key holds, and their raw form inside an entry.
//!
//! A collection is an enum of its encodings (`Hash::Packed(Listpack)`, `Hash::Table(Box<..>)`).
//! Inside an entry it is a [`Kind`](crate::entry::Kind) and 8 bytes, the *head*; [`Collection`] goes from one form to
//! the other without touching the value. Handlers only meet the typed forms, through
//! [`crate::keyspace::Keys`].

mod collection;
mod effort;
mod either;
mod footprint;
mod hash;
mod list;
mod set;
mod string;
mod zset;

pub use collection::{Collection, RawValue, Type};
pub use effort::{BACKGROUND_EFFORT, free_effort};
pub use footprint::footprint;
pub use hash::{Hash, HashLimits, Pair};
pub use list::{End, List};
pub use set::{Set, SetLimits};
pub(crate) use string::{EMBSTR_LIMIT, heap_head, heap_pointer};
pub use string::{StrRef, StrValue};
pub use zset::{BigZset, Zset, ZsetRange};
