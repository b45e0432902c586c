//! Where encoders write to: one reused buffer, emptied into a writer when it is full.
//!
//! Writing cannot fail for the encoders: the first error is kept and everything after it is
//! dropped until [`Output::flush`] reports it. The checksum goes over whole buffers.

use super::crc64;
use std::io::{self, Write};

/// Bytes in the buffer at which it is written out.
const FULL: usize = 192 * 1024;
/// Strings from this size on are not copied into the buffer.
const LARGE: usize = 64 * 1024;

/// A buffer over a writer, or one that just grows.
pub struct Output<'w> {
    buffer: Vec<u8>,
    to: Option<&'w mut dyn Write>,
    written: u64,
    crc: Option<u64>,
    error: Option<io::Error>,
}

impl Output<'static> {
    /// Keeps everything in memory.
    pub fn in_memory() -> Self {
        Output { buffer: Vec::new(), to: None, written: 0, crc: None, error: None }
    }

    /// Forgets what was written, and keeps the memory.
    pub fn clear(&mut self) {
        self.buffer.clear();
    }

    /// What was written to [`Output::in_memory`].
    pub fn into_bytes(self) -> Vec<u8> {
        self.buffer
    }
}

impl<'w> Output<'w> {
    /// Passes everything on to `to`.
    pub fn new(to: &'w mut dyn Write, checksum: bool) -> Self {
        let buffer = Vec::with_capacity(FULL + LARGE);
        Output { buffer, to: Some(to), written: 0, crc: checksum.then_some(0), error: None }
    }

    /// Bytes taken so far.
    #[inline]
    pub fn position(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// One byte.
    #[inline]
    pub fn byte(&mut self, byte: u8) {
        self.buffer.push(byte);
    }

    /// Bytes as they are.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        if bytes.len() >= LARGE && self.to.is_some() {
            return self.through(bytes);
        }
        self.buffer.extend_from_slice(bytes);
        self.make_room();
    }

    /// A length.
    #[inline]
    pub fn length(&mut self, length: u64) {
        match length {
            0..64 => self.buffer.push(length as u8),
            64..16384 => self.buffer.extend_from_slice(&(length as u16 | 0x4000).to_be_bytes()),
            _ if length <= u64::from(u32::MAX) => {
                self.buffer.push(0x80);
                self.buffer.extend_from_slice(&(length as u32).to_be_bytes());
            }
            _ => {
                self.buffer.push(0x81);
                self.buffer.extend_from_slice(&length.to_be_bytes());
            }
        }
    }

    /// A string of `plain` bytes that was compressed to these.
    pub fn compressed(&mut self, bytes: &[u8], plain: usize) {
        self.byte(0xC3);
        self.length(bytes.len() as u64);
        self.length(plain as u64);
        self.bytes(bytes);
    }

    /// Writes the buffer out if it is full.
    #[inline]
    pub fn make_room(&mut self) {
        if self.buffer.len() >= FULL && self.to.is_some() {
            self.write_out();
        }
    }

    #[cold]
    fn through(&mut self, bytes: &[u8]) {
        self.write_out();
        self.crc = self.crc.map(|crc| crc64::update(crc, bytes));
        self.written += bytes.len() as u64;
        if let (Some(to), None) = (&mut self.to, &self.error) {
            self.error = to.write_all(bytes).err();
        }
    }

    #[cold]
    fn write_out(&mut self) {
        self.crc = self.crc.map(|crc| crc64::update(crc, &self.buffer));
        self.written += self.buffer.len() as u64;
        if let (Some(to), None) = (&mut self.to, &self.error) {
            self.error = to.write_all(&self.buffer).err();
        }
        self.buffer.clear();
    }

    /// The checksum of everything written so far; 0 without one.
    pub fn checksum(&mut self) -> u64 {
        if self.to.is_some() {
            self.write_out();
        }
        self.crc.unwrap_or(0)
    }

    /// Reports the first error so far, if there was one.
    #[inline]
    pub fn check(&mut self) -> io::Result<()> {
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Writes everything out and reports the first error.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.to.is_some() {
            self.write_out();
        }
        self.check()
    }
}
