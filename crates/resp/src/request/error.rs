//! What the parser refuses: the limits and the errors, with Redis's texts.

use std::borrow::Cow;
use std::fmt;

/// What a request may be, from the configuration and from the state of the connection.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest argument in bytes: `proto-max-bulk-len`; unlimited for the link to a primary.
    pub max_bulk: usize,
    /// Most arguments of a command: 2^31-1 since 7.0, 1024*1024 before.
    pub max_args: usize,
    /// An argument of at least this many bytes that has not arrived as a whole gets a buffer of its own.
    /// `usize::MAX` keeps everything in the query buffer (the link to a primary, whose bytes are forwarded).
    pub large_arg: usize,
    /// Most commands of one batch.
    pub max_batch: usize,
    /// The client has yet to authenticate: small limits hold, and commands are parsed one at a time, because
    /// the next one may change that.
    pub unauthenticated: bool,
}

impl Limits {
    /// Longest line, be it an inline command or a header, in bytes (server.h: PROTO_INLINE_MAX_SIZE).
    pub const MAX_LINE: usize = 64 * 1024;
    /// From here on an argument gets a buffer of its own (server.h: PROTO_MBULK_BIG_ARG).
    pub const LARGE_ARG: usize = 32 * 1024;
    /// Most arguments before authentication (networking.c: processMultibulkBuffer).
    pub const UNAUTHENTICATED_ARGS: usize = 10;
    /// Longest argument before authentication (networking.c: processMultibulkBuffer).
    pub const UNAUTHENTICATED_BULK: usize = 16384;
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_bulk: 512 * 1024 * 1024,
            max_args: i32::MAX as usize,
            large_arg: Limits::LARGE_ARG,
            max_batch: 1024,
            unauthenticated: false,
        }
    }
}

/// The client's fault, after which nothing it sends can be understood: it gets the message and is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// An inline command of more than 64 KiB.
    InlineTooBig,
    /// Quotes of an inline command do not match.
    UnbalancedQuotes,
    /// No end of the line in 64 KiB after `*`.
    CountTooBig,
    /// No end of the line in 64 KiB where `$` is expected.
    LengthTooBig,
    /// The number of arguments is no number or too large.
    InvalidCount,
    /// The length of an argument is no number, negative or too large.
    InvalidLength,
    /// An argument does not begin with `$` but with this byte.
    ExpectedBulk(u8),
    /// More than ten arguments before authentication.
    UnauthenticatedCount,
    /// An argument of more than 16384 bytes before authentication.
    UnauthenticatedLength,
}

impl ProtocolError {
    /// The text of the error reply, without its `ERR ` code.
    pub fn message(&self) -> Cow<'static, [u8]> {
        Cow::Borrowed(match self {
            ProtocolError::InlineTooBig => b"Protocol error: too big inline request",
            ProtocolError::UnbalancedQuotes => b"Protocol error: unbalanced quotes in request",
            ProtocolError::CountTooBig => b"Protocol error: too big mbulk count string",
            ProtocolError::LengthTooBig => b"Protocol error: too big bulk count string",
            ProtocolError::InvalidCount => b"Protocol error: invalid multibulk length",
            ProtocolError::InvalidLength => b"Protocol error: invalid bulk length",
            ProtocolError::UnauthenticatedCount => b"Protocol error: unauthenticated multibulk length",
            ProtocolError::UnauthenticatedLength => b"Protocol error: unauthenticated bulk length",
            ProtocolError::ExpectedBulk(byte) => {
                return Cow::Owned([b"Protocol error: expected '$', got '", &[*byte][..], b"'"].concat());
            }
        })
    }

    /// The reason as the log of Redis names it.
    pub fn log_reason(&self) -> &'static str {
        match self {
            ProtocolError::InlineTooBig => "too big inline request",
            ProtocolError::UnbalancedQuotes => "unbalanced quotes in inline request",
            ProtocolError::CountTooBig => "too big mbulk count string",
            ProtocolError::LengthTooBig => "too big bulk count string",
            ProtocolError::InvalidCount => "invalid mbulk count",
            ProtocolError::InvalidLength => "invalid bulk length",
            ProtocolError::ExpectedBulk(_) => "expected $ but got something else",
            ProtocolError::UnauthenticatedCount => "unauth mbulk count",
            ProtocolError::UnauthenticatedLength => "unauth bulk length",
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.log_reason())
    }
}

impl std::error::Error for ProtocolError {}
