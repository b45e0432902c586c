//! Payloads of DUMP and RESTORE: one value with a footer.
//!
//! ```text
//! type, 1 byte | value | version, 2 bytes LE | CRC64 of all before, 8 bytes LE
//! ```

use super::decode::{self, Decoding};
use super::encode::{Encoder, Encoding};
use super::format::{FOOTER, MAX_VERSION, ValueType};
use super::input::{Input, Slice};
use super::output::Output;
use super::{Fault, crc64};
use ochre_engine::entry::KeyEntry;
use ochre_engine::level::Level;
use ochre_engine::value::RawValue;

/// The payload of a value, as a server of this level writes it.
pub fn dump(entry: &KeyEntry, level: Level, compression: bool) -> Vec<u8> {
    let encoding = Encoding::of(level, compression);
    let mut encoder = Encoder::new(Output::in_memory(), encoding);
    let value_type = encoder.type_of(entry);
    encoder.out.byte(value_type.0);
    encoder.value(entry);
    encoder.out.bytes(&encoding.version.to_le_bytes());
    let mut bytes = encoder.out.into_bytes();
    let crc = crc64::update(0, &bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// The body (type and value) of a payload whose footer is right; `None` if it is not. The version
/// must be one that is known, and the CRC right, unless it is not to be checked (DEBUG
/// SET-SKIP-CHECKSUM-VALIDATION).
pub fn verify(payload: &[u8], check_crc: bool) -> Option<&[u8]> {
    let (body, footer) = payload.split_at_checked(payload.len().checked_sub(FOOTER)?)?;
    let (version, crc) = footer.split_first_chunk::<2>()?;
    let stored = u64::from_le_bytes(crc.try_into().ok()?);
    let known = u16::from_le_bytes(*version) <= MAX_VERSION;
    let right = !check_crc || stored == crc64::update(0, &payload[..payload.len() - 8]);
    (known && right).then_some(body)
}

/// The value of a payload; `body` is what [`verify`] gave. An error comes with its offset.
pub fn restore(body: &[u8], decoding: &Decoding<'_>) -> Result<RawValue, (u64, Fault)> {
    let mut input = Slice::new(body);
    let value_type = input.byte().map(ValueType);
    let value = value_type.and_then(|value_type| decode::value(&mut input, value_type, decoding));
    value.map_err(|fault| (input.offset(), fault))
}
