//! Where decoders read from: bytes at hand, or a stream behind a buffer.
//!
//! ```text
//! Source    | consumed | window          | free     |      take(n) shows n bytes of the window;
//!            0          at                end              if they are not there yet, the window
//!                                                          moves to the front and is filled up
//! ```
//! What is taken is shown where it was read to, so a decoder copies it once, to its place. A value
//! larger than the buffer makes it grow as its bytes arrive, never by what a length claims.

use super::{Fault, crc64};
use ochre_engine::encoding::lzf;
use std::io::{BufRead, ErrorKind, Read};

/// Bytes that are read at once: few enough to stay in the second-level cache.
const CHUNK: usize = 64 * 1024;

/// A buffer that grew larger for some value is given back when small ones follow.
const LARGEST_KEPT: usize = 4 << 20;

/// A row of bytes to be decoded.
pub trait Input {
    /// The next `n` bytes.
    fn take(&mut self, n: usize) -> Result<&[u8], Fault>;

    /// Bytes taken so far.
    fn offset(&self) -> u64;

    /// The most bytes that can still come, if that is known.
    fn bytes_left(&self) -> Option<u64>;

    /// One byte.
    #[inline]
    fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.take(1)?[0])
    }

    /// Takes as many bytes as the array has.
    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// A length, or the encoding of a string without one.
    #[inline]
    fn length_or_encoding(&mut self) -> Result<Length, Fault> {
        let first = self.byte()?;
        Ok(match first >> 6 {
            0 => Length::Is(u64::from(first)),
            1 => Length::Is(u64::from(first & 0x3f) << 8 | u64::from(self.byte()?)),
            2 if first == 0x80 => Length::Is(u64::from(u32::from_be_bytes(self.array()?))),
            2 if first == 0x81 => Length::Is(u64::from_be_bytes(self.array()?)),
            2 => return Err(Fault::Invalid("unknown form of a length")),
            _ => Length::Encoding(first & 0x3f),
        })
    }

    /// A length.
    #[inline]
    fn length(&mut self) -> Result<u64, Fault> {
        match self.length_or_encoding()? {
            Length::Is(length) => Ok(length),
            Length::Encoding(_) => Err(Fault::Invalid("an encoding in place of a length")),
        }
    }

    /// A string, whatever its form, as bytes: in place, or in `scratch` if it had to be made.
    #[inline]
    fn string<'a>(&'a mut self, scratch: &'a mut Vec<u8>) -> Result<&'a [u8], Fault> {
        match self.length_or_encoding()? {
            Length::Is(length) => self.take(usize::try_from(length).map_err(|_| Fault::Short)?),
            Length::Encoding(encoding) => self.encoded_string(encoding, scratch),
        }
    }

    /// The rest of a string in one of the encodings, written to `scratch`.
    fn encoded_string<'a>(&mut self, encoding: u8, scratch: &'a mut Vec<u8>) -> Result<&'a [u8], Fault> {
        scratch.clear();
        if let Some(integer) = self.integer(encoding)? {
            scratch.extend_from_slice(itoa::Buffer::new().format(integer).as_bytes());
            return Ok(scratch);
        }
        self.compressed(scratch)
    }

    /// The rest of a compressed string, written to `scratch`.
    fn compressed<'a>(&mut self, scratch: &'a mut Vec<u8>) -> Result<&'a [u8], Fault> {
        let packed = self.length()?;
        let plain = usize::try_from(self.length()?).map_err(|_| Fault::Short)?;
        let packed = self.take(usize::try_from(packed).map_err(|_| Fault::Short)?)?;
        lzf::decompress_into(packed, plain, scratch)?;
        Ok(scratch)
    }

    /// The rest of a string that is an integer; none if it is compressed.
    #[inline]
    fn integer(&mut self, encoding: u8) -> Result<Option<i64>, Fault> {
        Ok(Some(match encoding {
            0 => i64::from(i8::from_le_bytes(self.array()?)),
            1 => i64::from(i16::from_le_bytes(self.array()?)),
            2 => i64::from(i32::from_le_bytes(self.array()?)),
            3 => return Ok(None),
            _ => return Err(Fault::Invalid("unknown encoding of a string")),
        }))
    }

    /// A binary score.
    fn double(&mut self) -> Result<f64, Fault> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    /// How many elements to make room for if `count` are announced. A false announcement costs no more
    /// than about the bytes that are there; a true one of very short elements costs some growth.
    fn capacity(&self, count: u64) -> usize {
        /// Bytes of a table's slot, and more than most elements take in a file.
        const EACH: u64 = 12;
        let most = self.bytes_left().map_or(1 << 16, |left| left / EACH);
        count.min(most) as usize
    }
}

/// What the first byte of a string says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// So many bytes (or elements) follow.
    Is(u64),
    /// A string in this encoding follows.
    Encoding(u8),
}

/// Bytes that are all there.
pub struct Slice<'a> {
    rest: &'a [u8],
    taken: u64,
}

impl<'a> Slice<'a> {
    /// Reads these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Slice { rest: bytes, taken: 0 }
    }

    /// What was not taken.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl Input for Slice<'_> {
    #[inline]
    fn take(&mut self, n: usize) -> Result<&[u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(Fault::Short)?;
        self.rest = rest;
        self.taken += n as u64;
        Ok(taken)
    }

    fn offset(&self) -> u64 {
        self.taken
    }

    fn bytes_left(&self) -> Option<u64> {
        Some(self.rest.len() as u64)
    }
}

