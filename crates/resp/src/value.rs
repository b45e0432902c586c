//! Replies as a client reads them: RESP2 and RESP3 into a [`Value`].
//!
//! For tests, tools and everything else on the client's side; plain rather than fast. An incomplete reply is
//! read again from its beginning when more bytes have come. Nothing is reserved for announced lengths, and
//! the depth of nesting is limited, so that a hostile server cannot exhaust memory or stack.

use crate::digits::parse_i64;

/// Deepest nesting of aggregates.
const MAX_DEPTH: usize = 128;

/// One reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `+OK`
    Simple(Vec<u8>),
    /// `-ERR text` or the RESP3 bulk error
    Error(Vec<u8>),
    /// `:1`
    Int(i64),
    /// `$3 abc`
    Bulk(Vec<u8>),
    /// `$-1`, `*-1` or `_`
    Null,
    /// `*2`
    Array(Vec<Value>),
    /// `%1`
    Map(Vec<(Value, Value)>),
    /// `~2`
    Set(Vec<Value>),
    /// `>2`
    Push(Vec<Value>),
    /// `,1.5`: the text as it was sent
    Double(Vec<u8>),
    /// `#t`
    Bool(bool),
    /// `(123`: the text as it was sent
    BigNumber(Vec<u8>),
    /// `=7 txt:abc`: format and text
    Verbatim([u8; 3], Vec<u8>),
    /// `|1`: remarks and the value they belong to
    Attribute(Vec<(Value, Value)>, Box<Value>),
}

/// Bytes that are no reply, with the offset of the offence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidReply {
    /// Position in the bytes given.
    pub offset: usize,
}

impl std::fmt::Display for InvalidReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "invalid reply at byte {}", self.offset)
    }
}

impl std::error::Error for InvalidReply {}

impl Value {
    /// Reads one reply from the front of `bytes`: the value and its length in bytes, or `None` if it is
    /// incomplete.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Value, usize)>, InvalidReply> {
        let mut reader = Reader { bytes, pos: 0 };
        match reader.value(0) {
            Ok(value) => Ok(Some((value, reader.pos))),
            Err(Stop::Incomplete) => Ok(None),
            Err(Stop::Invalid) => Err(InvalidReply { offset: reader.pos }),
        }
    }

    /// The bytes of any kind of string or number text.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Simple(text)
            | Value::Error(text)
            | Value::Bulk(text)
            | Value::Double(text)
            | Value::BigNumber(text)
            | Value::Verbatim(_, text) => Some(text),
            _ => None,
        }
    }
}

enum Stop {
    Incomplete,
    Invalid,
}

struct Reader<'a> {
    bytes: &'a [u8],
    pos: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value, Stop> {
        if depth > MAX_DEPTH {
            return Err(Stop::Invalid);
        }
        let kind = *self.bytes.get(self.pos).ok_or(Stop::Incomplete)?;
        if !b"+-:$*_,#(!=%~>|".contains(&kind) {
            return Err(Stop::Invalid);
        }
        let start = self.pos;
        let line = self.line()?;
        let value = match kind {
            b'+' => Some(Value::Simple(line.to_vec())),
            b'-' => Some(Value::Error(line.to_vec())),
            b',' => Some(Value::Double(line.to_vec())),
            b'(' => Some(Value::BigNumber(line.to_vec())),
            b':' => parse_i64(line).map(Value::Int),
            b'_' => line.is_empty().then_some(Value::Null),
            b'#' => match line {
                b"t" => Some(Value::Bool(true)),
                b"f" => Some(Value::Bool(false)),
                _ => None,
            },
            b'$' | b'*' if line == b"-1" => Some(Value::Null),
            _ => match parse_i64(line).and_then(|len| usize::try_from(len).ok()) {
                Some(len) => Some(self.sized(kind, len, depth)?),
                None => None,
            },
        };
        value.ok_or_else(|| {
            self.pos = start;
            Stop::Invalid
        })
    }

    /// The rest of a value whose header announced its length.
    fn sized(&mut self, kind: u8, len: usize, depth: usize) -> Result<Value, Stop> {
        match kind {
            b'$' => self.payload(len).map(|bytes| Value::Bulk(bytes.to_vec())),
            b'!' => self.payload(len).map(|bytes| Value::Error(bytes.to_vec())),
            b'=' => match self.payload(len)? {
                [a, b, c, b':', text @ ..] => Ok(Value::Verbatim([*a, *b, *c], text.to_vec())),
                _ => Err(Stop::Invalid),
            },
            b'*' => self.values(len, depth).map(Value::Array),
            b'~' => self.values(len, depth).map(Value::Set),
            b'>' => self.values(len, depth).map(Value::Push),
            b'%' => self.pairs(len, depth).map(Value::Map),
            _ => {
                let remarks = self.pairs(len, depth)?;
                Ok(Value::Attribute(remarks, Box::new(self.value(depth + 1)?)))
            }
        }
    }

    fn values(&mut self, len: usize, depth: usize) -> Result<Vec<Value>, Stop> {
        let mut values = Vec::new();
        for _ in 0..len {
            values.push(self.value(depth + 1)?);
        }
        Ok(values)
    }

    fn pairs(&mut self, len: usize, depth: usize) -> Result<Vec<(Value, Value)>, Stop> {
        let mut pairs = Vec::new();
        for _ in 0..len {
            pairs.push((self.value(depth + 1)?, self.value(depth + 1)?));
        }
        Ok(pairs)
    }

    /// The text between the type byte and the line end.
    fn line(&mut self) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.pos + 1..];
        let end = memchr::memchr(b'\r', rest).ok_or(Stop::Incomplete)?;
        match rest.get(end + 1) {
            None => Err(Stop::Incomplete),
            Some(b'\n') => {
                self.pos += end + 3;
                Ok(&rest[..end])
            }
            Some(_) => Err(Stop::Invalid),
        }
    }

    fn payload(&mut self, len: usize) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.pos..];
        if rest.len() < len.saturating_add(2) {
            return Err(Stop::Incomplete);
        }
        if &rest[len..len + 2] != b"\r\n" {
            return Err(Stop::Invalid);
        }
        self.pos += len + 2;
        Ok(&rest[..len])
    }
}
