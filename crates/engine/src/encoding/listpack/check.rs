//! The check that foreign bytes pass before they become a listpack.

use super::codec::{EOF, backlen, backlen_size, encoded_len};
use super::{COUNT_UNKNOWN, Corrupt, EMPTY_SIZE, HEADER};

/// Walks all of `bytes`: header, every entry with its backlen, end byte and count.
pub(super) fn check(bytes: &[u8]) -> Result<(), Corrupt> {
    if bytes.len() < EMPTY_SIZE {
        return Err(Corrupt::at(bytes.len(), "listpack shorter than its header"));
    }
    let total = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    if total as usize != bytes.len() {
        return Err(Corrupt::at(0, "listpack of another size than its header tells"));
    }
    let end = bytes.len() - 1;
    if bytes[end] != EOF {
        return Err(Corrupt::at(end, "listpack without its end byte"));
    }
    let mut at = HEADER;
    let mut count = 0usize;
    while at < end {
        at = check_entry(bytes, at, end)?;
        count += 1;
    }
    let told = u16::from_le_bytes([bytes[4], bytes[5]]);
    if told != COUNT_UNKNOWN && usize::from(told) != count {
        return Err(Corrupt::at(4, "listpack with another count than its header tells"));
    }
    Ok(())
}

/// Checks the entry at `at` and returns the offset behind it, at most `end`.
fn check_entry(bytes: &[u8], at: usize, end: usize) -> Result<usize, Corrupt> {
    let head = match bytes[at] {
        0xF5..=0xFF => return Err(Corrupt::at(at, "no listpack entry")),
        0xE0..0xF0 => 2,
        0xF0 => 5,
        _ => 1,
    };
    if head > end - at {
        return Err(Corrupt::at(at, "listpack entry beyond the end"));
    }
    let encoded = encoded_len(bytes, at);
    let size = encoded + backlen_size(encoded);
    if size > end - at {
        return Err(Corrupt::at(at, "listpack entry beyond the end"));
    }
    let next = at + size;
    // Byte for byte: one that only reads as the right length, because of what stands before it, would read
    // as another when that changes.
    let (backlen, len) = backlen(encoded);
    if bytes[at + encoded..next] != backlen[..len] {
        return Err(Corrupt::at(next - 1, "listpack entry with a wrong length behind it"));
    }
    Ok(next)
}
