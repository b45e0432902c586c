//! Looks through a command log without running it, and says up to where it is whole: what check-aof does.
//!
//! It is as exact about line ends as the loader, tells MULTI without EXEC, and can stop at the first annotation
//! behind a time. Its texts are those of redis-check-aof.c, as people search the web for them. Words are skipped,
//! not stored, so that a length that lies takes no memory.

use std::io::{self, BufRead};

/// The longest header that is read, its line end included.
const MAX_HEADER: usize = 127;
/// The longest annotation.
const MAX_ANNOTATION: usize = 1023;

/// Checks the files of a log in their order; lines are counted through all of them.
#[derive(Debug)]
pub struct Checker {
    /// The line after the last one that was read.
    pub line: u64,
    /// What was wrong, with the position in the file.
    pub error: Option<String>,
    /// Stop at the first annotation with a later time than this, in seconds.
    pub until: Option<i64>,
}

/// What was found in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Bytes from the start of the file that are whole commands and whole transactions.
    pub valid: u64,
    /// The reason why the log ends there.
    pub end: End,
}

/// Why the check of a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The file ends, or something in it is wrong.
    Here,
    /// What follows is no log.
    NoLog,
    /// An annotation here has a later time than asked for.
    Later,
    /// An annotation has no time that can be read.
    BadAnnotation,
}

/// Something is wrong, or there is no more; [`Checker::error`] has the text, if there is one.
struct Stop;

type Step<T> = io::Result<Result<T, Stop>>;

impl Default for Checker {
    fn default() -> Self {
        Checker { line: 1, error: None, until: None }
    }
}

impl Checker {
    /// Checks a file whose bytes from `offset` on are in `source`. `name` is for the texts.
    pub fn check(&mut self, source: impl BufRead, offset: u64, name: &str) -> io::Result<Verdict> {
        let mut scan = Scan { source, offset, mark: offset, at_end: false };
        let (mut valid, mut open) = (offset, 0i32);
        let end = loop {
            if open == 0 {
                valid = scan.offset;
            }
            match scan.peek()? {
                None => break End::Here,
                Some(b'#') => match scan.annotation(self.until)? {
                    Annotation::Fine => {}
                    Annotation::Later => return Ok(Verdict { valid: scan.mark, end: End::Later }),
                    Annotation::Bad => return Ok(Verdict { valid, end: End::BadAnnotation }),
                },
                Some(b'*') => {
                    if self.command(&mut scan, &mut open, name)?.is_err() {
                        break End::Here;
                    }
                }
                Some(_) => break End::NoLog,
            }
        };
        if scan.at_end && open != 0 && self.error.is_none() {
            self.fail(&scan, "Reached EOF before reading EXEC for MULTI");
        }
        Ok(Verdict { valid, end })
    }

    fn fail<R>(&mut self, scan: &Scan<R>, text: impl std::fmt::Display) -> Stop {
        self.error = Some(format!("0x{:16x}: {text}", scan.mark));
        Stop
    }

    /// A command; keeps track of transactions.
    fn command<R: BufRead>(&mut self, scan: &mut Scan<R>, open: &mut i32, name: &str) -> Step<()> {
        let words = match self.number(scan, b'*')? {
            Ok(words) => words,
            Err(stop) => return Ok(Err(stop)),
        };
        for at in 0..words {
            let word = match self.word(scan)? {
                Ok(word) => word,
                Err(stop) => return Ok(Err(stop)),
            };
            if at > 0 {
                continue;
            }
            let (wrong, kind) = match word.to_ascii_lowercase().as_slice() {
                b"multi" => {
                    *open += 1;
                    (*open != 1, "MULTI")
                }
                b"exec" => {
                    *open -= 1;
                    (*open != 0, "EXEC")
                }
                _ => (false, ""),
            };
            if wrong {
                return Ok(Err(self.fail(scan, format_args!("Unexpected {kind} in AOF {name}"))));
            }
        }
        Ok(Ok(()))
    }

