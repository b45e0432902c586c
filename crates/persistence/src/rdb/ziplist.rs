//! Ziplists, the small collections of Redis before 7.0: read, and written for old readers.
//!
//! ```text
//! 0        4        8       10                                        total - 1
//! | total  | tail   | count | entry | entry | ...                    | 0xFF |
//!   u32 LE   u32 LE   u16 LE                       tail: offset of the last entry
//!
//! entry    length of the entry before | head | bytes
//! length   1 byte below 254, else 254 and 4 bytes LE
//! head     00llllll                     string to 63 bytes
//!          01llllll llllllll            string to 16383 bytes, big-endian
//!          10000000 + 4 bytes BE        string
//!          0xC0 i16  0xD0 i32  0xE0 i64  0xF0 i24  0xFE i8, all LE
//!          1111vvvv                     v - 1, for v from 1 to 13
//! ```
//! A count of 65535 means that the entries must be counted by walking.

use ochre_engine::encoding::Corrupt;
use ochre_engine::encoding::listpack::{Entry, Item, Listpack};

const HEADER: usize = 10;
const END: u8 = 0xFF;
const COUNT_UNKNOWN: u16 = u16::MAX;
/// First byte of a length of five bytes.
const LONG: u8 = 254;

/// The ziplist of these elements.
pub fn of<'a>(items: impl Iterator<Item = Item<'a>>) -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    let (mut tail, mut count) = (HEADER, 0usize);
    let mut before = 0;
    for item in items {
        tail = bytes.len();
        push_length(&mut bytes, before);
        push_item(&mut bytes, item);
        before = bytes.len() - tail;
        count += 1;
    }
    bytes.push(END);
    let total = bytes.len() as u32;
    bytes[..4].copy_from_slice(&total.to_le_bytes());
    bytes[4..8].copy_from_slice(&(tail as u32).to_le_bytes());
    let count = u16::try_from(count).unwrap_or(COUNT_UNKNOWN);
    bytes[8..10].copy_from_slice(&count.to_le_bytes());
    bytes
}

fn push_length(bytes: &mut Vec<u8>, length: usize) {
    if length < usize::from(LONG) {
        bytes.push(length as u8);
    } else {
        bytes.push(LONG);
        bytes.extend_from_slice(&(length as u32).to_le_bytes());
    }
}

fn push_item(bytes: &mut Vec<u8>, item: Item<'_>) {
    let integer = match item {
        Item::Int(integer) => integer,
        Item::Str(text) => {
            match text.len() {
                len @ 0..64 => bytes.push(len as u8),
                len @ 64..16384 => bytes.extend_from_slice(&(len as u16 | 0x4000).to_be_bytes()),
                len => {
                    bytes.push(0x80);
                    bytes.extend_from_slice(&(len as u32).to_be_bytes());
                }
            }
            return bytes.extend_from_slice(text);
        }
    };
    let le = integer.to_le_bytes();
    match integer {
        0..=12 => bytes.push(0xF1 + integer as u8),
        -0x80..0x80 => bytes.extend_from_slice(&[0xFE, le[0]]),
        -0x8000..0x8000 => bytes.extend_from_slice(&[0xC0, le[0], le[1]]),
        -0x80_0000..0x80_0000 => bytes.extend_from_slice(&[0xF0, le[0], le[1], le[2]]),
        -0x8000_0000..0x8000_0000 => bytes.extend_from_slice(&[0xD0, le[0], le[1], le[2], le[3]]),
        _ => {
            bytes.push(0xE0);
            bytes.extend_from_slice(&le);
        }
    }
}

/// Shows every element of a ziplist, which is checked on the way: header, every entry with the
/// length before it, tail, end byte and count. `each` may break off by an error.
pub fn read<'a>(
    bytes: &'a [u8],
    mut each: impl FnMut(Item<'a>) -> Result<(), Corrupt>,
) -> Result<(), Corrupt> {
    let bad = |offset, reason| Err(Corrupt { offset, reason });
    let Some(header) = bytes.first_chunk::<HEADER>().filter(|_| bytes.len() > HEADER) else {
        return bad(bytes.len(), "ziplist shorter than its header");
    };
    let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if word(0) as usize != bytes.len() {
        return bad(0, "ziplist of another size than its header tells");
    }
    let end = bytes.len() - 1;
    if bytes[end] != END {
        return bad(end, "ziplist without its end byte");
    }
    let (mut at, mut last, mut count) = (HEADER, HEADER, 0usize);
    let mut before = 0;
    while at < end {
        let (told, head) = length_at(&bytes[..end], at)?;
        if told != before {
            return bad(at, "ziplist entry with a wrong length before it");
        }
        let (item, next) = item_at(&bytes[..end], head)?;
        each(item)?;
        (last, before, at) = (at, next - at, next);
        count += 1;
    }
    let told = u16::from_le_bytes([header[8], header[9]]);
    if told != COUNT_UNKNOWN && usize::from(told) != count {
        return bad(8, "ziplist with another count than its header tells");
    }
    if count > 0 && word(4) as usize != last {
        return bad(4, "ziplist with another tail than its header tells");
    }
    Ok(())
}

