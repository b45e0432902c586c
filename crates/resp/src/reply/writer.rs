//! The reply writer: the only place where RESP2 and RESP3 differ.
//!
//! | value          | RESP2                 | RESP3            |
//! |----------------|-----------------------|------------------|
//! | null           | `$-1` or `*-1`        | `_`              |
//! | boolean        | `:1` `:0`             | `#t` `#f`        |
//! | double         | bulk string           | `,1.5`           |
//! | big number     | bulk string           | `(123`           |
//! | verbatim       | bulk string           | `=7` `txt:abc`   |
//! | map            | array, twice as long  | `%2`             |
//! | set, push      | array                 | `~2`, `>2`       |
//! | attribute      | left out              | `\|1`            |

use bytes::Bytes;

use super::output::{Mark, Output};
use crate::digits::Line;

/// The version of the protocol a client has chosen with HELLO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// The version every connection begins with.
    #[default]
    Resp2,
    /// Maps, sets, doubles and pushes of their own.
    Resp3,
}

impl Protocol {
    /// The version as HELLO and CLIENT LIST show it.
    pub fn number(self) -> i64 {
        match self {
            Protocol::Resp2 => 2,
            Protocol::Resp3 => 3,
        }
    }
}

/// The place of an aggregate's header whose length was not known when its elements were written.
///
/// Headers inside it must be settled first.
#[derive(Debug)]
#[must_use = "an aggregate without its length corrupts the stream"]
pub struct Deferred {
    mark: Mark,
}

/// Writes the reply to one command.
pub struct Reply<'a> {
    out: &'a mut Output,
    protocol: Protocol,
}

/// Room for a header before and a line end after a payload.
const FRAME: usize = Line::MAX + 2;
/// Bytes kept free for a deferred header; it fits lengths below ten.
const PLACEHOLDER: usize = 4;

impl<'a> Reply<'a> {
    /// A writer that appends to `out`.
    #[inline]
    pub fn new(out: &'a mut Output, protocol: Protocol) -> Reply<'a> {
        Reply { out, protocol }
    }

    /// The protocol the reply is written in.
    #[inline]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Whether the reply is written in RESP3.
    #[inline]
    pub fn is_resp3(&self) -> bool {
        self.protocol == Protocol::Resp3
    }

    /// Whether the client has so much unsent output that it will be given up: a long reply may stop here.
    #[inline]
    pub fn is_over_limit(&self) -> bool {
        self.out.is_over_limit()
    }

    /// Whether a reply that repeats elements as often as the caller likes ends here, with its client.
    #[inline]
    pub fn ends_repeats(&mut self) -> bool {
        self.out.ends_repeats()
    }

    /// The output that is written to.
    #[inline]
    pub fn output(&mut self) -> &mut Output {
        self.out
    }

    /// The status `OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.out.append(b"+OK\r\n");
    }

