//! Stream ids: 128-bit entry keys written `<milliseconds>-<sequence>`.
//!
//! Parsing follows `streamGenericParseIDOrReply` of Redis to the letter, including what the C
//! library lets through (a text ends at its first NUL byte, `strtoull` skips blanks and accepts
//! signs and leading zeros), because clients and the differential test see it.

use std::fmt;

use crate::text::parse_u64;

/// The id of a stream entry. Ordered by time first, then by sequence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct StreamId {
    /// Unix time in milliseconds, or whatever the client chose.
    pub ms: u64,
    /// Sequence within the millisecond.
    pub seq: u64,
}

/// The id argument of XADD.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NewId {
    /// `*`: both parts are generated.
    Auto,
    /// `<ms>-*`: the sequence is generated.
    AutoSeq(u64),
    /// `<ms>` or `<ms>-<seq>`.
    Exact(StreamId),
}

/// Why the bound of a range was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BoundError {
    /// Not a stream id.
    Invalid,
    /// An exclusive bound that leaves nothing: `(` before the last id as start, before 0-0 as end.
    Empty,
}

/// Ids longer than this are refused unread, as the parse buffer of Redis (128 bytes) does.
const MAX_TEXT: usize = 127;

impl StreamId {
    /// 0-0, which no entry can have.
    pub const MIN: StreamId = StreamId { ms: 0, seq: 0 };
    /// The last possible id.
    pub const MAX: StreamId = StreamId { ms: u64::MAX, seq: u64::MAX };

    /// An id from its parts.
    pub const fn new(ms: u64, seq: u64) -> Self {
        StreamId { ms, seq }
    }

    /// True for 0-0, which stands for "no id" in several places.
    pub fn is_zero(self) -> bool {
        self == Self::MIN
    }

    /// The id right after this one, if there is one.
    pub fn next(self) -> Option<StreamId> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(StreamId { ms: self.ms, seq }),
            None => self.ms.checked_add(1).map(|ms| StreamId { ms, seq: 0 }),
        }
    }

    /// The id right before this one, if there is one.
    pub fn prev(self) -> Option<StreamId> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(StreamId { ms: self.ms, seq }),
            None => self.ms.checked_sub(1).map(|ms| StreamId { ms, seq: u64::MAX }),
        }
    }

    /// Parses an id; `-` and `+` are the least and the greatest one, and an id without a sequence
    /// gets `missing_seq`.
    pub fn parse(text: &[u8], missing_seq: u64) -> Option<StreamId> {
        match visible(text)? {
            b"-" => Some(Self::MIN),
            b"+" => Some(Self::MAX),
            text => parse_parts(text, missing_seq),
        }
    }

    /// Parses an id where `-` and `+` have no meaning.
    pub fn parse_strict(text: &[u8], missing_seq: u64) -> Option<StreamId> {
        match visible(text)? {
            b"-" | b"+" => None,
            text => parse_parts(text, missing_seq),
        }
    }

    /// Parses the first bound of a range: `-`, `<ms>`, `<ms>-<seq>`, or one of these but the
    /// first behind `(`, which excludes the id itself.
    pub fn parse_start(text: &[u8]) -> Result<StreamId, BoundError> {
        Self::parse_bound(text, 0, StreamId::next)
    }

    /// Parses the last bound of a range, like [`StreamId::parse_start`].
    pub fn parse_end(text: &[u8]) -> Result<StreamId, BoundError> {
        Self::parse_bound(text, u64::MAX, StreamId::prev)
    }

    fn parse_bound(
        text: &[u8],
        missing_seq: u64,
        step: fn(StreamId) -> Option<StreamId>,
    ) -> Result<StreamId, BoundError> {
        match text {
            [b'(', rest @ ..] if !rest.is_empty() => {
                let id = Self::parse_strict(rest, missing_seq).ok_or(BoundError::Invalid)?;
                step(id).ok_or(BoundError::Empty)
            }
            _ => Self::parse(text, missing_seq).ok_or(BoundError::Invalid),
        }
    }

    /// The id as clients see it, `<ms>-<seq>`, without an allocation.
    pub fn text(self) -> IdText {
        let mut out = IdText { bytes: [0; IdText::MAX], len: 0 };
        let mut number = itoa::Buffer::new();
        out.push(number.format(self.ms).as_bytes());
        out.push(b"-");
        out.push(number.format(self.seq).as_bytes());
        out
    }

    /// The 16 big-endian bytes under which RDB files and Redis's index keep the id.
    pub fn to_be_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.ms.to_be_bytes());
        bytes[8..].copy_from_slice(&self.seq.to_be_bytes());
        bytes
    }

    /// The inverse of [`StreamId::to_be_bytes`].
    pub fn from_be_bytes(bytes: [u8; 16]) -> StreamId {
        let both = u128::from_be_bytes(bytes);
        StreamId { ms: (both >> 64) as u64, seq: both as u64 }
    }
}

