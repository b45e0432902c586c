//! Integers as the protocol spells them, both ways.
//!
//! The strict spelling (no plus sign, no leading zero, no blank) is the one that Redis accepts for lengths on
//! the wire and the one that decides whether a string is stored as an integer, so that the text can be
//! rebuilt from the number (util.c: string2ll). A few old commands are lenient and read numbers with C's `atoi`.

/// The number a text spells, if it is exactly what printing that number gives.
#[inline]
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] if digits.len() <= 19 => {}
        _ => return None,
    }
    // 19 digits are below 10^19, which an u64 holds.
    let mut magnitude = 0u64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        magnitude = magnitude * 10 + u64::from(digit);
    }
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// C's `atoi`: the number at the start of a text, 0 if there is none.
pub fn atoi(text: &[u8]) -> i32 {
    let (sign, digits) = match text.trim_ascii_start() {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] | rest => (1, rest),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit()).map(|byte| i64::from(byte - b'0'));
    let value = digits.fold(0i64, |value, digit| value.saturating_mul(10).saturating_add(sign * digit));
    // Cut to 32 bits, as glibc does.
    value as i32
}

/// A protocol line of one type byte and a number, ready to be appended: `:1000\r\n`.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    bytes: [u8; Line::MAX],
    len: usize,
}

impl Line {
    /// Type byte, sign, 19 digits, CR, LF, rounded up to whole words.
    pub(crate) const MAX: usize = 24;

    #[inline]
    pub(crate) fn new(kind: u8, number: i64) -> Line {
        let mut bytes = [0; Line::MAX];
        bytes[0] = kind;
        let digits = match number {
            0..10 => {
                bytes[1] = b'0' + number as u8;
                1
            }
            10..100 => {
                bytes[1] = b'0' + (number / 10) as u8;
                bytes[2] = b'0' + (number % 10) as u8;
                2
            }
            _ => {
                let negative = usize::from(number < 0);
                bytes[1] = b'-';
                negative + print(number.unsigned_abs(), &mut bytes, 1 + negative)
            }
        };
        bytes[1 + digits] = b'\r';
        bytes[2 + digits] = b'\n';
        Line { bytes, len: digits + 3 }
    }

    /// Appends the line. The whole array is copied, then cut: a copy of known size needs no call.
    #[inline]
    pub(crate) fn append_to(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.len;
        out.extend_from_slice(&self.bytes);
        out.truncate(end);
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Writes a number in decimal at a position and returns how many digits it has. Written in place, because
/// copying a text of unknown length takes longer than making it.
#[inline]
fn print(mut number: u64, bytes: &mut [u8; Line::MAX], at: usize) -> usize {
    let digits = number.checked_ilog10().unwrap_or(0) as usize + 1;
    for place in bytes[at..at + digits].iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_a_number() {
        for good in [0, 1, -1, 10, 99, 100, i64::MAX, i64::MIN] {
            assert_eq!(parse_i64(good.to_string().as_bytes()), Some(good));
        }
        for bad in
            ["", "-", "-0", "00", "01", "+1", " 1", "1 ", "1a", "9223372036854775808", "-9223372036854775809"]
        {
            assert_eq!(parse_i64(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_number_in_front_is_read_as_c_does() {
        for (text, number) in [("12", 12), (" +1x", 1), ("-7 ", -7), ("", 0), ("x1", 0), ("4294967297", 1)] {
            assert_eq!(atoi(text.as_bytes()), number, "{text}");
        }
        assert_eq!((atoi(b"-9223372036854775808"), atoi(b"99999999999999999999")), (0, -1));
    }

    #[test]
    fn lines_print_every_width() {
        for number in [0, 9, 10, 42, 99, 100, -1, -10, i64::MAX, i64::MIN] {
            assert_eq!(Line::new(b':', number).as_bytes(), format!(":{number}\r\n").as_bytes());
        }
    }
}
