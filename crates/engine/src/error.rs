//! Errors that a command answers to its client: the exact text of Redis, prefix included.
//!
//! Corrupt bytes, failures of the environment and bugs have types of their own; nothing but
//! the client's own mistakes comes through here.

use crate::level::Level;
use std::borrow::Cow;

/// The text of an error reply without the leading `-` and the line end. It may hold any bytes, because
/// some texts quote what the client sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Cow<'static, [u8]>);

/// What a command handler returns. The reply of an `Ok` has been written by the handler.
pub type Outcome = Result<(), Error>;

impl Error {
    /// An operation on a key that holds another type.
    pub const WRONG_TYPE: Error =
        Error::fixed("WRONGTYPE Operation against a key holding the wrong kind of value");
    /// An option that is unknown or misplaced.
    pub const SYNTAX: Error = Error::fixed("ERR syntax error");
    /// A text that is not a signed 64-bit integer.
    pub const NOT_INTEGER: Error = Error::fixed("ERR value is not an integer or out of range");
    /// A text that is not a floating-point number.
    pub const NOT_FLOAT: Error = Error::fixed("ERR value is not a valid float");
    /// An index beyond the collection.
    pub const INDEX_OUT_OF_RANGE: Error = Error::fixed("ERR index out of range");
    /// A number that has to be positive.
    pub const NOT_POSITIVE: Error = Error::fixed("ERR value is out of range, must be positive");
    /// A key that has to exist.
    pub const NO_SUCH_KEY: Error = Error::fixed("ERR no such key");
    /// INCR beyond the 64-bit range.
    pub const OVERFLOW: Error = Error::fixed("ERR increment or decrement would overflow");
    /// A string that would pass `proto-max-bulk-len`.
    pub const STRING_TOO_LONG: Error =
        Error::fixed("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    /// A write that finds no memory under `maxmemory`.
    pub const OUT_OF_MEMORY: Error = Error::fixed("OOM command not allowed when used memory > 'maxmemory'.");

    /// An error with a text known at compile time.
    pub const fn fixed(text: &'static str) -> Error {
        Error(Cow::Borrowed(text.as_bytes()))
    }

    /// An error whose text is put together.
    pub fn new(text: impl Into<String>) -> Error {
        Error(Cow::Owned(text.into().into_bytes()))
    }

    /// An error whose text quotes what the client sent: the parts one after the other. Redis builds such
    /// texts with C's printf, so a part ends at its first NUL.
    pub fn quoting(parts: &[&[u8]]) -> Error {
        Error(Cow::Owned(parts.iter().flat_map(|part| c_text(part)).copied().collect()))
    }

    /// Too few or too many arguments for the command of this (full, lower-case) name.
    pub fn arity(name: &str) -> Error {
        Error::new(format!("ERR wrong number of arguments for '{name}' command"))
    }

    /// A time to live that the command of this name cannot store, in the words of a level.
    pub fn invalid_expire(name: &str, level: Level) -> Error {
        Error::new(if level < Level::V7_0 {
            format!("ERR invalid expire time in {name}")
        } else {
            format!("ERR invalid expire time in '{name}' command")
        })
    }

    /// The text with its prefix ("ERR ...").
    pub fn text(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Error({})", self.0.escape_ascii())
    }
}

/// The bytes that C takes for the whole text.
pub fn c_text(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}
