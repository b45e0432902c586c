//! Values to bytes: the type byte and what follows the key.
//!
//! ```text
//! string   string
//! list     nodes | container, 1 plain or 2 packed | string ..       quicklist-v2, since version 10
//!          nodes | ziplist as string ..                             quicklist
//! set      members | string ..             or an intset, a listpack as one string
//! hash     fields | field | value ..       or a listpack, a ziplist as one string
//! zset     members | member | score, 8 bytes LE ..    or a listpack, a ziplist as one string
//! stream   see stream.rs
//! ```
//! Which type a value is written as depends on its encoding in memory and on the version of the
//! file: the oldest Redis that reads files of this version knows what is written.

mod collection;
mod stream;
mod string;

pub(in crate::rdb) use collection::{PACKED, PLAIN};

use super::format::{ValueType, version_of};
use super::output::Output;
use ochre_engine::encoding::lzf::Compressor;
use ochre_engine::entry::{KeyEntry, Kind};
use ochre_engine::level::Level;
use ochre_engine::stream::Stream;
use ochre_engine::value::{Hash, List, Set, Zset};

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

    /// Whether readers know listpacks.
    fn has_listpacks(self) -> bool {
        self.version >= 10
    }

    /// Whether readers know what came with 7.2.
    fn is_7_2(self) -> bool {
        self.version >= 11
    }
}

/// Writes values.
pub struct Encoder<'w> {
    /// Where the bytes go.
    pub out: Output<'w>,
    encoding: Encoding,
    /// The memory of the compression, made when it is needed first.
    compressor: Option<Compressor>,
    /// Compressed strings and ziplists, before their length is known.
    scratch: Vec<u8>,
}

impl<'w> Encoder<'w> {
    /// Writes to `out`.
    pub fn new(out: Output<'w>, encoding: Encoding) -> Self {
        Encoder { out, encoding, compressor: None, scratch: Vec::new() }
    }

    /// The type that the value of an entry is written as.
    pub fn type_of(&self, entry: &KeyEntry) -> ValueType {
        let packed = self.encoding.has_listpacks();
        match entry.kind() {
            Kind::Inline | Kind::Int | Kind::Heap => ValueType::STRING,
            Kind::ListPacked | Kind::ListQuick if packed => ValueType::LIST_QUICKLIST_2,
            Kind::ListPacked | Kind::ListQuick => ValueType::LIST_QUICKLIST,
            Kind::SetInt => ValueType::SET_INTSET,
            Kind::SetPacked if self.encoding.is_7_2() => ValueType::SET_LISTPACK,
            Kind::SetPacked | Kind::SetTable => ValueType::SET,
            Kind::HashPacked if packed => ValueType::HASH_LISTPACK,
            Kind::HashPacked => ValueType::HASH_ZIPLIST,
            Kind::HashTable => ValueType::HASH,
            Kind::ZsetPacked if packed => ValueType::ZSET_LISTPACK,
            Kind::ZsetPacked => ValueType::ZSET_ZIPLIST,
            Kind::ZsetTree => ValueType::ZSET_2,
            Kind::Stream if self.encoding.is_7_2() => ValueType::STREAM_LISTPACKS_3,
            Kind::Stream if packed => ValueType::STREAM_LISTPACKS_2,
            Kind::Stream => ValueType::STREAM_LISTPACKS,
        }
    }

    /// Writes the value of an entry, without its type.
    pub fn value(&mut self, entry: &KeyEntry) {
        if let Some(string) = entry.as_str() {
            self.stored_string(&string);
        } else if let Some(hash) = entry.collection::<Hash>() {
            self.hash(&hash);
        } else if let Some(set) = entry.collection::<Set>() {
            self.set(&set);
        } else if let Some(zset) = entry.collection::<Zset>() {
            self.zset(&zset);
        } else if let Some(list) = entry.collection::<List>() {
            self.list(&list);
        } else if let Some(stream) = entry.collection::<Box<Stream>>() {
            self.stream(&stream);
        }
    }
}