    /// A status: short text without line ends.
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    /// An error, whose text begins with its code: `ERR syntax error`. Line ends become blanks, because they
    /// would end the error; those at the end are left out (networking.c: addReplyErrorFormatInternal).
    #[cold]
    pub fn error(&mut self, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        let end = text.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
        let text = &text[..end];
        let raw = self.out.room(text.len() + FRAME);
        raw.push(b'-');
        raw.extend(text.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
        raw.extend_from_slice(b"\r\n");
    }

    /// An integer.
    #[inline]
    pub fn int(&mut self, number: i64) {
        self.header(b':', number);
    }

    /// A length or count; those beyond `i64::MAX` do not occur.
    #[inline]
    pub fn count(&mut self, number: usize) {
        self.header(b':', number as i64);
    }

    /// A string of any bytes, copied.
    #[inline]
    pub fn bulk(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let raw = self.out.room(bytes.len() + FRAME);
        Line::new(b'$', bytes.len() as i64).append_to(raw);
        raw.extend_from_slice(bytes);
        raw.extend_from_slice(b"\r\n");
    }

    /// A string that is referred to if it is large, else copied.
    pub fn bulk_shared(&mut self, bytes: &Bytes) {
        if bytes.len() < Output::SHARED_FROM {
            return self.bulk(bytes);
        }
        self.header(b'$', bytes.len() as i64);
        self.out.append_shared(bytes.clone());
        self.out.append(b"\r\n");
    }

    /// An integer as a string.
    #[inline]
    pub fn bulk_int(&mut self, number: i64) {
        self.bulk(itoa::Buffer::new().format(number).as_bytes());
    }

    /// The absence of a value.
    #[inline]
    pub fn null(&mut self) {
        self.out.append(if self.is_resp3() { b"_\r\n" } else { b"$-1\r\n" });
    }

    /// The absence of an array.
    #[inline]
    pub fn null_array(&mut self) {
        self.out.append(if self.is_resp3() { b"_\r\n" } else { b"*-1\r\n" });
    }

    /// The header of an array of `len` elements.
    #[inline]
    pub fn array(&mut self, len: usize) {
        self.header(b'*', len as i64);
    }

    /// The header of a map of `len` pairs.
    #[inline]
    pub fn map(&mut self, len: usize) {
        let (kind, number) = self.map_header(len);
        self.header(kind, number);
    }

    /// The header of a set of `len` elements.
    #[inline]
    pub fn set(&mut self, len: usize) {
        self.header(self.kind(b'~'), len as i64);
    }

    /// The header of a message of `len` elements that answers no command.
    #[inline]
    pub fn push(&mut self, len: usize) {
        self.header(self.kind(b'>'), len as i64);
    }

    /// The header of `len` pairs of remarks about the reply that follows. `false` means that the protocol has
    /// no such thing and the pairs must not be written.
    pub fn attribute(&mut self, len: usize) -> bool {
        if self.is_resp3() {
            self.header(b'|', len as i64);
        }
        self.is_resp3()
    }

    /// A floating-point number in the spelling of the caller (`inf`, `-inf`, `nan` included).
    pub fn double(&mut self, text: impl AsRef<[u8]>) {
        self.line_or_bulk(b',', text.as_ref());
    }

    /// An integer of any size in decimal.
    pub fn big_number(&mut self, text: impl AsRef<[u8]>) {
        self.line_or_bulk(b'(', text.as_ref());
    }

    /// True or false.
    #[inline]
    pub fn bool(&mut self, value: bool) {
        self.out.append(match (self.protocol, value) {
            (Protocol::Resp2, false) => b":0\r\n",
            (Protocol::Resp2, true) => b":1\r\n",
            (Protocol::Resp3, false) => b"#f\r\n",
            (Protocol::Resp3, true) => b"#t\r\n",
        });
    }

    /// Text for people, with the three letters of its format: `txt` or `mkd`.
    pub fn verbatim(&mut self, format: &[u8; 3], text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        if !self.is_resp3() {
            return self.bulk(text);
        }
        let raw = self.out.room(text.len() + 4 + FRAME);
        Line::new(b'=', text.len() as i64 + 4).append_to(raw);
        raw.extend_from_slice(format);
        raw.push(b':');
        raw.extend_from_slice(text);
        raw.extend_from_slice(b"\r\n");
    }

    /// Bytes that are a complete reply already, in the right protocol.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.append(bytes);
    }

    /// Keeps room for the header of an aggregate whose length comes after its elements.
    #[inline]
    pub fn deferred(&mut self) -> Deferred {
        // Room first: the placeholder must lie in the chunk that the mark names.
        self.out.room(PLACEHOLDER);
        let mark = self.out.mark();
        self.out.append(&[b' '; PLACEHOLDER]);
        Deferred { mark }
    }

    /// Makes the deferred aggregate an array of `len` elements.
    #[inline]
    pub fn set_array_len(&mut self, place: Deferred, len: usize) {
        self.settle(place, b'*', len as i64);
    }

    /// Makes the deferred aggregate a map of `len` pairs.
    pub fn set_map_len(&mut self, place: Deferred, len: usize) {
        let (kind, number) = self.map_header(len);
        self.settle(place, kind, number);
    }

    /// Makes the deferred aggregate a set of `len` elements.
    pub fn set_set_len(&mut self, place: Deferred, len: usize) {
        self.settle(place, self.kind(b'~'), len as i64);
    }

    /// The current end of the output.
    #[inline]
    pub fn mark(&self) -> Mark {
        self.out.mark()
    }

    /// Withdraws what was written since `mark`.
    pub fn rollback(&mut self, mark: Mark) {
        self.out.rollback(mark);
    }

    fn settle(&mut self, place: Deferred, kind: u8, number: i64) {
        self.out.replace(place.mark, PLACEHOLDER, Line::new(kind, number).as_bytes());
    }

    #[inline]
    fn header(&mut self, kind: u8, number: i64) {
        Line::new(kind, number).append_to(self.out.room(Line::MAX));
    }

    /// The type byte of an aggregate that is an array in RESP2.
    #[inline]
    fn kind(&self, resp3: u8) -> u8 {
        if self.is_resp3() { resp3 } else { b'*' }
    }

    #[inline]
    fn map_header(&self, len: usize) -> (u8, i64) {
        if self.is_resp3() { (b'%', len as i64) } else { (b'*', len as i64 * 2) }
    }

    fn line_or_bulk(&mut self, kind: u8, text: &[u8]) {
        if self.is_resp3() { self.line(kind, text) } else { self.bulk(text) }
    }

    fn line(&mut self, kind: u8, text: &[u8]) {
        let raw = self.out.room(text.len() + FRAME);
        raw.push(kind);
        raw.extend_from_slice(text);
        raw.extend_from_slice(b"\r\n");
    }
}
