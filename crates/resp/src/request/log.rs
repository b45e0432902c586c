//! Commands as a log on disk holds them: arrays of bulk strings, nothing else, and annotations between them.
//!
//! ```text
//! #TS:1700000000\r\n                         annotation, skipped
//! *3\r\n $3\r\nSET\r\n $1\r\nk\r\n $1\r\nv\r\n   command
//! ```
//! A connection may send lines and empty arrays, and is forgiven a wrong byte behind a payload. A file that holds
//! such a thing is damaged, hence a parser of its own. It takes whole commands only and remembers nothing.

use super::args::Span;
use super::batch::Batch;

/// The longest header: type byte, 19 digits, CR, LF, and some leading zeroes.
const MAX_HEADER: usize = 32;
/// The longest annotation looked at in one piece; a longer one is damage.
const MAX_ANNOTATION: usize = 1024;

/// The log cannot be understood from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DamagedLog {
    /// Position in the buffer of the byte that cannot be there.
    pub at: usize,
}

/// What a call of [`parse_log`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogProgress {
    /// Bytes at the front of the buffer that are complete commands and annotations.
    pub consumed: usize,
    /// Bytes that the buffer must have at least so that there is more to find; 0 if that is not known or the
    /// batch is full.
    pub wanted: usize,
}

/// Finds all complete commands of `buffer`, at most `max` of them, whose former content is forgotten. An error
/// is reported once no complete command is in front of it.
pub fn parse_log(buffer: &[u8], max: usize, batch: &mut Batch) -> Result<LogProgress, DamagedLog> {
    batch.clear();
    let mut progress = LogProgress::default();
    while batch.len() < max {
        match item(buffer, progress.consumed, batch) {
            Ok(end) => progress.consumed = end,
            Err(Stop::Incomplete { wanted }) => {
                progress.wanted = wanted;
                break;
            }
            Err(Stop::Damaged(damage)) if batch.is_empty() => return Err(damage),
            Err(Stop::Damaged(_)) => break,
        }
    }
    batch.drop_open();
    Ok(progress)
}

enum Stop {
    Incomplete { wanted: usize },
    Damaged(DamagedLog),
}

fn damaged<T>(at: usize) -> Result<T, Stop> {
    Err(Stop::Damaged(DamagedLog { at }))
}

/// One command or annotation at `at`; returns its end.
#[inline]
fn item(buffer: &[u8], at: usize, batch: &mut Batch) -> Result<usize, Stop> {
    match buffer.get(at) {
        Some(b'*') => {}
        Some(b'#') => return annotation(buffer, at),
        Some(_) => return damaged(at),
        None => return Err(Stop::Incomplete { wanted: 0 }),
    }
    let (count, mut pos) = header(buffer, at)?;
    if count == 0 {
        return damaged(at);
    }
    for _ in 0..count {
        match buffer.get(pos) {
            Some(b'$') => {}
            Some(_) => return damaged(pos),
            None => return Err(Stop::Incomplete { wanted: 0 }),
        }
        let (len, payload) = header(buffer, pos)?;
        let Some(end) = payload.checked_add(len).and_then(|end| end.checked_add(2)) else {
            return damaged(pos);
        };
        match buffer.get(end - 2..end) {
            Some(b"\r\n") => {}
            Some(_) => return damaged(end - 2),
            None => return Err(Stop::Incomplete { wanted: end }),
        }
        batch.push(Span::in_buffer(payload, len));
        pos = end;
    }
    batch.finish(pos);
    Ok(pos)
}

/// The number behind the type byte at `at`, and the position behind its line.
#[inline]
fn header(buffer: &[u8], at: usize) -> Result<(usize, usize), Stop> {
    let mut number = 0usize;
    for (index, byte) in buffer[at + 1..].iter().take(MAX_HEADER).enumerate() {
        let digit = usize::from(byte.wrapping_sub(b'0'));
        if digit > 9 {
            let end = at + 1 + index;
            return match buffer.get(end..end + 2) {
                Some(b"\r\n") if index > 0 => Ok((number, end + 2)),
                None if *byte == b'\r' && index > 0 => Err(Stop::Incomplete { wanted: 0 }),
                _ => damaged(end),
            };
        }
        match number.checked_mul(10).and_then(|tens| tens.checked_add(digit)) {
            Some(next) => number = next,
            None => return damaged(at),
        }
    }
    if buffer.len() - at > MAX_HEADER { damaged(at) } else { Err(Stop::Incomplete { wanted: 0 }) }
}

