//! Bytes to values, in the encoding that the settings choose for them.
//!
//! Decoding is a pure function of the bytes and [`Decoding`]. Everything that comes out is sound:
//! listpacks, intsets and streams were walked, the members of tables are there once, sorted sets
//! are sorted, and collections are not empty ([`Fault::Empty`] names those that are). A listpack
//! with a member twice does no harm until it becomes a table, where it is noticed; as that costs
//! time, it is looked for earlier only if [`Decoding::deep`] asks for it, as in Redis.

mod hash;
mod list;
pub mod module;
mod set;
mod stream;
mod zset;

use super::Fault;
use super::format::ValueType;
use super::input::{Input, Length};
use bytes::Bytes;
use ochre_engine::encoding::listpack::Listpack;
use ochre_engine::entry::KeyEntry;
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_engine::time::UnixMs;
use ochre_engine::value::{RawValue, StrValue};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// What decoding depends on besides the bytes.
#[derive(Clone, Copy)]
pub struct Decoding<'a> {
    /// Thresholds of the encodings.
    pub settings: &'a Settings,
    /// The keyed hash of the world that the values are for.
    pub seed: Seed,
    /// If listpacks are searched for members that are there twice (`sanitize-dump-payload`): the counter
    /// of what was searched.
    pub deep: Option<&'a AtomicU64>,
}

/// Decodes a value of this type. Strings that name an integer become one.
pub fn value(
    input: &mut impl Input,
    value_type: ValueType,
    decoding: &Decoding<'_>,
) -> Result<RawValue, Fault> {
    if value_type != ValueType::STRING {
        return collection(input, value_type, decoding, &mut Vec::new());
    }
    let mut scratch = Vec::new();
    Ok(match string(input, &mut scratch)? {
        StrValue::Int(integer) => RawValue::from_int(integer),
        StrValue::Bytes(bytes) => RawValue::from_string(Bytes::copy_from_slice(bytes)),
        StrValue::Shared(bytes) => RawValue::from_string(bytes),
    })
}

/// Decodes a value and makes an entry of it, with an expiry and an access clock; short strings go
/// straight into it. `scratch` is memory for texts that have to be made.
#[inline]
pub fn entry(
    input: &mut impl Input,
    value_type: ValueType,
    key: &[u8],
    (expiry, access): (Option<UnixMs>, u32),
    decoding: &Decoding<'_>,
    scratch: &mut Vec<u8>,
) -> Result<KeyEntry, Fault> {
    if value_type == ValueType::STRING {
        return Ok(KeyEntry::string(key, string(input, scratch)?, expiry, access));
    }
    Ok(KeyEntry::raw(key, collection(input, value_type, decoding, scratch)?, expiry, access))
}

#[inline]
fn string<'a>(input: &'a mut impl Input, scratch: &'a mut Vec<u8>) -> Result<StrValue<'a>, Fault> {
    match input.length_or_encoding()? {
        Length::Is(length) => Ok(StrValue::encoded(input.take(size(length)?)?)),
        Length::Encoding(encoding) => match input.integer(encoding)? {
            Some(integer) => Ok(StrValue::Int(integer)),
            None => Ok(StrValue::encoded(input.compressed(scratch)?)),
        },
    }
}

fn collection(
    input: &mut impl Input,
    value_type: ValueType,
    decoding: &Decoding<'_>,
    scratch: &mut Vec<u8>,
) -> Result<RawValue, Fault> {
    let mut reader = Reader { input, decoding, scratch };
    match value_type {
        ValueType::LIST => reader.list(),
        ValueType::LIST_ZIPLIST => reader.ziplist_list(),
        ValueType::LIST_QUICKLIST => reader.quicklist(true),
        ValueType::LIST_QUICKLIST_2 => reader.quicklist(false),
        ValueType::SET => reader.set(),
        ValueType::SET_INTSET => reader.intset(),
        ValueType::SET_LISTPACK => reader.packed_set(),
        ValueType::HASH => reader.hash(),
        ValueType::HASH_ZIPMAP => reader.zipmap_hash(),
        ValueType::HASH_ZIPLIST => reader.packed_hash(true),
        ValueType::HASH_LISTPACK => reader.packed_hash(false),
        ValueType::ZSET => reader.zset(false),
        ValueType::ZSET_2 => reader.zset(true),
        ValueType::ZSET_ZIPLIST => reader.packed_zset(true),
        ValueType::ZSET_LISTPACK => reader.packed_zset(false),
        ValueType::STREAM_LISTPACKS => reader.stream(1),
        ValueType::STREAM_LISTPACKS_2 => reader.stream(2),
        ValueType::STREAM_LISTPACKS_3 => reader.stream(3),
        ValueType::MODULE_2 => Err(Fault::Module(module::name(reader.input.length()?))),
        other => Err(Fault::Type(other)),
    }
}

/// Refuses a listpack that has an element twice, of those at multiples of `step`.
fn refuse_duplicates(pack: &Listpack, step: usize, what: &'static str) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    match pack.iter().step_by(step).all(|item| seen.insert(item.to_vec())) {
        true => Ok(()),
        false => Err(Fault::Integrity(what, None)),
    }
}

/// Counts a structure, if it is searched (rdb.c counts before it looks, and ziplists not at all).
#[inline]
fn count_searched(decoding: &Decoding<'_>) {
    if let Some(searched) = decoding.deep {
        searched.fetch_add(1, Ordering::Relaxed);
    }
}

/// A length as a number of bytes in memory.
fn size(length: u64) -> Result<usize, Fault> {
    usize::try_from(length).map_err(|_| Fault::Short)
}

/// What the decoders of the types share.
struct Reader<'a, 'd, I> {
    input: &'a mut I,
    decoding: &'a Decoding<'d>,
    scratch: &'a mut Vec<u8>,
}

impl<I: Input> Reader<'_, '_, I> {
    /// A number of elements, which is not 0.
    fn count(&mut self) -> Result<u64, Fault> {
        match self.input.length()? {
            0 => Err(Fault::Empty),
            count => Ok(count),
        }
    }

    /// The next string.
    #[inline]
    fn string(&mut self) -> Result<&[u8], Fault> {
        self.input.string(self.scratch)
    }

    /// A listpack in a string; `what` it is says the error.
    #[inline]
    fn listpack(&mut self, what: &'static str) -> Result<Listpack, Fault> {
        let bytes = self.input.string(self.scratch)?;
        count_searched(self.decoding);
        Listpack::from_bytes(bytes).map_err(Fault::integrity(what))
    }

    /// A ziplist in a string, turned into a listpack.
    fn ziplist(&mut self, what: &'static str) -> Result<Listpack, Fault> {
        let bytes = self.input.string(self.scratch)?;
        super::ziplist::to_listpack(bytes).map_err(Fault::integrity(what))
    }

    /// A listpack or ziplist of pairs, of which there is at least one. The first of a pair being there
    /// twice is looked for in ziplists always: turning them into listpacks takes time anyway.
    fn pairs(&mut self, is_ziplist: bool, what: &'static str) -> Result<Listpack, Fault> {
        let pack = if is_ziplist { self.ziplist(what)? } else { self.listpack(what)? };
        if pack.is_empty() {
            return Err(Fault::Empty);
        }
        if pack.len() % 2 != 0 {
            return Err(Fault::Integrity(what, None));
        }
        if is_ziplist || self.decoding.deep.is_some() {
            refuse_duplicates(&pack, 2, what)?;
        }
        Ok(pack)
    }
}
