//! How one listpack entry is written and read.
//!
//! ```text
//! entry:    head | body | backlen
//! 0xxxxxxx                          unsigned 7 bit integer, all in the head
//! 10llllll  body of l bytes         string shorter than 64
//! 110xxxxx xxxxxxxx                 signed 13 bit integer, big end first
//! 1110llll llllllll  body           string shorter than 4096, big end first
//! 11110000 l l l l   body           string, 32 bit length, little end first
//! 11110001 + 2, 0010 + 3, 0011 + 4, 0100 + 8 bytes: signed integer, little end first
//! 11111111                          end of the listpack
//! ```
//! The backlen is the length of head and body in groups of 7 bits, the most significant group
//! first, with the high bit set on every byte but the first: it is read from right to left.
//!
//! A string that reads as a canonical decimal i64 is always stored as an integer.

use super::Pos;
use crate::text::{integer, parse_i64};
use itoa::Buffer;

/// The byte that ends a listpack.
pub(super) const EOF: u8 = 0xFF;

/// One element as it is stored: either text, or an integer that stands for its decimal text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// Any bytes.
    Str(&'a [u8]),
    /// The canonical decimal text of this number.
    Int(i64),
}

impl<'a> Item<'a> {
    /// The element as bytes; `buffer` lends the room for the digits of an integer.
    #[inline]
    pub fn text<'b>(self, buffer: &'b mut Buffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Item::Str(bytes) => bytes,
            Item::Int(value) => buffer.format(value).as_bytes(),
        }
    }

    /// Appends the element's bytes to `out`.
    pub fn write_to(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text(&mut Buffer::new()));
    }

    /// The element's bytes in a vector of their own.
    pub fn to_vec(self) -> Vec<u8> {
        self.text(&mut Buffer::new()).to_vec()
    }

    /// Whether the element reads as `bytes`.
    #[inline]
    pub fn eq_bytes(self, bytes: &[u8]) -> bool {
        match self {
            Item::Str(own) => own == bytes,
            Item::Int(value) => parse_i64(bytes) == Some(value),
        }
    }

    /// The length of the element's bytes.
    pub fn len(self) -> usize {
        match self {
            Item::Str(bytes) => bytes.len(),
            Item::Int(value) => integer::len_i64(value),
        }
    }

    /// Whether the element is the empty string.
    pub fn is_empty(self) -> bool {
        matches!(self, Item::Str(bytes) if bytes.is_empty())
    }

    /// The element as a number, if it is the canonical text of one.
    pub fn as_integer(self) -> Option<i64> {
        match self {
            Item::Str(bytes) => parse_i64(bytes),
            Item::Int(value) => Some(value),
        }
    }
}

/// Bytes to be compared with many elements: their number is made out once.
#[derive(Clone, Copy, Debug)]
pub struct Needle<'a> {
    text: &'a [u8],
    number: Option<i64>,
}

impl<'a> Needle<'a> {
    /// Looks for elements that read as `text`.
    pub fn new(text: &'a [u8]) -> Self {
        Needle { text, number: parse_i64(text) }
    }

    /// Whether this element reads as the text looked for.
    #[inline]
    pub fn is(self, item: Item<'_>) -> bool {
        match item {
            Item::Str(text) => text == self.text,
            Item::Int(value) => Some(value) == self.number,
        }
    }
}

/// An element made ready to be written: from bytes, from an integer or from another listpack's [`Item`].
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    head: [u8; 9],
    head_len: u8,
    body: &'a [u8],
}

impl<'a> Entry<'a> {
    /// The bytes the entry occupies, backlen included.
    #[inline]
    pub fn size(&self) -> usize {
        let encoded = self.encoded_len();
        encoded + backlen_size(encoded)
    }

    #[inline]
    fn encoded_len(&self) -> usize {
        self.head_len as usize + self.body.len()
    }

    /// Hands the pieces of the entry, in order, to `put`.
    #[inline]
    pub(super) fn write(&self, mut put: impl FnMut(&[u8])) {
        put(&self.head[..self.head_len as usize]);
        put(self.body);
        let (backlen, size) = backlen(self.encoded_len());
        put(&backlen[..size]);
    }

    fn string(body: &'a [u8]) -> Self {
        let mut head = [0u8; 9];
        let len = body.len();
        let head_len = match len {
            0..64 => {
                head[0] = 0x80 | len as u8;
                1
            }
            64..4096 => {
                head[0] = 0xE0 | (len >> 8) as u8;
                head[1] = len as u8;
                2
            }
            _ => {
                let len = u32::try_from(len).expect("a listpack element is shorter than 4 GiB");
                head[0] = 0xF0;
                head[1..5].copy_from_slice(&len.to_le_bytes());
                5
            }
        };
        Entry { head, head_len, body }
    }
}

impl<'a> From<&'a [u8]> for Entry<'a> {
    #[inline]
    fn from(bytes: &'a [u8]) -> Self {
        match parse_i64(bytes) {
            Some(value) => Entry::from(value),
            None => Entry::string(bytes),
        }
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Entry<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Entry::from(bytes.as_slice())
    }
}

