//! Reads a command log piece by piece: some commands at a time, none copied.
//!
//! ```text
//! file ──> buffer [ consumed | commands of the batch | not looked at ] ──> Args
//! ```
//! The buffer grows only for a command that does not fit, and never beyond what the file still has: a length that
//! promises more is a cut-off file, found without taking the memory.

use ochre_resp::request::{Args, Batch, parse_log};
use std::io::{self, Read};

/// Bytes read at a time.
const CHUNK: usize = 128 * 1024;

/// Why a log cannot be read on.
#[derive(Debug)]
pub enum LogError {
    /// The system's fault.
    Io(io::Error),
    /// The log ends in the middle of a command.
    Truncated,
    /// This byte of the file cannot be there.
    Damaged {
        /// Position of the first byte that makes no sense.
        offset: u64,
    },
}

/// A log being read.
pub struct LogReader<R> {
    source: R,
    /// Bytes of the file that are not in the buffer yet.
    left: u64,
    buffer: Vec<u8>,
    /// What of the buffer is in the last batch or before.
    consumed: usize,
    /// Position in the file of the buffer's first byte.
    offset: u64,
    batch: Batch,
}

/// Complete commands in order.
pub struct Commands<'a> {
    batch: &'a Batch,
    buffer: &'a [u8],
    offset: u64,
}

impl Commands<'_> {
    /// Number of commands.
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// Never: at the end of the log there is no batch.
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Command `at`.
    ///
    /// # Panics
    /// If there are fewer.
    #[inline]
    pub fn args(&self, at: usize) -> Args<'_> {
        self.batch.args(at, self.buffer)
    }

    /// Position in the file behind command `at`.
    #[inline]
    pub fn end(&self, at: usize) -> u64 {
        self.offset + self.batch.buffer_end(at) as u64
    }
}

impl<R: Read> LogReader<R> {
    /// Reads `source`, which has `len` bytes from its position `offset` on.
    pub fn new(source: R, offset: u64, len: u64) -> LogReader<R> {
        LogReader { source, left: len, buffer: Vec::new(), consumed: 0, offset, batch: Batch::new() }
    }

    /// The next commands, at most `max`. `None` at the end.
    pub fn next(&mut self, max: usize) -> Result<Option<Commands<'_>>, LogError> {
        loop {
            let rest = &self.buffer[self.consumed..];
            let progress = parse_log(rest, max, &mut self.batch)
                .map_err(|damage| LogError::Damaged { offset: self.position() + damage.at as u64 })?;
            let start = self.consumed;
            self.consumed += progress.consumed;
            if !self.batch.is_empty() {
                let (buffer, offset) = (&self.buffer[start..], self.offset + start as u64);
                return Ok(Some(Commands { batch: &self.batch, buffer, offset }));
            }
            let there = self.buffer.len() - self.consumed;
            if self.left == 0 {
                return if there == 0 { Ok(None) } else { Err(LogError::Truncated) };
            }
            let wanted = progress.wanted.saturating_sub(progress.consumed).saturating_sub(there);
            if wanted as u64 > self.left {
                return Err(LogError::Truncated);
            }
            self.fill(wanted)?;
        }
    }

    /// Position in the file of the first byte that is in no batch yet.
    pub fn position(&self) -> u64 {
        self.offset + self.consumed as u64
    }

    /// Reads on, at least `wanted` bytes if the file has them.
    fn fill(&mut self, wanted: usize) -> Result<(), LogError> {
        self.offset += self.consumed as u64;
        self.buffer.drain(..self.consumed);
        self.consumed = 0;
        // Doubling keeps what is parsed again within bounds.
        let amount = wanted.max(CHUNK).max(self.buffer.len()) as u64;
        let amount = amount.min(self.left);
        let (mut end, wanted) = (self.buffer.len(), self.buffer.len() + amount as usize);
        self.buffer.resize(wanted, 0);
        while end < wanted {
            match self.source.read(&mut self.buffer[end..]) {
                Ok(0) => break,
                Ok(read) => end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(LogError::Io(error)),
            }
        }
        // A file that shrinks meanwhile ends where it ends.
        self.left = if end < wanted { 0 } else { self.left - amount };
        self.buffer.truncate(end);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(values: impl Iterator<Item = usize>) -> Vec<u8> {
        let mut log = Vec::new();
        for len in values {
            log.extend(format!("*2\r\n$3\r\nSET\r\n${len}\r\n").into_bytes());
            log.extend(std::iter::repeat_n(b'x', len));
            log.extend(b"\r\n");
        }
        log
    }

    fn read(log: &[u8], claimed: u64) -> (Vec<usize>, Result<u64, LogError>) {
        let mut reader = LogReader::new(log, 7, claimed);
        let (mut found, mut end) = (Vec::new(), 7);
        loop {
            match reader.next(64) {
                Ok(Some(commands)) => {
                    for at in 0..commands.len() {
                        found.push(commands.args(at).get(1).len());
                        end = commands.end(at);
                    }
                }
                Ok(None) => return (found, Ok(end)),
                Err(error) => return (found, Err(error)),
            }
        }
    }

    #[test]
    fn small_and_large_commands_come_whole_and_in_order() {
        let sizes: Vec<usize> = (0..3000).chain([CHUNK - 20, CHUNK * 3, 0, CHUNK, 5]).collect();
        let log = log_of(sizes.iter().copied());
        let (found, end) = read(&log, log.len() as u64);
        assert_eq!(found, sizes);
        assert_eq!(end.unwrap(), 7 + log.len() as u64);
    }

    #[test]
    fn a_cut_off_log_gives_what_is_whole() {
        let log = log_of([1, 2, 3].into_iter());
        let (found, end) = read(&log[..log.len() - 1], log.len() as u64 - 1);
        assert_eq!(found, [1, 2]);
        assert!(matches!(end, Err(LogError::Truncated)));
    }

    #[test]
    fn a_length_beyond_the_file_takes_no_memory() {
        let log = b"*1\r\n$4000000000000\r\nab";
        assert!(matches!(read(log, log.len() as u64).1, Err(LogError::Truncated)));
    }

    #[test]
    fn damage_is_told_with_its_place_in_the_file() {
        let mut log = log_of([1].into_iter());
        let at = log.len() as u64;
        log.extend(b"!!!");
        assert!(
            matches!(read(&log, log.len() as u64).1, Err(LogError::Damaged { offset }) if offset == 7 + at)
        );
    }

    #[test]
    fn annotations_alone_are_an_empty_log() {
        let log = b"#TS:1\r\n#TS:2\r\n";
        let (found, end) = read(log, log.len() as u64);
        assert!(found.is_empty() && end.is_ok());
    }
}
