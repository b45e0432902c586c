//! How far a key and its value go, found without decoding them: what lets one thread cut a file into
//! pieces that others decode.
//!
//! Only lengths are looked at, each against the bytes that are there. What takes part in a length
//! is read as the decoders read it, so that whatever has an extent here is consumed up to exactly
//! there by [`decode`](super::decode), unless that refuses it.

use super::Fault;
use super::format::ValueType;
use super::input::{Input, Length, Slice};

/// What is known of the end of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Number of bytes of key and value.
    Bytes(usize),
    /// Key and value go on behind the bytes at hand.
    Cut,
    /// The extent cannot be told: a type that is not known, or a length that is none.
    Unknown,
}

/// The extent of the key, and of the value of this type behind it, that `bytes` begin with.
#[inline]
pub fn of(bytes: &[u8], value_type: ValueType) -> Extent {
    let mut input = Slice::new(bytes);
    match skip_string(&mut input).and_then(|()| skip_value(&mut input, value_type)) {
        Ok(()) => Extent::Bytes(input.offset() as usize),
        Err(Fault::Short) => Extent::Cut,
        Err(_) => Extent::Unknown,
    }
}

#[inline]
fn skip_value(input: &mut Slice<'_>, value_type: ValueType) -> Result<(), Fault> {
    match value_type {
        ValueType::STRING
        | ValueType::LIST_ZIPLIST
        | ValueType::SET_INTSET
        | ValueType::SET_LISTPACK
        | ValueType::HASH_ZIPMAP
        | ValueType::HASH_ZIPLIST
        | ValueType::HASH_LISTPACK
        | ValueType::ZSET_ZIPLIST
        | ValueType::ZSET_LISTPACK => skip_string(input),
        ValueType::LIST | ValueType::SET | ValueType::LIST_QUICKLIST => skip_each(input, skip_string),
        ValueType::HASH => skip_each(input, |input| {
            skip_string(input)?;
            skip_string(input)
        }),
        ValueType::LIST_QUICKLIST_2 => skip_each(input, |input| {
            input.length()?;
            skip_string(input)
        }),
        ValueType::ZSET => skip_each(input, |input| {
            skip_string(input)?;
            skip_text_score(input)
        }),
        ValueType::ZSET_2 => skip_each(input, |input| {
            skip_string(input)?;
            input.take(size_of::<f64>()).map(drop)
        }),
        ValueType::STREAM_LISTPACKS => skip_stream(input, 1),
        ValueType::STREAM_LISTPACKS_2 => skip_stream(input, 2),
        ValueType::STREAM_LISTPACKS_3 => skip_stream(input, 3),
        other => Err(Fault::Type(other)),
    }
}

#[inline]
fn skip_string(input: &mut Slice<'_>) -> Result<(), Fault> {
    let length = match input.length_or_encoding()? {
        Length::Is(length) => length,
        Length::Encoding(encoding) => {
            if input.integer(encoding)?.is_some() {
                return Ok(());
            }
            let packed = input.length()?;
            input.length()?;
            packed
        }
    };
    input.take(usize::try_from(length).map_err(|_| Fault::Short)?).map(drop)
}

/// Elements behind their number. Each takes a byte at least, so a number that lies ends at the end.
#[inline]
fn skip_each(
    input: &mut Slice<'_>,
    mut skip: impl FnMut(&mut Slice<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    for _ in 0..input.length()? {
        skip(input)?;
    }
    Ok(())
}

/// A score after one byte of length, of which three values mean numbers without a text.
fn skip_text_score(input: &mut Slice<'_>) -> Result<(), Fault> {
    match input.byte()? {
        253..=255 => Ok(()),
        len => input.take(usize::from(len)).map(drop),
    }
}

/// A stream, as encode/stream.rs draws it.
fn skip_stream(input: &mut Slice<'_>, version: u8) -> Result<(), Fault> {
    const RAW_ID: usize = 16;
    const MILLISECONDS: usize = 8;
    skip_each(input, |input| {
        skip_string(input)?;
        skip_string(input)
    })?;
    // Entries and the last id; since version 2 two more ids and the entries ever added.
    skip_lengths(input, if version == 1 { 3 } else { 8 })?;
    skip_each(input, |input| {
        skip_string(input)?;
        // The last id; since version 2 the entries read.
        skip_lengths(input, if version == 1 { 2 } else { 3 })?;
        skip_each(input, |input| {
            input.take(RAW_ID + MILLISECONDS)?;
            skip_lengths(input, 1)
        })?;
        skip_each(input, |input| {
            skip_string(input)?;
            input.take(if version == 3 { 2 * MILLISECONDS } else { MILLISECONDS })?;
            skip_each(input, |input| input.take(RAW_ID).map(drop))
        })
    })
}

fn skip_lengths(input: &mut Slice<'_>, count: usize) -> Result<(), Fault> {
    (0..count).try_for_each(|_| input.length().map(drop))
}
