//! Values to bytes: the type byte and what follows the key.
//!
//! Which type a value is written as depends on its encoding in memory and on the level: the oldest
//! version that reads files of that level knows what is written.

mod string;

use super::format::{ValueType, version_of};
use super::output::Output;
use ochre_engine::entry::KeyEntry;
use ochre_engine::level::Level;

/// How values are written.
#[derive(Debug, Clone, Copy)]
pub struct Encoding {
    /// Version of the format.
    pub version: u16,
    /// Whether strings are compressed where that saves something.
    pub compression: bool,
}

impl Encoding {
    /// What a server of this level writes.
    pub fn of(level: Level, compression: bool) -> Encoding {
        Encoding { version: version_of(level), compression }
    }
}

/// Writes values.
pub struct Encoder<'w> {
    /// Where to.
    pub out: Output<'w>,
    encoding: Encoding,
}

impl<'w> Encoder<'w> {
    /// Writes to `out`.
    pub fn new(out: Output<'w>, encoding: Encoding) -> Self {
        Encoder { out, encoding }
    }

    /// The type that the value of an entry is written as.
    pub fn type_of(&self, entry: &KeyEntry) -> ValueType {
        let _ = entry.kind();
        ValueType::STRING
    }

    /// Writes the value of an entry, without its type.
    pub fn value(&mut self, entry: &KeyEntry) {
        if let Some(string) = entry.as_str() {
            self.stored_string(&string);
        }
    }
}