impl From<i64> for Entry<'_> {
    #[inline]
    fn from(value: i64) -> Self {
        let mut head = [0u8; 9];
        let little = value.to_le_bytes();
        let mut tagged = |tag: u8, bytes: usize| {
            head[0] = tag;
            head[1..=bytes].copy_from_slice(&little[..bytes]);
            1 + bytes as u8
        };
        let head_len = match value {
            0..=127 => {
                head[0] = value as u8;
                1
            }
            -4096..=4095 => {
                head[0] = 0xC0 | ((value >> 8) as u8 & 0x1F);
                head[1] = value as u8;
                2
            }
            -0x8000..=0x7FFF => tagged(0xF1, 2),
            -0x80_0000..=0x7F_FFFF => tagged(0xF2, 3),
            -0x8000_0000..=0x7FFF_FFFF => tagged(0xF3, 4),
            _ => tagged(0xF4, 8),
        };
        Entry { head, head_len, body: &[] }
    }
}

impl<'a> From<Item<'a>> for Entry<'a> {
    #[inline]
    fn from(item: Item<'a>) -> Self {
        match item {
            Item::Str(bytes) => Entry::string(bytes),
            Item::Int(value) => Entry::from(value),
        }
    }
}

/// Reads the entry at `at`: the element and the length of its head and body.
#[inline]
pub(super) fn decode(bytes: &[u8], at: usize) -> (Item<'_>, usize) {
    let first = bytes[at];
    match first {
        0..0x80 => (Item::Int(i64::from(first)), 1),
        0x80..0xC0 => {
            let len = usize::from(first & 0x3F);
            (Item::Str(&bytes[at + 1..at + 1 + len]), 1 + len)
        }
        0xC0..0xE0 => {
            let raw = u16::from(first & 0x1F) << 8 | u16::from(bytes[at + 1]);
            // Moves the sign bit of 13 to that of 16 and back.
            (Item::Int(i64::from((raw << 3) as i16 >> 3)), 2)
        }
        _ => decode_long(bytes, at),
    }
}

fn decode_long(bytes: &[u8], at: usize) -> (Item<'_>, usize) {
    let integer = |width: usize| {
        let mut raw = [0u8; 8];
        raw[8 - width..].copy_from_slice(&bytes[at + 1..at + 1 + width]);
        (Item::Int(i64::from_le_bytes(raw) >> (64 - 8 * width)), 1 + width)
    };
    match bytes[at] {
        0xF1 => integer(2),
        0xF2 => integer(3),
        0xF3 => integer(4),
        0xF4 => integer(8),
        _ => {
            let encoded = encoded_len(bytes, at);
            let head = if bytes[at] == 0xF0 { 5 } else { 2 };
            (Item::Str(&bytes[at + head..at + encoded]), encoded)
        }
    }
}

/// The length of the head and body of the entry at `at`.
#[inline]
pub(super) fn encoded_len(bytes: &[u8], at: usize) -> usize {
    let first = bytes[at];
    match first {
        0..0x80 => 1,
        0x80..0xC0 => 1 + usize::from(first & 0x3F),
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 2 + (usize::from(first & 0x0F) << 8 | usize::from(bytes[at + 1])),
        0xF0 => 5 + u32::from_le_bytes([bytes[at + 1], bytes[at + 2], bytes[at + 3], bytes[at + 4]]) as usize,
        0xF1 => 3,
        0xF2 => 4,
        0xF3 => 5,
        0xF4 => 9,
        _ => panic!("no listpack entry starts at byte {at}"),
    }
}

/// The offset just behind the entry at `at`.
#[inline]
pub(super) fn skip(bytes: &[u8], at: usize) -> usize {
    let encoded = encoded_len(bytes, at);
    at + encoded + backlen_size(encoded)
}

/// The offset of the entry that ends just before `at`.
#[inline]
pub(super) fn skip_back(bytes: &[u8], at: usize) -> usize {
    let encoded = read_backlen(bytes, at).expect("entries of a listpack end with their length");
    at - encoded - backlen_size(encoded)
}

/// The length told by the backlen that ends just before `at`, if it is at most five bytes long.
#[inline]
pub(super) fn read_backlen(bytes: &[u8], at: usize) -> Option<usize> {
    let mut value = 0usize;
    for group in 0..5usize.min(at) {
        let byte = bytes[at - 1 - group];
        value |= usize::from(byte & 0x7F) << (7 * group);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The size of the backlen of an entry with `encoded` bytes of head and body. The limits are one
/// below the powers of two, as in Redis (lpEncodeBacklen).
#[inline]
pub(super) fn backlen_size(encoded: usize) -> usize {
    match encoded {
        0..=127 => 1,
        128..16383 => 2,
        16383..2097151 => 3,
        2097151..268435455 => 4,
        _ => 5,
    }
}

#[inline]
pub(super) fn backlen(encoded: usize) -> ([u8; 5], usize) {
    let size = backlen_size(encoded);
    let mut bytes = [0u8; 5];
    for (group, byte) in bytes[..size].iter_mut().rev().enumerate() {
        *byte = (encoded >> (7 * group)) as u8 | 0x80;
    }
    bytes[0] &= 0x7F;
    (bytes, size)
}

/// Walks over a listpack from both ends, telling each element's position.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    bytes: &'a [u8],
    front: usize,
    back: usize,
}

impl<'a> Entries<'a> {
    /// `front` and `back` are offsets of entries, or of the end byte.
    pub(super) fn new(bytes: &'a [u8], front: usize, back: usize) -> Self {
        Entries { bytes, front, back }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = (Pos, Item<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        let at = self.front;
        let (item, encoded) = decode(self.bytes, at);
        self.front = at + encoded + backlen_size(encoded);
        Some((Pos(at as u32), item))
    }
}

impl DoubleEndedIterator for Entries<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        self.back = skip_back(self.bytes, self.back);
        Some((Pos(self.back as u32), decode(self.bytes, self.back).0))
    }
}
