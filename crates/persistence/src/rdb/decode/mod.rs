//! Bytes to values, in the encoding that the settings choose for them.
//!
//! Decoding is a pure function of the bytes and [`Decoding`]. Everything that comes out is sound:
//! listpacks, intsets and streams were walked, members are there once, and collections are not
//! empty ([`Fault::Empty`] names those that are).

use super::Fault;
use super::format::ValueType;
use super::input::{Input, Length};
use bytes::Bytes;
use ochre_engine::entry::KeyEntry;
use ochre_engine::settings::Settings;
use ochre_engine::table::Seed;
use ochre_engine::time::UnixMs;
use ochre_engine::value::{RawValue, StrValue};

/// What decoding depends on besides the bytes.
#[derive(Clone, Copy)]
pub struct Decoding<'a> {
    /// Thresholds of the encodings.
    pub settings: &'a Settings,
    /// The keyed hash of the world that the values are for.
    pub seed: Seed,
    /// The version of the file or payload.
    pub version: u16,
}

/// What an entry has besides key and value.
#[derive(Debug, Clone, Copy)]
pub struct Attributes {
    /// When it expires.
    pub expiry: Option<UnixMs>,
    /// Its access clock.
    pub access: u32,
}

/// Decodes a value of this type. Strings that name an integer become one.
pub fn value(
    input: &mut impl Input,
    value_type: ValueType,
    decoding: &Decoding<'_>,
) -> Result<RawValue, Fault> {
    match value_type {
        ValueType::STRING => {
            let mut room = Vec::new();
            let bytes = input.string(&mut room)?;
            Ok(match StrValue::encoded(bytes) {
                StrValue::Int(integer) => RawValue::from_int(integer),
                _ => RawValue::from_string(Bytes::copy_from_slice(bytes)),
            })
        }
        other => collection(input, other, decoding),
    }
}

/// Decodes a value and makes an entry of it; short strings go straight into it. `room` is scratch.
pub fn entry(
    input: &mut impl Input,
    value_type: ValueType,
    key: &[u8],
    with: Attributes,
    decoding: &Decoding<'_>,
    room: &mut Vec<u8>,
) -> Result<KeyEntry, Fault> {
    let Attributes { expiry, access } = with;
    if value_type != ValueType::STRING {
        return Ok(KeyEntry::raw(key, collection(input, value_type, decoding)?, expiry, access));
    }
    let value = match input.length_or_encoding()? {
        Length::Is(length) => {
            StrValue::encoded(input.take(usize::try_from(length).map_err(|_| Fault::Short)?)?)
        }
        Length::Encoding(encoding) => match input.integer(encoding)? {
            Some(integer) => StrValue::Int(integer),
            None => StrValue::encoded(input.encoded_string(encoding, room)?),
        },
    };
    Ok(KeyEntry::string(key, value, expiry, access))
}

fn collection(
    _input: &mut impl Input,
    value_type: ValueType,
    _decoding: &Decoding<'_>,
) -> Result<RawValue, Fault> {
    Err(Fault::Type(value_type))
}