impl NewId {
    /// Parses the id argument of XADD.
    pub fn parse(text: &[u8]) -> Option<NewId> {
        if text == b"*" {
            return Some(NewId::Auto);
        }
        let text = visible(text)?;
        match split_at_dash(text) {
            (b"" | b"+", None) => None,
            (ms, Some(b"*")) => parse_u64(ms).map(NewId::AutoSeq),
            _ => StreamId::parse_strict(text, 0).map(NewId::Exact),
        }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

/// The text of an id on the stack.
#[derive(Clone, Copy)]
pub struct IdText {
    bytes: [u8; IdText::MAX],
    len: u8,
}

impl IdText {
    /// Two numbers of 20 digits and the dash.
    const MAX: usize = 41;

    /// The bytes of the text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn push(&mut self, part: &[u8]) {
        let at = usize::from(self.len);
        self.bytes[at..at + part.len()].copy_from_slice(part);
        self.len += part.len() as u8;
    }
}

impl AsRef<[u8]> for IdText {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// What a C string function sees of an argument: everything before the first NUL.
fn visible(text: &[u8]) -> Option<&[u8]> {
    if text.len() > MAX_TEXT {
        return None;
    }
    Some(&text[..memchr::memchr(0, text).unwrap_or(text.len())])
}

fn split_at_dash(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'-', text) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

fn parse_parts(text: &[u8], missing_seq: u64) -> Option<StreamId> {
    let (ms, seq) = split_at_dash(text);
    let ms = parse_u64(ms)?;
    let seq = match seq {
        Some(seq) => parse_u64(seq)?,
        None => missing_seq,
    };
    Some(StreamId { ms, seq })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(ms: u64, seq: u64) -> StreamId {
        StreamId::new(ms, seq)
    }

    #[test]
    fn complete_and_incomplete_ids_are_read() {
        assert_eq!(StreamId::parse(b"12-34", 7), Some(id(12, 34)));
        assert_eq!(StreamId::parse(b"12", 7), Some(id(12, 7)));
        assert_eq!(StreamId::parse(b"-", 7), Some(StreamId::MIN));
        assert_eq!(StreamId::parse(b"+", 7), Some(StreamId::MAX));
        assert_eq!(StreamId::parse_strict(b"-", 7), None);
        assert_eq!(StreamId::parse_strict(b"+", 7), None);
        assert_eq!(StreamId::parse(b"18446744073709551615-18446744073709551615", 0), Some(StreamId::MAX));
    }

    #[test]
    fn bad_ids_are_refused() {
        for bad in [&b""[..], b"a", b"1-", b"-1", b"1-2-3", b"1--5", b"18446744073709551616", b"1 ", b"1-*"] {
            assert_eq!(StreamId::parse(bad, 0), None, "{}", bad.escape_ascii());
        }
        assert_eq!(StreamId::parse(&[b'1'; 128], 0), None);
    }

    #[test]
    fn the_c_library_is_followed_where_it_is_lax() {
        assert_eq!(StreamId::parse(b"007-+08", 0), Some(id(7, 8)));
        assert_eq!(StreamId::parse(b" 5", 0), Some(id(5, 0)));
        assert_eq!(StreamId::parse(b"5\0junk", 0), Some(id(5, 0)));
        assert_eq!(StreamId::parse(b"1--05", 0), Some(id(1, 5u64.wrapping_neg())));
        assert_eq!(StreamId::parse(b"1--0", 0), Some(id(1, 0)));
    }

    #[test]
    fn bounds_can_exclude_their_id() {
        assert_eq!(StreamId::parse_start(b"(5-1"), Ok(id(5, 2)));
        assert_eq!(StreamId::parse_end(b"(5"), Ok(id(5, u64::MAX - 1)));
        assert_eq!(StreamId::parse_end(b"5"), Ok(id(5, u64::MAX)));
        assert_eq!(StreamId::parse_end(b"(5-0"), Ok(id(4, u64::MAX)));
        assert_eq!(StreamId::parse_end(b"(0-0"), Err(BoundError::Empty));
        assert_eq!(
            StreamId::parse_start(b"(18446744073709551615-18446744073709551615"),
            Err(BoundError::Empty)
        );
        for bad in [&b"("[..], b"(-", b"(+", b"((1"] {
            assert_eq!(StreamId::parse_start(bad), Err(BoundError::Invalid), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn new_ids_may_leave_parts_to_the_server() {
        assert_eq!(NewId::parse(b"*"), Some(NewId::Auto));
        assert_eq!(NewId::parse(b"5-*"), Some(NewId::AutoSeq(5)));
        assert_eq!(NewId::parse(b"5"), Some(NewId::Exact(id(5, 0))));
        assert_eq!(NewId::parse(b"5-6"), Some(NewId::Exact(id(5, 6))));
        for bad in [&b"-*"[..], b"5-**", b"*-1", b"+", b"-", b"", b"5-*-1"] {
            assert_eq!(NewId::parse(bad), None, "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn steps_stop_at_the_ends() {
        assert_eq!(StreamId::MAX.next(), None);
        assert_eq!(StreamId::MIN.prev(), None);
        assert_eq!(id(1, u64::MAX).next(), Some(id(2, 0)));
        assert_eq!(id(2, 0).prev(), Some(id(1, u64::MAX)));
    }

    #[test]
    fn text_and_bytes_round_trip() {
        for one in [StreamId::MIN, StreamId::MAX, id(1526919030474, 55)] {
            assert_eq!(StreamId::parse(one.text().as_bytes(), 0), Some(one));
            assert_eq!(one.text().as_bytes(), one.to_string().as_bytes());
            assert_eq!(StreamId::from_be_bytes(one.to_be_bytes()), one);
        }
    }
}