/// The listpack with the elements of a ziplist, which is checked.
pub fn to_listpack(bytes: &[u8]) -> Result<Listpack, Corrupt> {
    let mut pack = Listpack::new();
    let mut batch = Vec::new();
    read(bytes, |item| {
        // Texts that name an integer are integers in a listpack.
        batch.push(match item {
            Item::Int(integer) => Entry::from(integer),
            Item::Str(text) => Entry::from(text),
        });
        Ok(())
    })?;
    pack.extend(&batch);
    Ok(pack)
}

/// The length of the entry before the one at `at`, and the offset of its head.
fn length_at(bytes: &[u8], at: usize) -> Result<(usize, usize), Corrupt> {
    let cut = Corrupt { offset: at, reason: "ziplist entry beyond the end" };
    match bytes.get(at) {
        Some(&LONG) => {
            let length = bytes.get(at + 1..).and_then(|rest| rest.first_chunk::<4>()).ok_or(cut)?;
            Ok((u32::from_le_bytes(*length) as usize, at + 5))
        }
        Some(&END) => Err(Corrupt { offset: at, reason: "end byte within a ziplist" }),
        Some(&length) => Ok((usize::from(length), at + 1)),
        None => Err(cut),
    }
}

/// The element whose head is at `at`, and the offset behind it.
fn item_at(bytes: &[u8], at: usize) -> Result<(Item<'_>, usize), Corrupt> {
    let cut = || Corrupt { offset: at, reason: "ziplist entry beyond the end" };
    let array = |n: usize| bytes.get(at + 1..at + 1 + n).ok_or_else(cut);
    let head = *bytes.get(at).ok_or_else(cut)?;
    let (start, len) = match head {
        0..0x40 => (at + 1, usize::from(head)),
        0x40..0x80 => (at + 2, usize::from(head & 0x3f) << 8 | usize::from(array(1)?[0])),
        0x80 => (at + 5, array(4)?.iter().fold(0, |len, byte| len << 8 | usize::from(*byte))),
        0xF1..=0xFD => return Ok((Item::Int(i64::from(head) - 0xF1), at + 1)),
        _ => {
            let size = match head {
                0xFE => 1,
                0xC0 => 2,
                0xF0 => 3,
                0xD0 => 4,
                0xE0 => 8,
                _ => return Err(Corrupt { offset: at, reason: "no ziplist entry" }),
            };
            return Ok((Item::Int(signed(array(size)?)), at + 1 + size));
        }
    };
    let end = start.checked_add(len).ok_or_else(cut)?;
    Ok((Item::Str(bytes.get(start..end).ok_or_else(cut)?), end))
}

/// The little-endian signed integer of these bytes, at most eight.
fn signed(bytes: &[u8]) -> i64 {
    let mut wide = [0; 8];
    wide[8 - bytes.len()..].copy_from_slice(bytes);
    i64::from_le_bytes(wide) >> (64 - 8 * bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Corrupt> {
        let mut items = Vec::new();
        read(bytes, |item| {
            items.push(item.to_vec());
            Ok(())
        })?;
        Ok(items)
    }

    #[test]
    fn the_bytes_are_those_of_the_format() {
        let bytes = of([Item::Str(b"ab"), Item::Int(5), Item::Int(-300)].into_iter());
        let wanted = b"\x15\0\0\0\x10\0\0\0\x03\0\x00\x02ab\x04\xf6\x02\xc0\xd4\xfe\xff";
        assert_eq!(bytes, wanted);
    }

    #[test]
    fn integers_of_every_size_come_back() {
        let powers = (0..64).flat_map(|bit| [i64::MIN >> bit, (i64::MIN >> bit).wrapping_sub(1), 1 << bit]);
        let integers: Vec<i64> = powers.chain(-20..20).collect();
        let texts: Vec<_> = integers.iter().map(|integer| integer.to_string().into_bytes()).collect();
        assert_eq!(all(&of(integers.into_iter().map(Item::Int))).unwrap(), texts);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_written_is_read(sizes in prop::collection::vec(0usize..300, 0..20), large in 0usize..20000) {
            let texts: Vec<Vec<u8>> = sizes.iter().chain([&large]).map(|len| vec![b'x'; *len]).collect();
            let bytes = of(texts.iter().map(|text| Item::Str(text)));
            prop_assert_eq!(all(&bytes).unwrap(), texts);
        }

        #[test]
        fn changed_bytes_are_refused_or_read(
            at in 0usize..60, to: u8, cut in 0usize..60,
            texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..8), 0..6),
        ) {
            let mut bytes = of(texts.iter().map(|text| Item::Str(text)));
            if let Some(byte) = bytes.get_mut(at) {
                *byte = to;
            }
            let _ = all(&bytes);
            let _ = all(&bytes[..bytes.len().min(cut)]);
        }
    }
}
