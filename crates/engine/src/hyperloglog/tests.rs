//! Bytes and estimates compared with redis-server 7.0.15, representations with each other.

use proptest::prelude::*;

use super::*;

/// `hll-sparse-max-bytes` of a default configuration.
const MAX: usize = 3000;

fn digest(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// What PFADD does.
fn pfadd(value: &mut Vec<u8>, element: impl AsRef<[u8]>) {
    if add(value, element.as_ref(), MAX).unwrap() {
        invalidate(value);
    }
}

fn pfcount(value: &mut [u8]) -> u64 {
    cached_count(value).unwrap_or_else(|| {
        let count = count(value).unwrap();
        set_cached_count(value, count);
        count
    })
}

fn with_elements(count: usize, prefix: &str) -> Vec<u8> {
    let mut value = new();
    (0..count).for_each(|n| pfadd(&mut value, format!("{prefix}{n}")));
    value
}

#[test]
fn bytes_and_counts_are_those_of_redis() {
    let steps = [
        (1, 1, 21, 0xee0dc2daee4050ac),
        (2, 2, 24, 0x5d893b7a822f218c),
        (10, 10, 48, 0x911d310964ebaba7),
        (100, 99, 285, 0x033e4e4e6be9ec79),
        (500, 502, 1050, 0xc9dc690d7dab3bbd),
        (1000, 997, 1897, 0xb2a2cc508fc5ee31),
        (2000, 2004, 12304, 0x6f0493b07f19385c),
        (5000, 5005, 12304, 0x34cb6bb2d0f2df6a),
        (20000, 19986, 12304, 0x73d1f56db36cfbff),
        (100000, 100039, 12304, 0xf9c01647cea59fdd),
    ];
    let mut value = new();
    let mut added = 0;
    for (upto, counted, len, bytes) in steps {
        while added < upto {
            pfadd(&mut value, format!("element:{added}"));
            added += 1;
        }
        assert_eq!(
            (pfcount(&mut value), value.len(), digest(&value)),
            (counted, len, bytes),
            "{upto} elements"
        );
    }
}

#[test]
fn a_small_value_reads_like_in_redis() {
    let mut value = new();
    ["a", "b", "c", "d"].iter().for_each(|element| pfadd(&mut value, element));
    let expected =
        b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x5c\x7b\x80\x44\x76\x80\x50\xb1\x84\x4b\xfb\x80\x42\x5a";
    assert_eq!(value, expected);
    assert_eq!(decode(&value), "Z:7292 v:1,1 Z:1143 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603");
    assert_eq!(pfcount(&mut value), 4);
    assert_eq!(&value[8..16], [4, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn unions_are_those_of_redis() {
    let mut small = new();
    ["a", "b", "c", "d"].iter().for_each(|element| pfadd(&mut small, element));
    let fifty = with_elements(50, "x");
    let large = with_elements(100_000, "element:");
    let union = |values: &[&[u8]]| {
        let mut union = Registers::new();
        values.iter().for_each(|value| union.merge(value).unwrap());
        union
    };
    assert_eq!(union(&[&small, &fifty]).count(), 54);
    assert_eq!(union(&[&small, &large]).count(), 100_052);
    let mut target = new();
    union(&[&target, &small]).write_to(&mut target, MAX).unwrap();
    union(&[&target.clone(), &small, &fifty]).write_to(&mut target, MAX).unwrap();
    let counted = (pfcount(&mut target), target.len());
    invalidate(&mut target);
    assert_eq!((counted, check(&target)), ((54, 167), Some(Encoding::Sparse)));
    union(&[&target.clone(), &large]).write_to(&mut target, MAX).unwrap();
    assert_eq!(check(&target), Some(Encoding::Dense));
    assert_eq!(pfcount(&mut target), 100_117);
}

#[test]
fn strings_that_are_no_hyperloglog_are_told() {
    assert_eq!(check(&new()), Some(Encoding::Sparse));
    assert_eq!(check(b"HYLL"), None);
    assert_eq!(check(b"HYLX\x01\0\0\0\0\0\0\0\0\0\0\0"), None);
    assert_eq!(check(b"HYLL\x02\0\0\0\0\0\0\0\0\0\0\0"), None);
    assert_eq!(check(b"HYLL\x00\0\0\0\0\0\0\0\0\0\0\0"), None);
    let mut dense = new();
    assert_eq!(to_dense(&mut dense), Ok(true));
    assert_eq!(to_dense(&mut dense), Ok(false));
    assert_eq!(check(&dense), Some(Encoding::Dense));
    dense.push(0);
    assert_eq!(check(&dense), None);
}

#[test]
fn registers_that_do_not_add_up_are_corrupt() {
    let header = &new()[..HEADER];
    for runs in [&b""[..], b"\x7f", b"\x7f\xff\x00", b"\x7f\xff\x80", b"\x7f\xfe", b"hello", b"\x80"] {
        let mut value = [header, runs].concat();
        assert_eq!(count(&value), Err(Corrupt), "{}", runs.escape_ascii());
        assert_eq!(Registers::new().merge(&value), Err(Corrupt));
        assert_eq!(to_dense(&mut value), Err(Corrupt));
    }
    let mut forged = new();
    to_dense(&mut forged).unwrap();
    forged[HEADER..].fill(0xff);
    assert_eq!(count(&forged), Ok(1 << 63));
}

#[test]
fn a_rank_beyond_the_runs_makes_the_value_dense() {
    let mut value = new();
    assert_eq!(raise(&mut value, 7, 32, MAX), Ok(true));
    assert_eq!(raise(&mut value, 7, 31, MAX), Ok(false));
    assert_eq!(check(&value), Some(Encoding::Sparse));
    assert_eq!(raise(&mut value, 16383, 33, MAX), Ok(true));
    assert_eq!(check(&value), Some(Encoding::Dense));
    let set: Vec<_> = dense_registers(&value).enumerate().filter(|(_, rank)| *rank > 0).collect();
    assert_eq!(set, [(7, 32), (16383, 33)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 48 }))]
    #[test]
    fn all_representations_hold_the_same_registers(
        steps in prop::collection::vec((0usize..200, 1u8..40), 0..400),
        spread in 1usize..80,
        max_bytes in 20usize..1500,
    ) {
        let mut value = new();
        let mut dense = new();
        to_dense(&mut dense).unwrap();
        let mut model = vec![0u8; REGISTERS];
        for (index, rank) in steps {
            let index = index * spread;
            let higher = model[index] < rank;
            model[index] = model[index].max(rank);
            prop_assert_eq!(raise(&mut value, index, rank, max_bytes), Ok(higher));
            prop_assert_eq!(raise(&mut dense, index, rank, max_bytes), Ok(higher));
            prop_assert!(value.len() <= max_bytes || check(&value) == Some(Encoding::Dense));
        }
        prop_assert_eq!(count(&value), count(&dense));
        let mut union = Registers::new();
        union.merge(&value).unwrap();
        prop_assert_eq!(union.count(), count(&dense).unwrap());
        to_dense(&mut value).unwrap();
        prop_assert!(dense_registers(&value).eq(model.iter().copied()));
        prop_assert!(dense_registers(&dense).eq(model));
    }

    #[test]
    fn hostile_runs_never_panic(runs in prop::collection::vec(any::<u8>(), 0..40), index in 0usize..REGISTERS) {
        let mut value = [&new()[..HEADER], &runs].concat();
        let _ = (count(&value), decode(&value), raise(&mut value.clone(), index, 9, MAX));
        let _ = Registers::new().merge(&value);
        let _ = to_dense(&mut value);
    }
}
