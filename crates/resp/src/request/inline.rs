//! A line split into arguments, with quoting: inline commands and lines of the configuration file.
//!
//! `"..."` knows `\n \r \t \b \a \xHH` and takes any other escaped byte for itself, `'...'` knows only `\'`.
//! A closing quote must be followed by a blank or the end (sds.c: sdssplitargs). A zero byte ends the line.

/// Quotes that do not match, or text right behind a closing quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnbalancedQuotes;

/// Splits a line (without its line end) into arguments.
pub fn split_args(line: &[u8]) -> Result<Vec<Vec<u8>>, UnbalancedQuotes> {
    let end = memchr::memchr(0, line).unwrap_or(line.len());
    let mut rest = &line[..end];
    let mut args = Vec::new();
    loop {
        rest = skip_blanks(rest);
        if rest.is_empty() {
            return Ok(args);
        }
        let mut arg = Vec::new();
        rest = take_arg(rest, &mut arg)?;
        args.push(arg);
    }
}

/// Calls `found` with start and length of each argument of a line. `false`, and nothing called, if the line
/// has quotes and needs [`split_args`].
pub(crate) fn split_plain(line: &[u8], mut found: impl FnMut(usize, usize)) -> bool {
    if memchr::memchr2(b'"', b'\'', line).is_some() {
        return false;
    }
    let mut at = line.len() - skip_blanks(line).len();
    while at < line.len() {
        let len = line[at..].iter().position(|byte| ends_arg(*byte)).unwrap_or(line.len() - at);
        found(at, len);
        let rest = &line[at + len..];
        at = line.len() - skip_blanks(rest).len();
    }
    true
}

/// Reads one argument, quoted parts included, and returns what follows it.
fn take_arg<'a>(mut rest: &'a [u8], arg: &mut Vec<u8>) -> Result<&'a [u8], UnbalancedQuotes> {
    loop {
        match rest {
            [] => return Ok(rest),
            [b'"', tail @ ..] => return end_of_quotes(take_double_quoted(tail, arg)?),
            [b'\'', tail @ ..] => return end_of_quotes(take_single_quoted(tail, arg)?),
            [byte, tail @ ..] if ends_arg(*byte) => return Ok(tail),
            [byte, tail @ ..] => {
                arg.push(*byte);
                rest = tail;
            }
        }
    }
}

fn take_double_quoted<'a>(mut rest: &'a [u8], arg: &mut Vec<u8>) -> Result<&'a [u8], UnbalancedQuotes> {
    loop {
        let (byte, tail) = match rest {
            [] => return Err(UnbalancedQuotes),
            [b'"', tail @ ..] => return Ok(tail),
            [b'\\', b'x', high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                (hex_digit(*high) << 4 | hex_digit(*low), tail)
            }
            [b'\\', escaped, tail @ ..] => (unescape(*escaped), tail),
            [byte, tail @ ..] => (*byte, tail),
        };
        arg.push(byte);
        rest = tail;
    }
}

fn take_single_quoted<'a>(mut rest: &'a [u8], arg: &mut Vec<u8>) -> Result<&'a [u8], UnbalancedQuotes> {
    loop {
        let (byte, tail) = match rest {
            [] => return Err(UnbalancedQuotes),
            [b'\'', tail @ ..] => return Ok(tail),
            [b'\\', b'\'', tail @ ..] => (b'\'', tail),
            [byte, tail @ ..] => (*byte, tail),
        };
        arg.push(byte);
        rest = tail;
    }
}

fn end_of_quotes(rest: &[u8]) -> Result<&[u8], UnbalancedQuotes> {
    if rest.first().is_none_or(|byte| is_blank(*byte)) { Ok(rest) } else { Err(UnbalancedQuotes) }
}

fn skip_blanks(line: &[u8]) -> &[u8] {
    let blanks = line.iter().take_while(|byte| is_blank(**byte)).count();
    &line[blanks..]
}

/// C's `isspace`: vertical tab and form feed are skipped before an argument ...
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// ... but do not end one (sds.c: sdssplitargs).
fn ends_arg(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Result<Vec<String>, UnbalancedQuotes> {
        let args = split_args(line.as_bytes())?;
        Ok(args.into_iter().map(|arg| arg.escape_ascii().to_string()).collect())
    }

    #[test]
    fn quotes_and_escapes_are_resolved() {
        assert_eq!(split(r#"set "a b" 'c d'"#).unwrap(), ["set", "a b", "c d"]);
        assert_eq!(split(r#" "\x41\n\q\\" 'it\'s\n' "#).unwrap(), [r"A\nq\\", r"it\'s\\n"]);
        assert_eq!(split(r#"a"b c""#).unwrap(), ["ab c"]);
        assert_eq!(split(r#""" ''"#).unwrap(), ["", ""]);
        assert_eq!(split("").unwrap(), [""; 0]);
        assert_eq!(split("\x0ba\x0bb\x0b c").unwrap(), [r"a\x0bb\x0b", "c"]);
        assert_eq!(split("a\0\"").unwrap(), ["a"]);
    }

    #[test]
    fn unbalanced_quotes_are_refused() {
        for line in [r#"""#, r#""foo"#, "'foo", r#""foo"bar"#, "'foo'bar", r#""foo\""#, "a'"] {
            assert_eq!(split(line), Err(UnbalancedQuotes), "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn both_splitters_agree_on_lines_without_quotes(line in "[a-c\\\\ \t\r\x0b]{0,20}") {
            let line = line.as_bytes();
            let mut plain = Vec::new();
            assert!(split_plain(line, |at, len| plain.push(line[at..at + len].to_vec())));
            assert_eq!(plain, split_args(line).unwrap());
        }
    }
}
