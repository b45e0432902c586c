//! The request parser: resumable at every byte, no byte looked at twice, nothing copied.
//!
//! ```text
//!            "*3\r\n"                "$5\r\n"                payload, CR LF
//! Between ------------> Arguments ------------> Payload -------------------> Arguments, or Between
//!    |  line without '*'                |  large and incomplete
//!    +-> inline command                 +-> Large: read in place, then CR LF
//! ```
//! Like Redis it trusts the client where nothing depends on it: the byte after a header's CR and the two bytes
//! after a payload are skipped unseen, and a zero byte hides the end of a line (networking.c:
//! processMultibulkBuffer, which uses strchr).
//!
//! Invariant between two calls: position 0 of the buffer is the beginning of the incomplete command.

use bytes::Bytes;

use super::args::Span;
use super::batch::Batch;
use super::error::{Limits, ProtocolError};
use super::inline::{split_args, split_plain};
use super::large::Large;
use crate::digits::parse_i64;

/// What a call of the parser did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes at the front of the buffer that no later call needs. Remove them when the batch is executed and
    /// before parsing again.
    pub consumed: usize,
    /// The batch is full or the client unauthenticated: there may be more commands in the buffer.
    pub more: bool,
    /// There were empty lines (a replica sends them to show that it is alive).
    pub empty_lines: bool,
}

/// What a connection's parser remembers between two reads.
#[derive(Default)]
pub struct Parser {
    /// Next byte to look at.
    pos: usize,
    /// Up to here the end of the line at `pos` was searched in vain.
    scanned: usize,
    /// Beginning of the current command.
    start: usize,
    /// Arguments of the current command still to come, 0 between commands.
    missing: usize,
    /// Length of the argument at `pos`, if its header is behind us.
    bulk: Option<usize>,
    pub(super) large: Option<Box<Large>>,
    /// Arguments of the incomplete command, kept here between calls.
    spans: Vec<Span>,
    owned: Vec<Bytes>,
    empty_lines: bool,
}

impl Parser {
    /// A parser at the beginning of a conversation.
    pub fn new() -> Parser {
        Parser::default()
    }

    /// Parses all complete commands of `buffer`, up to the limits, into `batch`, whose former content is
    /// forgotten. On an error the batch holds the commands in front of it; the parser is of no use any more.
    pub fn parse(
        &mut self,
        buffer: &[u8],
        limits: &Limits,
        batch: &mut Batch,
    ) -> Result<Progress, ProtocolError> {
        batch.clear();
        batch.resume(&mut self.spans, &mut self.owned);
        self.empty_lines = false;
        let more = self.commands(buffer, limits, batch)?;
        let consumed = if self.missing > 0 { self.start } else { self.pos };
        self.suspend(batch, consumed);
        Ok(Progress { consumed, more, empty_lines: self.empty_lines })
    }

    /// The large argument that is under way, if the next bytes from the socket belong to it. They must go
    /// there; afterwards `parse` goes on with the query buffer.
    #[inline]
    pub fn large(&mut self) -> Option<&mut Large> {
        self.large.as_deref_mut().filter(|large| large.missing() > 0)
    }

    /// Announced length of a large argument under way.
    pub fn large_len(&self) -> Option<usize> {
        self.large.as_ref().map(|large| large.len())
    }

    /// Whether a command has begun that has not arrived as a whole.
    pub fn is_mid_command(&self) -> bool {
        self.missing > 0
    }

    /// Memory held for the incomplete command in bytes, the query buffer excluded; a large argument counts
    /// as a whole from its header on.
    pub fn memory_bytes(&self) -> usize {
        self.spans.len() * size_of::<Span>()
            + self.owned.iter().map(Bytes::len).sum::<usize>()
            + self.large.as_ref().map_or(0, |large| large.len())
    }

    /// Bytes of a large argument under way that have arrived; `None` if the next bytes belong to the query
    /// buffer.
    pub fn large_arrived(&self) -> Option<usize> {
        self.large.as_ref().map(|large| large.arrived())
    }

