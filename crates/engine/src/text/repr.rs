//! Quoted, escaped texts: how Redis shows arbitrary bytes in logs, MONITOR and DEBUG replies.
//!
//! The inverse, splitting a line of quoted words, belongs to the inline protocol and lives in
//! the `resp` crate.

/// Appends `bytes` in double quotes with everything unprintable escaped (sds.c `sdscatrepr`).
pub fn push_repr(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    for &byte in bytes {
        match byte {
            b'\\' | b'"' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x07 => out.extend_from_slice(b"\\a"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x20..=0x7e => out.push(byte),
            _ => out.extend_from_slice(&[b'\\', b'x', hex_digit(byte >> 4), hex_digit(byte & 15)]),
        }
    }
    out.push(b'"');
}

/// `bytes` in double quotes with everything unprintable escaped.
pub fn repr(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    push_repr(&mut out, bytes);
    out
}

fn hex_digit(nibble: u8) -> u8 {
    b"0123456789abcdef"[usize::from(nibble & 15)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_quoted_and_escaped() {
        assert_eq!(repr(b""), b"\"\"");
        assert_eq!(repr(b"a b"), b"\"a b\"");
        assert_eq!(repr(b"\\\"\n\r\t\x07\x08"), br#""\\\"\n\r\t\a\b""#);
        assert_eq!(repr(b"\x00\x1f\x7f\xff"), br#""\x00\x1f\x7f\xff""#);
    }
}
