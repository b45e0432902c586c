//! A reply of either protocol version as a value that tests can compare and print.

use std::fmt;

/// One complete reply. RESP2 and RESP3 types stay apart, so that equality means "the same bytes
/// of structure", not merely the same meaning.
#[derive(Clone, PartialEq)]
pub enum Reply {
    /// `+text`
    Simple(String),
    /// `-text`, and RESP3's `!` blob error.
    Error(String),
    /// `:number`
    Integer(i64),
    /// `$` with its bytes.
    Bulk(Vec<u8>),
    /// RESP2's `$-1`.
    NilBulk,
    /// RESP2's `*-1`.
    NilArray,
    /// `*`
    Array(Vec<Reply>),
    /// RESP3 `_`
    Null,
    /// RESP3 `#`
    Boolean(bool),
    /// RESP3 `,` as its text, so that comparisons see the bytes that were sent.
    Double(String),
    /// RESP3 `(`
    BigNumber(String),
    /// RESP3 `=`, with the format of three characters first.
    Verbatim(Vec<u8>),
    /// RESP3 `%`
    Map(Vec<(Reply, Reply)>),
    /// RESP3 `~`
    Set(Vec<Reply>),
    /// RESP3 `>`
    Push(Vec<Reply>),
}

impl Reply {
    /// The bytes of a string of any kind; `None` for anything else.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Simple(s) | Self::Error(s) | Self::Double(s) | Self::BigNumber(s) => Some(s.as_bytes()),
            Self::Bulk(b) => Some(b),
            Self::Verbatim(b) => b.get(4..),
            _ => None,
        }
    }

    /// The bytes as text, empty when there are none.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.bytes().unwrap_or_default()).into_owned()
    }

    /// The integer, or `None` for another type.
    pub fn integer(&self) -> Option<i64> {
        if let Self::Integer(n) = self { Some(*n) } else { None }
    }

    /// The elements of an array, set or push; empty for anything else.
    pub fn items(&self) -> &[Reply] {
        match self {
            Self::Array(items) | Self::Set(items) | Self::Push(items) => items,
            _ => &[],
        }
    }

    /// Key-value pairs of a map, or of a flat array that stands for one in RESP2.
    pub fn pairs(&self) -> Vec<(Reply, Reply)> {
        match self {
            Self::Map(pairs) => pairs.clone(),
            _ => self.items().chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect(),
        }
    }

    /// The value of `key` in a map of either protocol.
    pub fn get(&self, key: &str) -> Option<Reply> {
        self.pairs().into_iter().find(|(k, _)| k.bytes() == Some(key.as_bytes())).map(|(_, v)| v)
    }

    /// Whether this is an error.
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }

    /// Whether this is `+OK`.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Simple(s) if s == "OK")
    }

    /// Whether this is any of the three nils.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::NilBulk | Self::NilArray | Self::Null)
    }
}

/// A bulk string, for expectations.
impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Self::Bulk(text.as_bytes().to_vec())
    }
}

/// An integer, for expectations.
impl From<i64> for Reply {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// An array, for expectations.
impl<T: Into<Reply> + Clone, const N: usize> From<[T; N]> for Reply {
    fn from(items: [T; N]) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simple(s) => write!(f, "+{s}"),
            Self::Error(s) => write!(f, "-{s}"),
            Self::Integer(n) => write!(f, ":{n}"),
            Self::Bulk(b) => write!(f, "\"{}\"", shortened(b)),
            Self::NilBulk => write!(f, "(nil)"),
            Self::NilArray => write!(f, "(nil array)"),
            Self::Null => write!(f, "(null)"),
            Self::Boolean(b) => write!(f, "#{b}"),
            Self::Double(s) => write!(f, ",{s}"),
            Self::BigNumber(s) => write!(f, "({s}"),
            Self::Verbatim(b) => write!(f, "=\"{}\"", shortened(b)),
            Self::Array(items) => f.debug_list().entries(items).finish(),
            Self::Set(items) => f.debug_set().entries(items).finish(),
            Self::Push(items) => write!(f, ">").and_then(|()| f.debug_list().entries(items).finish()),
            Self::Map(pairs) => f.debug_map().entries(pairs.iter().map(|(k, v)| (k, v))).finish(),
        }
    }
}

/// Bytes as printable text, long ones cut in the middle.
pub fn shortened(bytes: &[u8]) -> String {
    const SHOWN: usize = 2000;
    if bytes.len() <= SHOWN {
        return bytes.escape_ascii().to_string();
    }
    let (head, tail) = (&bytes[..SHOWN / 2], &bytes[bytes.len() - 100..]);
    format!("{}...[{} bytes]...{}", head.escape_ascii(), bytes.len(), tail.escape_ascii())
}