    /// A header: a type byte, a number, a line end.
    fn number<R: BufRead>(&mut self, scan: &mut Scan<R>, kind: u8) -> Step<i64> {
        scan.mark = scan.offset;
        let mut line = scan.line(MAX_HEADER)?;
        let Some(first) = line.first().copied() else { return Ok(Err(Stop)) };
        if first != kind {
            let (wanted, got) = (char::from(kind), char::from(first));
            return Ok(Err(self.fail(scan, format_args!("Expected prefix '{wanted}', got: '{got}'"))));
        }
        let text = line.split_off(1);
        let sign = usize::from(text.starts_with(b"-"));
        // A sign without digits is no number, and stays.
        let len = match text.iter().skip(sign).take_while(|byte| byte.is_ascii_digit()).count() {
            0 => 0,
            digits => sign + digits,
        };
        let number = String::from_utf8_lossy(&text[..len]).parse::<i64>();
        let saturated = if text.starts_with(b"-") { i64::MIN } else { i64::MAX };
        let number = if len == 0 { 0 } else { number.unwrap_or(saturated) };
        Ok(self.line_end(scan, &text[len..]).map(|()| number))
    }

    fn line_end<R>(&mut self, scan: &Scan<R>, rest: &[u8]) -> Result<(), Stop> {
        if rest.starts_with(b"\r\n") {
            self.line += 1;
            return Ok(());
        }
        let byte = |at| rest.get(at).copied().unwrap_or(0) as i8 as i32;
        Err(self.fail(scan, format_args!("Expected \\r\\n, got: {:02x}{:02x}", byte(0), byte(1))))
    }

    /// A word behind its header. Only the beginning is kept.
    fn word<R: BufRead>(&mut self, scan: &mut Scan<R>) -> Step<Vec<u8>> {
        let len = match self.number(scan, b'$')? {
            Ok(len) => len,
            Err(stop) => return Ok(Err(stop)),
        };
        if !(0..=i64::MAX - 2).contains(&len) {
            let text =
                format_args!("Expected to read string of {len} bytes, which is not in the suitable range");
            return Ok(Err(self.fail(scan, text)));
        }
        let len = len.unsigned_abs() + 2;
        scan.mark = scan.offset;
        let (word, end) = scan.skip(len)?;
        let read = scan.offset - scan.mark;
        if read < len {
            let text = format_args!("Expected to read {len} bytes, got {read} bytes");
            return Ok(Err(self.fail(scan, text)));
        }
        Ok(self.line_end(scan, &end).map(|()| word))
    }
}

enum Annotation {
    Fine,
    Later,
    Bad,
}

/// A file being looked through.
struct Scan<R> {
    source: R,
    offset: u64,
    /// Where the part under way begins.
    mark: u64,
    at_end: bool,
}

impl<R: BufRead> Scan<R> {
    /// The next byte, without taking it.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        let first = loop {
            match self.source.fill_buf() {
                Ok(buffer) => break buffer.first().copied(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        self.at_end |= first.is_none();
        Ok(first)
    }

    /// The bytes up to the end of the line, at most `max`.
    fn line(&mut self, max: usize) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        while line.len() < max && line.last() != Some(&b'\n') {
            let Some(byte) = self.peek()? else { break };
            self.source.consume(1);
            self.offset += 1;
            line.push(byte);
        }
        Ok(line)
    }

    /// Passes `len` bytes, or what there is of them. Returns the first few and the last two.
    fn skip(&mut self, mut len: u64) -> io::Result<(Vec<u8>, Vec<u8>)> {
        const KEPT: usize = 8;
        let (mut first, mut last) = (Vec::new(), Vec::new());
        while len > 0 && self.peek()?.is_some() {
            let buffer = self.source.fill_buf()?;
            let count = buffer.len().min(usize::try_from(len).unwrap_or(usize::MAX));
            let missing = KEPT.saturating_sub(first.len()).min(count);
            first.extend_from_slice(&buffer[..missing]);
            last.extend_from_slice(&buffer[count.saturating_sub(2)..count]);
            last.drain(..last.len().saturating_sub(2));
            self.source.consume(count);
            self.offset += count as u64;
            len -= count as u64;
        }
        first.truncate(first.len().saturating_sub(if first.ends_with(b"\r\n") { 2 } else { 0 }));
        Ok((first, last))
    }

