//! Memory sizes with units, as in `maxmemory 100mb`.
//!
//! One letter is a power of 1000, the same letter with a `b` a power of 1024 (util.c `memtoull`).
//! The quirks are kept: no digits at all count as 0, and too many units wrap around.

use super::eq_ignore_case;

/// The number of bytes that `text` names, or `None` if the unit or the sign is wrong.
///
/// Units, in either case: none or `b`; `k`, `m`, `g`; `kb`, `mb`, `gb`.
pub fn parse_memory(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // The longest number that fits Redis's own buffer.
    if digits > 127 {
        return None;
    }
    let (number, unit) = text.split_at(digits);
    let factor = unit_factor(unit)?;
    let value = number
        .iter()
        .fold(0u64, |value, &byte| value.saturating_mul(10).saturating_add(u64::from(byte - b'0')));
    Some(value.wrapping_mul(factor))
}

fn unit_factor(unit: &[u8]) -> Option<u64> {
    const FACTORS: [(&[u8], u64); 8] = [
        (b"", 1),
        (b"b", 1),
        (b"k", 1000),
        (b"kb", 1 << 10),
        (b"m", 1_000_000),
        (b"mb", 1 << 20),
        (b"g", 1_000_000_000),
        (b"gb", 1 << 30),
    ];
    FACTORS.iter().find(|(name, _)| eq_ignore_case(unit, name)).map(|&(_, factor)| factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_multiply() {
        assert_eq!(parse_memory(b"0"), Some(0));
        assert_eq!(parse_memory(b"100"), Some(100));
        assert_eq!(parse_memory(b"100B"), Some(100));
        assert_eq!(parse_memory(b"3k"), Some(3000));
        assert_eq!(parse_memory(b"3Kb"), Some(3072));
        assert_eq!(parse_memory(b"2m"), Some(2_000_000));
        assert_eq!(parse_memory(b"2MB"), Some(2 << 20));
        assert_eq!(parse_memory(b"1g"), Some(1_000_000_000));
        assert_eq!(parse_memory(b"1gb"), Some(1 << 30));
        assert_eq!(parse_memory(b"mb"), Some(0));
    }

    #[test]
    fn wrong_units_and_signs_are_refused() {
        for bad in [&b"-1"[..], b"1t", b"1 mb", b"1kbb", b"x"] {
            assert_eq!(parse_memory(bad), None);
        }
    }
}