    /// Returns whether it stopped because of the size of the batch.
    fn commands(&mut self, buffer: &[u8], limits: &Limits, batch: &mut Batch) -> Result<bool, ProtocolError> {
        let max_batch = if limits.unauthenticated { 1 } else { limits.max_batch.max(1) };
        let in_place = longest_unquestioned(limits);
        while batch.len() < max_batch {
            if self.missing == 0 {
                match buffer.get(self.pos) {
                    None => return Ok(false),
                    Some(b'*') => {
                        if !self.begin(buffer, limits)? {
                            return Ok(false);
                        }
                    }
                    Some(_) => {
                        if !self.inline(buffer, batch)? {
                            return Ok(false);
                        }
                        continue;
                    }
                }
                if self.missing == 0 {
                    continue;
                }
            }
            if !self.arguments(buffer, limits, in_place, batch)? {
                return Ok(false);
            }
            batch.finish(self.pos);
        }
        Ok(self.pos < buffer.len())
    }

    /// Reads the header of a command. `false`: it is incomplete. `missing` stays 0 if there is no argument.
    #[inline]
    fn begin(&mut self, buffer: &[u8], limits: &Limits) -> Result<bool, ProtocolError> {
        self.start = self.pos;
        if let Some((count, next)) = short_header(b'*', buffer, self.pos)
            && count <= Limits::UNAUTHENTICATED_ARGS
        {
            self.missing = count;
            self.pos = next;
            return Ok(true);
        }
        self.begin_slowly(buffer, limits)
    }

    #[cold]
    fn begin_slowly(&mut self, buffer: &[u8], limits: &Limits) -> Result<bool, ProtocolError> {
        let Some(end) = self.find_line_end(buffer, ProtocolError::CountTooBig)? else { return Ok(false) };
        let count = parse_i64(&buffer[self.pos + 1..end]).ok_or(ProtocolError::InvalidCount)?;
        let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
        if count > limits.max_args {
            return Err(ProtocolError::InvalidCount);
        }
        if limits.unauthenticated && count > Limits::UNAUTHENTICATED_ARGS {
            return Err(ProtocolError::UnauthenticatedCount);
        }
        self.pos = end + 2;
        self.missing = count;
        Ok(true)
    }

