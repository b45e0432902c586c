//! Zipmaps, the small hashes of Redis before 2.6: only read.
//!
//! ```text
//! | count | length | field | length | free | value | free bytes | ... | 0xFF |
//!   1 byte                            1 byte
//! length   1 byte below 254, else 254 and 4 bytes LE
//! ```
//! A count of 254 means that the pairs must be counted by walking.

use ochre_engine::encoding::Corrupt;

const END: u8 = 0xFF;
const LONG: u8 = 254;

/// Shows every field with its value; the zipmap is checked on the way. `each` may break off by an
/// error.
pub fn read<'a>(
    bytes: &'a [u8],
    mut each: impl FnMut(&'a [u8], &'a [u8]) -> Result<(), Corrupt>,
) -> Result<(), Corrupt> {
    let bad = |offset, reason| Err(Corrupt { offset, reason });
    let [told, body @ .., END] = bytes else {
        return bad(0, "zipmap without count and end byte");
    };
    let (mut at, mut count) = (0, 0usize);
    while at < body.len() {
        let (field, next) = text_at(body, at, false)?;
        let (value, next) = text_at(body, next, true)?;
        each(field, value)?;
        count += 1;
        at = next;
    }
    if *told != LONG && usize::from(*told) != count {
        return bad(0, "zipmap with another count than it tells");
    }
    Ok(())
}

/// The text whose length is at `at`, and the offset behind it; values have free bytes behind them.
fn text_at(body: &[u8], at: usize, has_free: bool) -> Result<(&[u8], usize), Corrupt> {
    let cut = || Corrupt { offset: at + 1, reason: "zipmap entry beyond the end" };
    let (len, start) = match *body.get(at).ok_or_else(cut)? {
        END => return Err(Corrupt { offset: at + 1, reason: "end byte within a zipmap" }),
        LONG => {
            let len = body.get(at + 1..).and_then(|rest| rest.first_chunk::<4>()).ok_or_else(cut)?;
            (u32::from_le_bytes(*len) as usize, at + 5)
        }
        len => (usize::from(len), at + 1),
    };
    let (free, start) = match has_free {
        true => (usize::from(*body.get(start).ok_or_else(cut)?), start + 1),
        false => (0, start),
    };
    let text = body.get(start..).and_then(|rest| rest.get(..len)).ok_or_else(cut)?;
    let next = start + len + free;
    if next > body.len() { Err(cut()) } else { Ok((text, next)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

    fn all(bytes: &[u8]) -> Result<Pairs, Corrupt> {
        let mut pairs = Vec::new();
        read(bytes, |field, value| {
            pairs.push((field.to_vec(), value.to_vec()));
            Ok(())
        })?;
        Ok(pairs)
    }

    #[test]
    fn fields_values_and_free_bytes_are_told_apart() {
        let pairs = all(b"\x02\x03foo\x03\x01bar.\x05hello\xfe\x05\0\0\0\x00world\xff").unwrap();
        let pair = |a: &str, b: &str| (a.as_bytes().to_vec(), b.as_bytes().to_vec());
        assert_eq!(pairs, [pair("foo", "bar"), pair("hello", "world")]);
        assert!(all(b"\x03\x03foo\x03\x00bar\xff").is_err());
        assert_eq!(all(b"\xfe\x03foo\x03\x00bar\xff").unwrap().len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(prop_oneof![0u8..6, any::<u8>()], 0..40)) {
            let _ = all(&bytes);
        }
    }
}