/// The end of an annotation: a line that begins with `#`.
fn annotation(buffer: &[u8], at: usize) -> Result<usize, Stop> {
    let line = &buffer[at..buffer.len().min(at + MAX_ANNOTATION)];
    match memchr::memchr(b'\n', line) {
        Some(end) => Ok(at + end + 1),
        None if line.len() == MAX_ANNOTATION => damaged(at),
        None => Err(Stop::Incomplete { wanted: 0 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Words = Vec<Vec<u8>>;

    fn commands(buffer: &[u8], max: usize) -> Result<(Vec<Words>, LogProgress), DamagedLog> {
        let mut batch = Batch::new();
        let progress = parse_log(buffer, max, &mut batch)?;
        let of = |at| batch.args(at, buffer).iter().map(<[u8]>::to_vec).collect();
        Ok(((0..batch.len()).map(of).collect(), progress))
    }

    #[test]
    fn commands_and_annotations_are_told_apart() {
        let log = b"#TS:1\r\n*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n#x\n*1\r\n$4\r\nEXEC\r\n";
        let (found, progress) = commands(log, 10).unwrap();
        assert_eq!(found, vec![vec![b"DEL".to_vec(), b"k".to_vec()], vec![b"EXEC".to_vec()]]);
        assert_eq!(progress, LogProgress { consumed: log.len(), wanted: 0 });
    }

    #[test]
    fn what_is_cut_off_is_left_and_what_it_needs_is_told() {
        let log = b"*1\r\n$4\r\nEXEC\r\n*2\r\n$3\r\nGET\r\n$100\r\nab";
        let (found, progress) = commands(log, 10).unwrap();
        assert_eq!((found.len(), progress.consumed), (1, 14));
        assert_eq!(progress.wanted, log.len() - 2 + 102);
    }

    #[test]
    fn damage_is_told_with_its_place() {
        for (log, at) in [
            (&b"!!!"[..], 0),
            (b"PING\r\n", 0),
            (b"*0\r\n", 0),
            (b"*-1\r\n", 1),
            (b"*1\r\n!", 4),
            (b"*1\r\n$-1\r\n", 5),
            (b"*1x\r\n", 2),
            (b"*1\r\n$1\r\naxx", 9),
            (b"*1\r\n$99999999999999999999999\r\n", 4),
        ] {
            assert_eq!(commands(log, 10), Err(DamagedLog { at }), "{}", log.escape_ascii());
        }
    }

    #[test]
    fn damage_behind_a_command_waits_for_its_turn() {
        let log = b"*1\r\n$4\r\nEXEC\r\n!!!";
        let (found, progress) = commands(log, 10).unwrap();
        assert_eq!((found.len(), progress.consumed), (1, 14));
        assert_eq!(commands(&log[14..], 10), Err(DamagedLog { at: 0 }));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 64 }))]
        #[test]
        fn every_prefix_gives_the_commands_that_are_whole(
            words in prop::collection::vec(prop::collection::vec(any::<Vec<u8>>(), 1..4), 1..6),
            cut in any::<prop::sample::Index>(),
            max in 1usize..8,
        ) {
            let (mut log, mut ends) = (Vec::new(), Vec::new());
            for command in &words {
                log.extend(format!("*{}\r\n", command.len()).into_bytes());
                for word in command {
                    log.extend(format!("${}\r\n", word.len()).into_bytes());
                    log.extend(word);
                    log.extend(b"\r\n");
                }
                ends.push(log.len());
            }
            let cut = cut.index(log.len() + 1);
            let whole = ends.iter().filter(|end| **end <= cut).count().min(max);
            let (found, progress) = commands(&log[..cut], max).unwrap();
            prop_assert_eq!(found, &words[..whole]);
            prop_assert_eq!(progress.consumed, if whole == 0 { 0 } else { ends[whole - 1] });
        }

        #[test]
        fn no_bytes_do_harm(log in any::<Vec<u8>>()) {
            let _ = commands(&log, 100);
        }
    }
}