    /// Reads the arguments that are still missing. `false`: the buffer does not hold all of them.
    #[inline]
    fn arguments(
        &mut self,
        buffer: &[u8],
        limits: &Limits,
        in_place: usize,
        batch: &mut Batch,
    ) -> Result<bool, ProtocolError> {
        if (self.bulk.is_some() || self.large.is_some()) && !self.argument(buffer, limits, batch)? {
            return Ok(false);
        }
        while self.missing > 0 {
            if let Some((len, at)) = short_header(b'$', buffer, self.pos)
                && len <= in_place
                && at + len + 2 <= buffer.len()
            {
                batch.push(Span::in_buffer(at, len));
                self.pos = at + len + 2;
                self.missing -= 1;
            } else if !self.argument(buffer, limits, batch)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads one argument whatever it looks like, and remembers how far it came if that was not to the end.
    #[cold]
    fn argument(&mut self, buffer: &[u8], limits: &Limits, batch: &mut Batch) -> Result<bool, ProtocolError> {
        if self.large.is_some() {
            return Ok(self.finish_large(buffer, batch));
        }
        let len = match self.bulk {
            Some(len) => len,
            None => match self.bulk_header(buffer, limits)? {
                Some(len) => len,
                None => return Ok(false),
            },
        };
        let there = buffer.len() - self.pos;
        if there >= len + 2 {
            batch.push(Span::in_buffer(self.pos, len));
            self.pos += len + 2;
            self.missing -= 1;
            self.bulk = None;
            return Ok(true);
        }
        if len < limits.large_arg {
            self.bulk = Some(len);
        } else {
            let taken = there.min(len);
            self.large = Some(Box::new(Large::new(&buffer[self.pos..self.pos + taken], len)));
            self.pos += taken;
            self.bulk = None;
        }
        Ok(false)
    }

    /// Makes an argument of a completely read large one, once the line end behind it is there.
    fn finish_large(&mut self, buffer: &[u8], batch: &mut Batch) -> bool {
        let complete = self.large.as_ref().is_some_and(|large| large.missing() == 0);
        if !complete || buffer.len() < self.pos + 2 {
            return false;
        }
        if let Some(large) = self.large.take() {
            batch.push_owned(Bytes::from(large.into_vec()));
        }
        self.pos += 2;
        self.missing -= 1;
        true
    }

    fn bulk_header(&mut self, buffer: &[u8], limits: &Limits) -> Result<Option<usize>, ProtocolError> {
        let Some(end) = self.find_line_end(buffer, ProtocolError::LengthTooBig)? else { return Ok(None) };
        if buffer[self.pos] != b'$' {
            return Err(ProtocolError::ExpectedBulk(buffer[self.pos]));
        }
        let len = parse_i64(&buffer[self.pos + 1..end]).and_then(|len| usize::try_from(len).ok());
        let len = len.filter(|len| *len <= limits.max_bulk).ok_or(ProtocolError::InvalidLength)?;
        if limits.unauthenticated && len > Limits::UNAUTHENTICATED_BULK {
            return Err(ProtocolError::UnauthenticatedLength);
        }
        self.pos = end + 2;
        Ok(Some(len))
    }

    /// Reads a command given as a line. `false`: the line is incomplete.
    fn inline(&mut self, buffer: &[u8], batch: &mut Batch) -> Result<bool, ProtocolError> {
        let start = self.pos;
        let Some(newline) = self.find(b'\n', buffer, ProtocolError::InlineTooBig)? else { return Ok(false) };
        let line = &buffer[start..newline];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let before = batch.spans.len();
        if !split_plain(line, |at, len| batch.push(Span::in_buffer(start + at, len))) {
            let args = split_args(line).map_err(|_| ProtocolError::UnbalancedQuotes)?;
            args.into_iter().for_each(|arg| batch.push_owned(Bytes::from(arg)));
        }
        self.pos = newline + 1;
        if batch.spans.len() > before {
            batch.finish(self.pos);
        } else {
            self.empty_lines = true;
        }
        Ok(true)
    }

    /// The position of the CR that ends the header at `pos`, once the byte behind it is there too.
    fn find_line_end(
        &mut self,
        buffer: &[u8],
        too_long: ProtocolError,
    ) -> Result<Option<usize>, ProtocolError> {
        let end = self.find(b'\r', buffer, too_long)?;
        Ok(end.filter(|end| end + 1 < buffer.len()))
    }

    /// The position of the byte that ends the line at `pos`; goes on where the last search gave up.
    fn find(
        &mut self,
        end: u8,
        buffer: &[u8],
        too_long: ProtocolError,
    ) -> Result<Option<usize>, ProtocolError> {
        let from = self.scanned.max(self.pos);
        let found = memchr::memchr2(end, 0, &buffer[from..]).map(|offset| from + offset);
        self.scanned = found.unwrap_or(buffer.len());
        match found {
            Some(at) if buffer[at] == end => Ok(Some(at)),
            _ if buffer.len() - self.pos > Limits::MAX_LINE => Err(too_long),
            _ => Ok(None),
        }
    }

    /// Brings positions in line with the removal of `consumed` bytes.
    #[inline]
    fn suspend(&mut self, batch: &mut Batch, consumed: usize) {
        self.pos -= consumed;
        self.start = 0;
        self.scanned = self.scanned.saturating_sub(consumed);
        if self.missing > 0 {
            batch.suspend(&mut self.spans, &mut self.owned, consumed);
        } else if self.spans.capacity() > 0 || self.owned.capacity() > 0 {
            // An idle connection holds nothing.
            self.spans = Vec::new();
            self.owned = Vec::new();
        }
    }
}

/// The longest argument that no limit can object to and that never gets a buffer of its own.
fn longest_unquestioned(limits: &Limits) -> usize {
    let allowed = limits.max_bulk.min(limits.large_arg.saturating_sub(1));
    if limits.unauthenticated { allowed.min(Limits::UNAUTHENTICATED_BULK) } else { allowed }
}

/// Number and end of a well-formed header of at most five digits at `at`. `None` asks for the careful way.
#[inline]
fn short_header(kind: u8, buffer: &[u8], at: usize) -> Option<(usize, usize)> {
    /// The number a digit stands for; more than 9 if it is none.
    #[inline]
    fn digit(byte: u8) -> usize {
        usize::from(byte.wrapping_sub(b'0'))
    }
    let header = buffer.get(at..)?;
    match *header {
        [k, a, b'\r', _, ..] if k == kind && digit(a) < 10 => Some((digit(a), at + 4)),
        [k, a, b, b'\r', _, ..] if k == kind && digit(a).wrapping_sub(1) < 9 && digit(b) < 10 => {
            Some((digit(a) * 10 + digit(b), at + 5))
        }
        [k, a, ref rest @ ..] if k == kind && digit(a).wrapping_sub(1) < 9 => {
            let mut number = digit(a);
            for (index, byte) in rest.iter().take(5).enumerate() {
                if *byte == b'\r' {
                    return (rest.len() > index + 1).then_some((number, at + index + 4));
                }
                if digit(*byte) > 9 {
                    return None;
                }
                number = number * 10 + digit(*byte);
            }
            None
        }
        _ => None,
    }
}
