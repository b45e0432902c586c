//! Tests of the bit kernels against models that go bit by bit.

use super::*;
use proptest::prelude::*;

fn all_bits(data: &[u8]) -> Vec<bool> {
    (0..data.len() as u64 * 8).map(|offset| get_bit(data, offset)).collect()
}

#[test]
fn fields_are_big_endian_at_any_offset() {
    let five = FieldType { signed: false, bits: 5 };
    let mut data = [0; 2];
    assert_eq!(five.set(&mut data, 7, 23, Overflow::Wrap), Some(Stored { old: 0, new: 23 }));
    assert_eq!(data, [0b0000_0001, 0b0111_0000]);
    assert_eq!(five.get(&data, 1000), 0);
    let all = FieldType { signed: true, bits: 64 };
    let mut data = [0xff; 9];
    assert_eq!(all.set(&mut data, 3, i64::MIN, Overflow::Fail), Some(Stored { old: -1, new: i64::MIN }));
    assert_eq!(data, [0xf0, 0, 0, 0, 0, 0, 0, 0, 0x1f]);
}

#[test]
fn field_types_are_parsed_strictly() {
    assert_eq!(FieldType::parse(b"i64"), Some(FieldType { signed: true, bits: 64 }));
    assert_eq!(FieldType::parse(b"u63"), Some(FieldType { signed: false, bits: 63 }));
    for bad in [&b""[..], b"u", b"i0", b"u64", b"i65", b"x8", b"U8", b"u08", b"i-1"] {
        assert_eq!(FieldType::parse(bad), None);
    }
}

#[test]
fn overflow_wraps_saturates_or_fails() {
    let run = |text: &[u8], start: i64, increment: i64, overflow| {
        let field = FieldType::parse(text)?;
        let mut data = [0; 8];
        field.set(&mut data, 0, start, Overflow::Wrap)?;
        Some(field.increment(&mut data, 0, increment, overflow)?.new)
    };
    assert_eq!(run(b"u2", 3, 1, Overflow::Wrap), Some(0));
    assert_eq!(run(b"u2", 0, -1, Overflow::Wrap), Some(3));
    assert_eq!(run(b"u2", 3, 1, Overflow::Saturate), Some(3));
    assert_eq!(run(b"u2", 1, -5, Overflow::Saturate), Some(0));
    assert_eq!(run(b"u2", 3, 1, Overflow::Fail), None);
    assert_eq!(run(b"i8", 100, 100, Overflow::Wrap), Some(-56));
    assert_eq!(run(b"i8", 100, 100, Overflow::Saturate), Some(127));
    assert_eq!(run(b"i8", -100, -100, Overflow::Saturate), Some(-128));
    assert_eq!(run(b"i64", i64::MAX, 1, Overflow::Wrap), Some(i64::MIN));
    assert_eq!(run(b"i64", i64::MIN, -1, Overflow::Saturate), Some(i64::MIN));
    assert_eq!(run(b"i64", i64::MAX, 1, Overflow::Fail), None);
    let field = FieldType { signed: false, bits: 8 };
    assert_eq!(field.set(&mut [0], 0, -1, Overflow::Saturate), Some(Stored { old: 0, new: 255 }));
}

#[test]
fn a_common_subsequence_and_its_runs_are_found() {
    let found = lcs(b"ohmytext", b"mynewtext");
    assert_eq!(found.text, b"mytext");
    assert_eq!(found.matches, [Match { a: (4, 7), b: (5, 8) }, Match { a: (2, 3), b: (0, 1) }]);
    assert_eq!(lcs_len(b"ohmytext", b"mynewtext"), 6);
    assert_eq!(lcs(b"", b"x"), Lcs { text: Vec::new(), matches: Vec::new() });
}

fn lcs_by_recursion(a: &[u8], b: &[u8]) -> usize {
    match (a.split_last(), b.split_last()) {
        (Some((x, a_rest)), Some((y, b_rest))) if x == y => lcs_by_recursion(a_rest, b_rest) + 1,
        (Some((_, a_rest)), Some((_, b_rest))) => {
            lcs_by_recursion(a_rest, b).max(lcs_by_recursion(a, b_rest))
        }
        _ => 0,
    }
}