    fn annotation(&mut self, until: Option<i64>) -> io::Result<Annotation> {
        self.mark = self.offset;
        let line = self.line(MAX_ANNOTATION)?;
        let (Some(until), Some(text)) = (until, line.strip_prefix(b"#TS:")) else {
            return Ok(Annotation::Fine);
        };
        let end = text.iter().position(|byte| *byte == b'\r').unwrap_or(0);
        Ok(match std::str::from_utf8(&text[..end]).ok().and_then(|text| text.parse::<i64>().ok()) {
            None => Annotation::Bad,
            Some(time) if time <= until => Annotation::Fine,
            Some(_) => Annotation::Later,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SET: &str = "*3\r\n$3\r\nset\r\n$3\r\nfoo\r\n$5\r\nhello\r\n";

    fn check(log: &str) -> (Verdict, Checker) {
        let mut checker = Checker::default();
        (checker.check(log.as_bytes(), 0, "a.aof").unwrap(), checker)
    }

    #[test]
    fn a_whole_log_is_valid_to_its_end() {
        let log = format!("#TS:1\r\n{SET}*1\r\n$5\r\nMULTI\r\n{SET}*1\r\n$4\r\nEXEC\r\n");
        let (verdict, checker) = check(&log);
        assert_eq!(verdict, Verdict { valid: log.len() as u64, end: End::Here });
        assert_eq!(checker.error, None);
    }

    #[test]
    fn what_is_wrong_is_said_with_place_and_line() {
        for (rest, error) in [
            ("*3\r\n$3\r\nset", "0x              29: Expected to read 5 bytes, got 3 bytes"),
            (
                "*1\r\n$-1\r\n",
                "0x              25: Expected to read string of -1 bytes, which is not in the suitable range",
            ),
            ("*1\r\n!\r\n", "0x              25: Expected prefix '$', got: '!'"),
            ("*1\r\n$-\r\n", "0x              25: Expected \\r\\n, got: 2d0d"),
            ("*1\n", "0x              21: Expected \\r\\n, got: 0a00"),
            ("*1\r\n$1\r\naXX", "0x              29: Expected \\r\\n, got: 5858"),
            ("*1\r\n$4\r\nexec\r\n", "0x              29: Unexpected EXEC in AOF a.aof"),
            ("*1\r\n$5\r\nmulti\r\n", "0x              29: Reached EOF before reading EXEC for MULTI"),
        ] {
            let (verdict, checker) = check(&format!("{SET}{rest}"));
            assert_eq!(verdict, Verdict { valid: SET.len() as u64, end: End::Here }, "{rest}");
            assert_eq!(checker.error.as_deref(), Some(error));
        }
        let (verdict, checker) = check(&format!("{SET}!!!"));
        assert_eq!((verdict.end, checker.line), (End::NoLog, 8));
    }

    #[test]
    fn a_time_ends_the_check() {
        let log = format!("#TS:5\r\n{SET}#TS:6\r\n{SET}#TS:x\r\n");
        for (until, valid, end) in
            [(5, 7 + SET.len(), End::Later), (4, 0, End::Later), (6, 14 + 2 * SET.len(), End::BadAnnotation)]
        {
            let mut checker = Checker { until: Some(until), ..Checker::default() };
            assert_eq!(checker.check(log.as_bytes(), 0, "a").unwrap(), Verdict { valid: valid as u64, end });
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_get_a_verdict(log in any::<Vec<u8>>(), cut in 0usize..40) {
            let bytes = [&SET.as_bytes()[..cut.min(SET.len())], &log].concat();
            let verdict = Checker::default().check(&bytes[..], 0, "a").unwrap();
            prop_assert!(verdict.valid <= bytes.len() as u64);
        }
    }
}