/// A stream behind a buffer. What is left in it after the RDB part can be read through `BufRead`
/// (the commands behind an RDB preamble).
pub struct Source<R> {
    reader: R,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Bytes taken before the start of the buffer.
    before: u64,
    size: Option<u64>,
    crc: u64,
    /// Up to where in the buffer the checksum went.
    summed: usize,
}

impl<R: Read> Source<R> {
    /// Reads `reader`, of which `size` bytes are there (if that is known).
    pub fn new(reader: R, size: Option<u64>) -> Self {
        let buffer = vec![0; CHUNK];
        Source { reader, buffer, at: 0, end: 0, before: 0, size, crc: 0, summed: 0 }
    }

    /// The stream; what is in the buffer is lost.
    pub fn into_inner(self) -> R {
        self.reader
    }

    /// The checksum of everything taken so far.
    pub fn checksum(&mut self) -> u64 {
        self.sum_up();
        self.crc
    }

    /// The bytes that are there without reading.
    #[inline]
    pub(super) fn window(&self) -> &[u8] {
        &self.buffer[self.at..self.end]
    }

    /// Reads on, so that the window becomes twice as large at least. False if nothing more came: at the end,
    /// or because of an error, which the next read meets.
    pub(super) fn widen(&mut self) -> bool {
        let before = self.end - self.at;
        let _ = self.fill((2 * before).max(CHUNK));
        self.end - self.at > before
    }

    fn sum_up(&mut self) {
        let new = &self.buffer[self.summed..self.at];
        self.crc = crc64::update(self.crc, new);
        self.summed = self.at;
    }

    /// Reads until `n` bytes are in the window.
    #[cold]
    #[inline(never)]
    fn fill(&mut self, n: usize) -> Result<(), Fault> {
        self.sum_up();
        self.buffer.copy_within(self.at..self.end, 0);
        self.before += self.at as u64;
        self.end -= self.at;
        (self.at, self.summed) = (0, 0);
        if self.buffer.len() > LARGEST_KEPT && self.end.max(n) <= CHUNK {
            self.buffer.truncate(CHUNK);
            self.buffer.shrink_to_fit();
        }
        while self.end < n {
            if self.end == self.buffer.len() {
                // Grown by what has arrived, not by what is claimed.
                let more = self.buffer.len().min(n - self.end).max(CHUNK);
                self.buffer.resize(self.buffer.len() + more, 0);
            }
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Err(Fault::Short),
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::Io(error)),
            }
        }
        Ok(())
    }
}

impl<R: Read> Input for Source<R> {
    #[inline]
    fn take(&mut self, n: usize) -> Result<&[u8], Fault> {
        if self.end - self.at < n {
            self.fill(n)?;
        }
        let start = self.at;
        self.at += n;
        Ok(&self.buffer[start..self.at])
    }

    #[inline]
    fn offset(&self) -> u64 {
        self.before + self.at as u64
    }

    fn bytes_left(&self) -> Option<u64> {
        self.size.map(|size| size.saturating_sub(self.offset()))
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let window = self.fill_buf()?;
        let n = window.len().min(into.len());
        into[..n].copy_from_slice(&window[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.at == self.end {
            match self.fill(1) {
                Ok(()) | Err(Fault::Short) => {}
                Err(Fault::Io(error)) => return Err(error),
                Err(other) => return Err(std::io::Error::other(other.to_string())),
            }
        }
        Ok(&self.buffer[self.at..self.end])
    }

    fn consume(&mut self, n: usize) {
        self.at = (self.at + n).min(self.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time, and interrupts now and then.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(3) {
                return Err(ErrorKind::Interrupted.into());
            }
            let n = (self.1 % 7 + 1).min(into.len()).min(self.0.len());
            into[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    #[test]
    fn a_source_shows_all_bytes_in_order_whatever_the_reader_gives() {
        let bytes: Vec<u8> = (0..200_000u32).map(|at| (at.wrapping_mul(at) >> 7) as u8).collect();
        let mut source = Source::new(Drip(&bytes, 0), None);
        let mut seen = Vec::new();
        for n in (0..).map(|at| at * 37 % 1000).take(300) {
            seen.extend_from_slice(Input::take(&mut source, n).unwrap());
            assert_eq!(source.offset(), seen.len() as u64);
        }
        assert_eq!(source.checksum(), crc64::update(0, &seen));
        let mut rest = Vec::new();
        source.read_to_end(&mut rest).unwrap();
        assert_eq!([seen, rest].concat(), bytes);
        assert!(matches!(Input::take(&mut source, 1), Err(Fault::Short)));
    }

    #[test]
    fn the_buffer_grows_for_a_large_value_and_shrinks_again() {
        let bytes = vec![1; 10 << 20];
        let mut source = Source::new(&bytes[..], None);
        assert_eq!(Input::take(&mut source, 9 << 20).unwrap().len(), 9 << 20);
        Input::take(&mut source, 100_000).unwrap();
        for _ in 0..100 {
            Input::take(&mut source, 1000).unwrap();
        }
        while Input::take(&mut source, 1000).is_ok() {}
        assert!(source.buffer.len() <= LARGEST_KEPT, "{}", source.buffer.len());
    }

    #[test]
    fn lengths_of_every_form_are_read() {
        let mut out = crate::rdb::output::Output::in_memory();
        let lengths = [0, 63, 64, 16383, 16384, 1 << 31, u64::from(u32::MAX), 1 << 32, u64::MAX];
        lengths.iter().for_each(|length| out.length(*length));
        let bytes = out.into_bytes();
        let mut input = Slice::new(&bytes);
        lengths.iter().for_each(|length| assert_eq!(input.length().unwrap(), *length));
        assert!(input.rest().is_empty());
    }
}