#[test]
fn a_value_far_below_a_field_saturates_at_the_upper_end_as_in_redis() {
    let field = FieldType { signed: true, bits: 32 };
    let mut data = [0; 4];
    let mut stored = |value| field.set(&mut data, 0, value, Overflow::Saturate).map(|stored| stored.new);
    assert_eq!(stored(i64::MIN), Some(i64::from(i32::MAX)));
    assert_eq!(stored(i64::from(i32::MAX) - i64::MAX), Some(i64::from(i32::MIN)));
}

proptest! {
    #[test]
    fn bits_are_counted_and_found_like_one_by_one(
        data in proptest::collection::vec(prop_oneof![Just(0u8), Just(0xff), any::<u8>()], 0..400),
        start in 0u64..3300,
        len in 0u64..3300,
        bit: bool,
    ) {
        let bits = all_bits(&data);
        prop_assert_eq!(count_ones(&data), bits.iter().filter(|&&bit| bit).count() as u64);
        prop_assert_eq!(find_bit(&data, bit), bits.iter().position(|&b| b == bit).map(|at| at as u64));
        let range = start..start + len;
        let inside = || (0u64..).zip(&bits).filter(|(at, _)| range.contains(at));
        let ones = inside().filter(|&(_, &bit)| bit).count() as u64;
        prop_assert_eq!(count_ones_in(&data, range.clone()), ones);
        let first = inside().find(|&(_, &b)| b == bit).map(|(at, _)| at);
        prop_assert_eq!(find_bit_in(&data, range.clone(), bit), first);
    }

    #[test]
    fn strings_combine_bit_by_bit(
        sources in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..5),
    ) {
        let slices: Vec<&[u8]> = sources.iter().map(Vec::as_slice).collect();
        let len = slices.iter().map(|source| source.len()).max().unwrap_or(0) as u64 * 8;
        for (op, model) in [
            (BitOp::And, (|ones, all| ones == all) as fn(usize, usize) -> bool),
            (BitOp::Or, |ones, _| ones > 0),
            (BitOp::Xor, |ones, _| ones % 2 == 1),
        ] {
            let expected: Vec<bool> = (0..len)
                .map(|at| model(slices.iter().filter(|source| get_bit(source, at)).count(), slices.len()))
                .collect();
            prop_assert_eq!(all_bits(&combine(op, &slices)), expected);
        }
        let inverse: Vec<bool> = all_bits(slices[0]).iter().map(|bit| !bit).collect();
        prop_assert_eq!(all_bits(&combine(BitOp::Not, &slices[..1])), inverse);
    }

    #[test]
    fn a_field_holds_what_was_stored_and_touches_nothing_else(
        mut data in proptest::collection::vec(any::<u8>(), 17..20),
        offset in 0u64..72,
        signed: bool,
        bits in 1u32..64,
        value: i64,
    ) {
        let field = FieldType { signed, bits };
        let before = all_bits(&data);
        let stored = field.set(&mut data, offset, value, Overflow::Wrap);
        let after = all_bits(&data);
        let kept = value & ((1i64 << bits).wrapping_sub(1));
        for (at, (old, new)) in (0u64..).zip(before.iter().zip(&after)) {
            let inside = at >= offset && at < offset + u64::from(bits);
            let expected = if inside { kept >> (offset + u64::from(bits) - 1 - at) & 1 == 1 } else { *old };
            prop_assert_eq!(*new, expected);
        }
        prop_assert_eq!(stored.map(|stored| stored.new), Some(field.get(&data, offset)));
        let old = set_bit(&mut data, offset, false);
        prop_assert_eq!(old, after[offset as usize]);
        prop_assert!(!get_bit(&data, offset));
    }

    #[test]
    fn common_subsequences_are_longest(a in "[ab]{0,9}", b in "[abc]{0,9}") {
        let (a, b) = (a.as_bytes(), b.as_bytes());
        let found = lcs(a, b);
        prop_assert_eq!(found.text.len(), lcs_by_recursion(a, b));
        prop_assert_eq!(lcs_len(a, b), found.text.len());
        let joined: Vec<u8> = found.matches.iter().rev().flat_map(|m| a[m.a.0..=m.a.1].to_vec()).collect();
        prop_assert_eq!(&joined, &found.text);
        for m in &found.matches {
            prop_assert_eq!(&a[m.a.0..=m.a.1], &b[m.b.0..=m.b.1]);
            prop_assert_eq!(m.len(), m.b.1 - m.b.0 + 1);
        }
    }
}
